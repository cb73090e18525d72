import type { RemovedVolume } from "@outrigger/volume-core";
import { Command } from "commander";
import { columns, paint, print, printable } from "../output.ts";
import { withVerbs } from "../with-verbs.ts";
import { clientFrom, pathOf, show, withApi, type ApiFlags } from "./api-flags.ts";

/** Removed volumes that are still kept. */
export function trashCommands(): Command {
  return withVerbs(new Command("trash"), [list(), bringBack(), purge()])
    .summary("removed volumes that are still kept")
    .description("List removed volumes that are still kept, bring them back, or delete them for good.")
    .addHelpText(
      "after",
      "\nExamples:\n  outrigger volume trash list\n  outrigger volume trash bring-back data-0a1b2c3d4e5f",
    );
}

function list(): Command {
  return withApi(new Command("list"))
    .summary("what is kept, and until when")
    .description("List removed volumes, oldest first.")
    .addHelpText("after", "\nExample:\n  outrigger volume trash list")
    .action(async (flags: ApiFlags) => {
      const removed = (await clientFrom(flags).call({ path: "/v1/removed" })) as RemovedVolume[];
      const head = ["ID", "VOLUME", "REMOVED", "UNTIL"].map((title) => paint("bold", title));
      const rows = removed.map(({ id, name, removedAt, until = "for ever" }) => [
        printable(id),
        printable(name),
        removedAt,
        until,
      ]);
      show(flags, removed, () => print(...columns([head, ...rows])));
    });
}

function bringBack(): Command {
  return withApi(new Command("bring-back"))
    .summary("make a removed volume a volume again")
    .description("Make a removed volume a volume again.")
    .argument("<id>", "as outrigger volume trash list shows it")
    .option("--name <volume>", "its name from now on (default: the one it had)")
    .addHelpText("after", "\nExample:\n  outrigger volume trash bring-back data-0a1b2c3d4e5f --name data-again")
    .action(async (id: string, flags: ApiFlags & { readonly name?: string }) => {
      const path = pathOf`/v1/removed/${id}/bring-back`;
      const body = flags.name === undefined ? {} : { name: flags.name };
      const volume = (await clientFrom(flags).call({ method: "POST", path, body })) as { readonly name: string };
      show(flags, volume, () => print(volume.name));
    });
}

function purge(): Command {
  return withApi(new Command("purge"))
    .summary("delete a removed volume for good")
    .description("Delete a removed volume for good.")
    .argument("<id>", "as outrigger volume trash list shows it")
    .addHelpText("after", "\nExample:\n  outrigger volume trash purge data-0a1b2c3d4e5f")
    .action(async (id: string, flags: ApiFlags) => {
      await clientFrom(flags).call({ method: "DELETE", path: pathOf`/v1/removed/${id}` });
      show(flags, { purged: id }, () => print(id));
    });
}
