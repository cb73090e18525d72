import type { Backup } from "@outrigger/storage-api";
import { Command } from "commander";
import { columns, paint, print, printable } from "../output.ts";
import { withVerbs } from "../with-verbs.ts";
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

const help = `
The plugin is started with the files that say where backups go, which only root may read:
  outrigger serve volume-local --backup-repository-file /etc/outrigger/repository \\
    --backup-password-file /etc/outrigger/password --backup-keep-last 14

Examples:
  outrigger volume backup init
  outrigger volume backup create data
  outrigger volume backup restore 3f9a1c20 data-again`;

/** Backups in the repository that the plugin is configured with. */
export function backupCommands(): Command {
  return withVerbs(new Command("backup"), [init(), create(), list(), verify(), restore()])
    .summary("back volumes up with restic, and restore them")
    .description("Back volumes up with restic, verify backups and restore them.")
    .addHelpText("after", help);
}

function init(): Command {
  return withApi(new Command("init"))
    .summary("make the repository")
    .description("Make the repository that the plugin is configured with.")
    .addHelpText("after", "\nExample:\n  outrigger volume backup init")
    .action(async (flags: ApiFlags) => {
      await followWork(flags, { method: "POST", path: "/v1/backups/init" });
      if (!flags.json) print("the repository is made");
    });
}

function create(): Command {
  return withApi(new Command("create"))
    .summary("back a volume up")
    .description("Back a volume up, at one instant where its backend has snapshots.")
    .argument("<volume>")
    .addHelpText("after", "\nExample:\n  outrigger volume backup create data")
    .action(async (volume: string, flags: ApiFlags) => {
      const { result } = await followWork(flags, { method: "POST", path: pathOf`/v1/volumes/${volume}/backups` });
      // What createBackup gives.
      if (!flags.json) print((result as Backup).id);
    });
}

function list(): Command {
  return withApi(new Command("list"))
    .summary("backups, oldest first")
    .description("List backups, oldest first.")
    .argument("[volume]", "only those of this volume")
    .addHelpText("after", "\nExample:\n  outrigger volume backup list data")
    .action(async (volume: string | undefined, flags: ApiFlags) => {
      const backups = (await clientFrom(flags).call({ path: "/v1/backups", query: { volume } })) as Backup[];
      const head = ["BACKUP", "VOLUME", "CREATED"].map((title) => paint("bold", title));
      const rows = backups.map(({ id, volume, createdAt }) => [id.slice(0, 12), printable(volume), createdAt]);
      show(flags, backups, () => print(...columns([head, ...rows])));
    });
}

function verify(): Command {
  return withApi(new Command("verify"))
    .summary("read all backups, and compare checksums")
    .description("Read everything in the repository, and compare it with its checksums.")
    .addHelpText("after", "\nExample:\n  outrigger volume backup verify")
    .action(async (flags: ApiFlags) => {
      await followWork(flags, { method: "POST", path: "/v1/backups/verify" });
      if (!flags.json) print("all backups are whole");
    });
}

function restore(): Command {
  return withOptions(withApi(new Command("restore")))
    .summary("make a new volume from a backup")
    .description("Make a new volume with a backup's data. Where that fails there is no volume.")
    .argument("<backup>")
    .argument("<new-volume>")
    .addHelpText("after", "\nExample:\n  outrigger volume backup restore 3f9a1c20 data-again -o size=10GiB")
    .action(async (id: string, name: string, flags: ApiFlags & OptionFlags) => {
      const body = { name, options: flags.o };
      await followWork(flags, { method: "POST", path: pathOf`/v1/backups/${id}/restore`, body });
      if (!flags.json) print(name);
    });
}
