// outrigger serve: run plugins, one by its name or several from a file.
import { Command } from "commander";
import { UsageError } from "./command-error.ts";
import { loadPlugin } from "./load-plugin.ts";
import { serveAll } from "./serve-all.ts";
import { readServeConfig, type ServeConfig } from "./serve-config.ts";
import { addOwnFlags, addPluginFlags, configFromFlags, type OwnFlags, type PluginFlags } from "./serve-flags.ts";
import { createServeLog } from "./serve-log.ts";

/** Flags that are about the process, whatever it serves. */
interface ProcessFlags {
  readonly config?: string;
  readonly pluginsDir?: string;
  readonly metrics?: string;
  readonly trace?: true;
  readonly json?: true;
}

const help = `
Several plugins in one process: write them into a file, which is JSON.
  {
    "plugins": [
      {"plugin": "volume-local", "options": {"root": "/srv/volumes"}},
      {"plugin": "./my-plugin.ts", "name": "mine", "listen": [{"tcp": "127.0.0.1:4000"}]}
    ]
  }
All are served, or none: where one cannot be, the error says which and why.

With --trace each call is a line as it is answered: time, plugin, method, what it is about, answer or error, the time it
took and its share of the engine's deadline. With --json each event is a JSON object on a line of standard output:
  {"time", "event": "serving", "plugin", "implements", "addresses"}
  {"time", "event": "metrics", "url"}
  {"time", "event": "call", "plugin", "method", "object", "status", "reply", "error", "milliseconds", "engineDeadlineMs"}
  {"time", "event": "log", "plugin", "level", "message", "error"}
  {"time", "event": "stopped", "plugin"}

SIGTERM, SIGINT and SIGHUP stop it: running calls get 8 s to finish. A second one ends it at once.

Examples:
  outrigger serve volume-local --help
  outrigger serve volume-local --root /srv/volumes --trace
  outrigger serve ./my-plugin.ts --name mine --group docker
  outrigger serve @acme/volumes --tcp 127.0.0.1:4000 --spec /etc/docker/plugins/acme.spec
  outrigger serve --config /etc/outrigger.json --metrics 127.0.0.1:9323`;

/** Builds the verb; a plugin that is named first brings flags of its own. */
export async function createCommand(args: readonly string[]): Promise<Command> {
  const command = new Command("serve")
    .description("Run plugins: one by its name or file, or several from a configuration file.")
    .usage("<plugin> [options]\n       outrigger serve --config <file> [options]")
    .argument("[plugin]", "a package (volume-local is @outrigger/volume-local), or a path such as ./my-plugin.ts")
    .option("--config <file>", "serve the plugins of this file")
    .option("--plugins-dir <folder>", "where the engine looks for sockets (default: /run/docker/plugins)")
    .option("--metrics <address:port>", "serve figures for Prometheus at /metrics, to this machine only")
    .option("--trace", "show every call")
    .option("--json", "print events as JSON, one a line");
  const ofOnePlugin = addPluginFlags(command);
  const [first] = args;
  if (first === undefined || first.startsWith("-")) {
    return command.addHelpText("after", help).action(async (plugin: string | undefined, flags: ProcessFlags) => {
      if (plugin !== undefined) throw new UsageError(`name the plugin first: outrigger serve ${plugin} ...`);
      if (flags.config === undefined) {
        throw new UsageError("name a plugin, or a file of plugins with --config; see outrigger serve --help");
      }
      const alien = ofOnePlugin.find((flag) => Object.hasOwn(flags, flag.attributeName()));
      if (alien !== undefined) throw new UsageError(`${alien.long} is about one plugin; write it into ${flags.config}`);
      await run(await readServeConfig(flags.config), flags);
    });
  }

  const own = addOwnFlags(command, await loadPlugin(first, process.cwd()));
  return command
    .addHelpText("after", help)
    .action(async (plugin: string, flags: ProcessFlags & PluginFlags & OwnFlags) => {
      if (flags.config !== undefined) throw new UsageError(`give ${plugin} or --config ${flags.config}, not both`);
      await run({ plugins: [configFromFlags(plugin, flags, own)], folder: process.cwd() }, flags);
    });
}

async function run(config: ServeConfig, flags: ProcessFlags): Promise<void> {
  const { pluginsDir = config.pluginsDir, metrics = config.metrics } = flags;
  const log = createServeLog({ json: flags.json === true, trace: flags.trace === true });
  await serveAll({ ...config, pluginsDir, metrics }, log);
}
