// outrigger dev: run a plugin while it is being written.
import { readFileSync, statSync } from "node:fs";
import { join, resolve } from "node:path";
import { Command } from "commander";
import { abortOnSignal } from "./abort-on-signal.ts";
import { messageOf, UsageError } from "./command-error.ts";
import { runDev } from "./dev-session.ts";
import { createDevTalk } from "./dev-talk.ts";
import { readPluginConfig } from "./serve-config.ts";

interface DevFlags {
  readonly name?: string;
  readonly pluginsDir: string;
  readonly group?: string;
  readonly opt: readonly string[];
  readonly types: boolean;
  readonly json?: true;
}

const help = `
Each time one of the plugin's files is saved, its next version is started beside the one that runs, on the same socket.
Once it serves, the one before finishes its calls (8 s at most) and ends. The engine sees no difference: the socket file
stays, and calls that come in between wait. A version with an error in its syntax, its types or its start is shown with
file and line, and the one before serves on. One that crashes is started again, later each time.

State that only one process can have, as a plugin on @outrigger/store has, is handed over: then the one before ends
first, and calls wait for the next.

Types are looked at where the project has TypeScript and a tsconfig.json. Every call is shown, as by serve --trace. With
--json each event is a JSON object on a line: "serving", "changed", "failed", "line", and serve's "call" and "log".

SIGTERM, SIGINT and SIGHUP stop it; a second one ends it at once.

Examples:
  outrigger dev
  outrigger dev ./my-plugin.ts --name mine
  outrigger dev ./volume.ts --opt root=/tmp/volumes --plugins-dir /tmp/plugins`;

/** Builds the verb. */
export function createCommand(): Command {
  return new Command("dev")
    .description(
      "Run a plugin while it is being written: each save replaces it, and the engine never sees it disappear.",
    )
    .argument("[plugin]", "a file, a package, or a folder with a package.json", ".")
    .option("--name <name>", "what the engine calls it (default: its own name)")
    .option("--plugins-dir <folder>", "where the engine looks for sockets", "/run/docker/plugins")
    .option("--group <group>", "who else may connect to the socket")
    .option("--opt <name=value>", "an option of the plugin; may be repeated", collect, [])
    .option("--no-types", "do not look at types")
    .option("--json", "print events as JSON, one a line")
    .addHelpText("after", help)
    .action(develop);
}

async function develop(plugin: string, flags: DevFlags): Promise<void> {
  const folder = process.cwd();
  const { name, group, types } = flags;
  const options = Object.fromEntries(flags.opt.map(splitOption));
  const config = readPluginConfig({ plugin: entryOf(plugin, folder), name, group, options }, "");
  using stop = abortOnSignal();
  const talk = createDevTalk({ json: flags.json === true });
  await runDev({ config, folder, pluginsDir: resolve(flags.pluginsDir), types, talk }, stop.signal);
}

function collect(value: string, before: readonly string[]): string[] {
  return [...before, value];
}

function splitOption(text: string): [name: string, value: string] {
  const [, name, value] = /^([^=]+)=(.*)$/s.exec(text) ?? [];
  if (name === undefined || value === undefined) throw new UsageError(`--opt ${text} has no value; write name=value`);
  return [name, value];
}

/** The file that a folder's package.json gives as its source, or exports; anything else as it is. */
function entryOf(plugin: string, folder: string): string {
  const isPath = /^\.{1,2}$|^\.{0,2}\//.test(plugin);
  if (!isPath || statSync(resolve(folder, plugin), { throwIfNoEntry: false })?.isDirectory() !== true) return plugin;
  const file = join(resolve(folder, plugin), "package.json");
  let entry: unknown;
  try {
    // Whatever it is, it is looked at below.
    const manifest = JSON.parse(readFileSync(file, "utf8")) as { source?: unknown; exports?: unknown };
    entry = manifest.source ?? manifest.exports;
  } catch (cause) {
    throw new UsageError(`no plugin in ${plugin} (${messageOf(cause)}); name its file`, { cause });
  }
  if (typeof entry === "string") return join(resolve(folder, plugin), entry);
  throw new UsageError(`${file} has no "source" or "exports" that is one file; name the plugin's file`);
}
