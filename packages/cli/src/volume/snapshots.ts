import type { SnapshotInfo } from "@outrigger/volume-core";
import { Command } from "commander";
import { columns, paint, print, printable } from "../output.ts";
import {
  clientFrom,
  followWork,
  pathOf,
  show,
  withApi,
  withOptions,
  type ApiFlags,
  type OptionFlags,
} from "./api-flags.ts";

/** Verbs about snapshots, and what is made of them. */
export function snapshotCommands(): Command[] {
  return [snapshot(), snapshots(), removeSnapshot(), clone(), restore(), send(), receive()];
}

function snapshot(): Command {
  return withApi(new Command("snapshot"))
    .summary("keep a volume's data as it is now")
    .description("Keep a volume's data as it is now, also while it is in use.")
    .argument("<volume>")
    .argument("[name]", "its name; made of the time where left out")
    .addHelpText("after", "\nExample:\n  outrigger volume snapshot data before-upgrade")
    .action(async (volume: string, name: string | undefined, flags: ApiFlags) => {
      const path = pathOf`/v1/volumes/${volume}/snapshots`;
      const body = name === undefined ? {} : { name };
      const made = (await clientFrom(flags).call({ method: "POST", path, body })) as SnapshotInfo;
      show(flags, made, () => print(made.name));
    });
}

function snapshots(): Command {
  return withApi(new Command("snapshots"))
    .summary("the snapshots of a volume")
    .description("List the snapshots of a volume, oldest first.")
    .argument("<volume>")
    .addHelpText("after", "\nExample:\n  outrigger volume snapshots data")
    .action(async (volume: string, flags: ApiFlags) => {
      const all = (await clientFrom(flags).call({ path: pathOf`/v1/volumes/${volume}/snapshots` })) as SnapshotInfo[];
      const head = ["SNAPSHOT", "CREATED", "BY"].map((title) => paint("bold", title));
      const rows = all.map(({ name, createdAt, scheduled }) => [
        printable(name),
        createdAt,
        scheduled ? "schedule" : "hand",
      ]);
      show(flags, all, () => print(...columns([head, ...rows])));
    });
}

function removeSnapshot(): Command {
  return withApi(new Command("remove-snapshot"))
    .summary("delete a snapshot")
    .description("Delete a snapshot.")
    .argument("<volume>")
    .argument("<snapshot>")
    .addHelpText("after", "\nExample:\n  outrigger volume remove-snapshot data before-upgrade")
    .action(async (volume: string, name: string, flags: ApiFlags) => {
      await clientFrom(flags).call({ method: "DELETE", path: pathOf`/v1/volumes/${volume}/snapshots/${name}` });
      show(flags, { volume, removed: name }, () => print(name));
    });
}

function clone(): Command {
  return withOptions(withApi(new Command("clone")))
    .summary("make a new volume with another one's data")
    .description("Make a new volume with another one's data, as it is now or as in a snapshot.")
    .argument("<volume>")
    .argument("<new-volume>")
    .option("--snapshot <name>", "take the data from this snapshot")
    .addHelpText("after", "\nExample:\n  outrigger volume clone data try --snapshot before-upgrade")
    .action(async (volume: string, name: string, flags: ApiFlags & OptionFlags & { readonly snapshot?: string }) => {
      const body = { name, options: flags.o, ...(flags.snapshot !== undefined && { snapshot: flags.snapshot }) };
      await followWork(flags, { method: "POST", path: pathOf`/v1/volumes/${volume}/clone`, body });
      if (!flags.json) print(name);
    });
}

function restore(): Command {
  return withApi(new Command("restore"))
    .summary("bring a volume back to a snapshot")
    .description(
      "Bring a volume that is not in use back to a snapshot. What it held before is gone: snapshot it first.",
    )
    .argument("<volume>")
    .argument("<snapshot>")
    .addHelpText("after", "\nExample:\n  outrigger volume restore data before-upgrade")
    .action(async (volume: string, name: string, flags: ApiFlags) => {
      await followWork(flags, { method: "POST", path: pathOf`/v1/volumes/${volume}/snapshots/${name}/restore` });
      if (!flags.json) print(volume);
    });
}

function send(): Command {
  return withApi(new Command("send"))
    .summary("write a snapshot to a file, whole or as a difference")
    .description("Write a snapshot to a new file on the plugin's host.")
    .argument("<volume>")
    .argument("<snapshot>")
    .argument("<file>", "an absolute path where nothing is yet")
    .option("--since <snapshot>", "only the difference from this earlier one")
    .addHelpText("after", "\nExample:\n  outrigger volume send data monday /srv/monday.stream --since sunday")
    .action(
      async (...typed: [volume: string, name: string, file: string, flags: ApiFlags & { readonly since?: string }]) => {
        const [volume, name, file, flags] = typed;
        const body = { file, ...(flags.since !== undefined && { since: flags.since }) };
        await followWork(flags, { method: "POST", path: pathOf`/v1/volumes/${volume}/snapshots/${name}/send`, body });
        if (!flags.json) print(file);
      },
    );
}

function receive(): Command {
  return withApi(new Command("receive"))
    .summary("make a snapshot from such a file")
    .description("Make a snapshot of an existing volume from a file that send wrote.")
    .argument("<volume>")
    .argument("<snapshot>", "the name that it gets")
    .argument("<file>", "an absolute path")
    .addHelpText("after", "\nExample:\n  outrigger volume receive data monday /srv/monday.stream")
    .action(async (...typed: [volume: string, snapshot: string, file: string, flags: ApiFlags]) => {
      const [volume, name, file, flags] = typed;
      const body = { file, snapshot: name };
      await followWork(flags, { method: "POST", path: pathOf`/v1/volumes/${volume}/receive`, body });
      if (!flags.json) print(name);
    });
}
