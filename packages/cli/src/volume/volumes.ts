import type { VolumeInfo } from "@outrigger/volume-core";
import { Command } from "commander";
import { columns, paint, print, printable } from "../output.ts";
import { clientFrom, pathOf, show, withApi, withOptions, type ApiFlags, type OptionFlags } from "./api-flags.ts";
import { formatBytes } from "./format-bytes.ts";

/** Verbs about volumes themselves. */
export function volumeCommands(): Command[] {
  return [list(), inspect(), create(), remove(), holds(), release(), resize(), stats()];
}

function list(): Command {
  return withApi(new Command("list"))
    .summary("all volumes")
    .description("List volumes with state, size and holders.")
    .option("--label <key[=value]>", "only those with this label")
    .addHelpText("after", "\nExample:\n  outrigger volume list --label team=web")
    .action(async (flags: ApiFlags & { readonly label?: string }) => {
      // As the OpenAPI document says.
      const volumes = (await clientFrom(flags).call({
        path: "/v1/volumes",
        query: { label: flags.label },
      })) as VolumeInfo[];
      show(flags, volumes, () => print(...table(volumes)));
    });
}

function table(volumes: readonly VolumeInfo[]): string[] {
  const head = ["NAME", "STATE", "BACKEND", "USED", "SIZE", "SNAPSHOTS", "HOLDERS"].map((title) =>
    paint("bold", title),
  );
  const rows = volumes.map(({ name, state, backend, usage, sizeBytes, snapshots, holders }) => [
    printable(name),
    paint(state === "degraded" || state === "lost" ? "red" : "green", state),
    backend,
    usage === undefined ? "-" : formatBytes(usage.usedBytes),
    sizeBytes === undefined ? "-" : formatBytes(sizeBytes),
    String(snapshots.length),
    String(holders.length),
  ]);
  return columns([head, ...rows]);
}

function inspect(): Command {
  return withApi(new Command("inspect"))
    .summary("everything about one volume")
    .description("Show one volume: state, why and since when, options, labels, holders, snapshots.")
    .argument("<volume>")
    .addHelpText("after", "\nExample:\n  outrigger volume inspect data")
    .action(async (name: string, flags: ApiFlags) => {
      const volume = (await clientFrom(flags).call({ path: pathOf`/v1/volumes/${name}` })) as VolumeInfo;
      show(flags, volume, () => print(...facts(volume)));
    });
}

function facts(volume: VolumeInfo): string[] {
  const pairs = (of: Readonly<Record<string, string>>): string =>
    Object.entries(of)
      .map(([key, value]) => `${key}=${value}`)
      .join(" ");
  const rows = [
    ["state", [volume.state, volume.reason].filter(Boolean).join(": ")],
    ["since", volume.since ?? ""],
    ["backend", volume.backend],
    ["created", volume.createdAt],
    ["mountpoint", volume.mountpoint],
    ["options", pairs(volume.options)],
    ["labels", pairs(volume.labels)],
    ["size", volume.sizeBytes === undefined ? "" : formatBytes(volume.sizeBytes)],
    ["used", volume.usage === undefined ? "" : `${formatBytes(volume.usage.usedBytes)} at ${volume.usage.measuredAt}`],
    ["from", volume.from ?? ""],
    ["holders", volume.holders.map(({ ID }) => ID).join(" ")],
    ["snapshots", volume.snapshots.map(({ name }) => name).join(" ")],
  ].filter(([, value]) => value !== "");
  return [
    paint("bold", printable(volume.name)),
    ...columns(rows.map(([key = "", value = ""]) => [`  ${key}`, printable(value)])),
  ];
}

function create(): Command {
  return withOptions(withApi(new Command("create")))
    .summary("make a volume")
    .description("Make a volume, as docker volume create does.")
    .argument("<volume>")
    .addHelpText("after", "\nExample:\n  outrigger volume create data -o size=10GiB -o backend=btrfs")
    .action(async (name: string, flags: ApiFlags & OptionFlags) => {
      const volume = await clientFrom(flags).call({
        method: "POST",
        path: "/v1/volumes",
        body: { name, options: flags.o },
      });
      show(flags, volume, () => print(name));
    });
}

function remove(): Command {
  return withApi(new Command("remove"))
    .summary("remove a volume")
    .description("Remove a volume that is not in use, as docker volume rm does.")
    .argument("<volume>")
    .option("--policy <policy>", "delete, trash or keep the data (default: the volume's own on-remove)")
    .addHelpText("after", "\nExample:\n  outrigger volume remove data --policy trash")
    .action(async (name: string, flags: ApiFlags & { readonly policy?: string }) => {
      const query = { policy: flags.policy };
      await clientFrom(flags).call({ method: "DELETE", path: pathOf`/v1/volumes/${name}`, query });
      show(flags, { removed: name }, () => print(name));
    });
}

function holds(): Command {
  return withApi(new Command("holds"))
    .summary("who has a volume mounted")
    .description("Show who has a volume mounted; carried mounts are from before the engine or the plugin started last.")
    .argument("<volume>")
    .addHelpText("after", "\nExample:\n  outrigger volume holds data")
    .action(async (name: string, flags: ApiFlags) => {
      const holders = (await clientFrom(flags).call({
        path: pathOf`/v1/volumes/${name}/holders`,
      })) as VolumeInfo["holders"];
      const head = ["HOLDER", "MOUNTS", "CARRIED"].map((title) => paint("bold", title));
      const rows = holders.map(({ ID, mounts, carried = 0 }) => [printable(ID), String(mounts), String(carried)]);
      show(flags, holders, () => print(...columns([head, ...rows])));
    });
}

function release(): Command {
  return withApi(new Command("release"))
    .summary("take back the mounts of a holder that is gone")
    .description("Take back all mounts of a holder for whom no unmount will come; refused while it is mounted.")
    .argument("<volume>")
    .argument("<holder>", "as outrigger volume holds shows it, or the beginning of that")
    .addHelpText("after", "\nExample:\n  outrigger volume release data 5f0c9b")
    .action(async (name: string, holder: string, flags: ApiFlags) => {
      await clientFrom(flags).call({ method: "DELETE", path: pathOf`/v1/volumes/${name}/holders/${holder}` });
      show(flags, { volume: name, released: holder }, () => print(holder));
    });
}

function resize(): Command {
  return withApi(new Command("resize"))
    .summary("change a volume's size")
    .description("Change a volume's size.")
    .argument("<volume>")
    .argument("<size>", "such as 20GiB")
    .addHelpText("after", "\nExample:\n  outrigger volume resize data 20GiB")
    .action(async (name: string, size: string, flags: ApiFlags) => {
      const path = pathOf`/v1/volumes/${name}/resize`;
      const volume = (await clientFrom(flags).call({ method: "POST", path, body: { size } })) as VolumeInfo;
      show(flags, volume, () => print(`${name}: ${formatBytes(volume.sizeBytes ?? 0)}`));
    });
}

function stats(): Command {
  return withApi(new Command("stats"))
    .summary("measure how full a volume is")
    .description("Measure how full a volume is.")
    .argument("<volume>")
    .addHelpText("after", "\nExample:\n  outrigger volume stats data --json")
    .action(async (name: string, flags: ApiFlags) => {
      const path = pathOf`/v1/volumes/${name}/stats`;
      const usage = (await clientFrom(flags).call({ method: "POST", path })) as NonNullable<VolumeInfo["usage"]>;
      const { usedBytes, limitBytes, exclusiveBytes, usedInodes } = usage;
      const of = limitBytes === undefined ? "" : ` of ${formatBytes(limitBytes)}`;
      const own = exclusiveBytes === undefined ? "" : `, ${formatBytes(exclusiveBytes)} shared with nobody`;
      const files = usedInodes === undefined ? "" : `, ${usedInodes} inodes`;
      show(flags, usage, () => print(`${formatBytes(usedBytes)}${of}${own}${files}`));
    });
}
