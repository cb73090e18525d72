import { createReadStream, createWriteStream } from "node:fs";
import { rm, stat } from "node:fs/promises";
import { pipeline } from "node:stream/promises";
import { Command } from "commander";
import { abortOnSignal } from "../abort-on-signal.ts";
import { EnvironmentError, messageOf, UsageError } from "../command-error.ts";
import { note, print } from "../output.ts";
import { clientFrom, pathOf, show, withApi, withOptions, type ApiFlags, type OptionFlags } from "./api-flags.ts";

/** Verbs that move data out and in. */
export function transferCommands(): Command[] {
  return [exportVolume(), importVolume()];
}

function exportVolume(): Command {
  return withApi(new Command("export"))
    .summary("write a volume's data as a tar stream")
    .description("Write a volume's data as a tar stream, at one instant where its backend has snapshots.")
    .argument("<volume>")
    .argument("[file]", "where to; standard output where left out")
    .option("--snapshot <name>", "take this snapshot")
    .addHelpText("after", "\nExample:\n  outrigger volume export data data.tar")
    .action(async (volume: string, file: string | undefined, flags: ApiFlags & { readonly snapshot?: string }) => {
      if (file === undefined && process.stdout.isTTY)
        throw new UsageError("a tar stream is nothing for a terminal; name a file");
      using stop = abortOnSignal();
      const query = { snapshot: flags.snapshot };
      const stream = await clientFrom(flags).stream({
        path: pathOf`/v1/volumes/${volume}/export`,
        query,
        signal: stop.signal,
      });
      await pipeline(
        stream,
        file === undefined ? process.stdout : createWriteStream(file, { flags: "wx", mode: 0o600 }),
      ).catch(async (cause: unknown) => {
        if (file !== undefined && !isThere(cause)) await rm(file, { force: true });
        throw new Error(`the export of ${volume} broke off, and is not whole: ${messageOf(cause)}`, { cause });
      });
      if (stream.trailers["outrigger-changed"] !== "true") return;
      note(`${volume} was in use and files changed meanwhile; for one instant, put it on a backend with snapshots`);
    });
}

function isThere(error: unknown): boolean {
  return error instanceof Error && "code" in error && error.code === "EEXIST";
}

function importVolume(): Command {
  return withOptions(withApi(new Command("import")))
    .summary("make a new volume from a tar stream")
    .description("Make a new volume from a tar stream. Where the stream breaks off there is no volume.")
    .argument("<new-volume>")
    .argument("[file]", "where from; standard input where left out")
    .addHelpText("after", "\nExample:\n  outrigger volume import copy data.tar -o size=10GiB")
    .action(async (name: string, file: string | undefined, flags: ApiFlags & OptionFlags) => {
      using stop = abortOnSignal();
      const bytes = file === undefined ? undefined : await sizeOf(file);
      const query = { options: JSON.stringify(flags.o), bytes: bytes?.toString() };
      const stream = file === undefined ? process.stdin : createReadStream(file);
      const path = pathOf`/v1/volumes/${name}/import`;
      const volume = await clientFrom(flags).call({ method: "POST", path, query, stream, signal: stop.signal });
      show(flags, volume, () => print(name));
    });
}

async function sizeOf(file: string): Promise<number> {
  try {
    return (await stat(file)).size;
  } catch (cause) {
    throw new EnvironmentError(`${file} cannot be read: ${messageOf(cause)}`, { cause });
  }
}
