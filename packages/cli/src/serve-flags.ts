// One plugin's settings as flags: those every plugin has, and those of its own options.
import { resolve } from "node:path";
import { describeOptions, type PluginModule } from "@outrigger/plugin";
import { Option, type Command } from "commander";
import { UsageError } from "./command-error.ts";
import { readPluginConfig, type PluginConfig } from "./serve-config.ts";
import { parseMilliseconds } from "./target-flags.ts";

/** The flags of `addPluginFlags`. */
export interface PluginFlags {
  readonly name?: string;
  readonly unix?: string;
  readonly group?: string;
  readonly tcp?: string;
  readonly spec?: string;
  readonly tls?: string;
  readonly tlsCert?: string;
  readonly tlsKey?: string;
  readonly tlsClientCa?: string;
  readonly systemd?: true;
  readonly allowRemote?: true;
  readonly callTimeout?: number;
}

/** The values of a plugin's own flags, by the names commander gives them. */
export interface OwnFlags {
  readonly [attribute: string]: unknown;
}

/** Adds the flags that any one plugin takes, and returns them. */
export function addPluginFlags(command: Command): readonly Option[] {
  const before = command.options.length;
  command
    .optionsGroup("Options for one plugin:")
    .option("--name <name>", "what the engine calls it (default: its own name)")
    .option(
      "--unix <path>",
      "listen on this socket (default: <plugins-dir>/<name>.sock, unless told to listen elsewhere)",
    )
    .option("--group <group>", "who else may connect to the unix socket")
    .option("--tcp <address:port>", "listen in the clear, to this machine only")
    .option("--spec <file>", "with --tcp: write this .spec file for the engine")
    .option("--tls <host:port>", "listen with TLS; callers need a certificate")
    .option("--tls-cert <file>", "with --tls: the plugin's certificate")
    .option("--tls-key <file>", "with --tls: its key")
    .option("--tls-client-ca <file>", "with --tls: who signs the callers' certificates")
    .option("--systemd", "take the sockets that systemd passes")
    .option("--allow-remote", "with --tcp or --systemd: serve other machines although nothing proves who they are")
    .option(
      "--call-timeout <ms>",
      "the most that the engine waits for any answer (managed plugins: 30000)",
      parseMilliseconds,
    );
  return command.options.slice(before);
}

/**
 * Adds a flag for each option of the plugin, and returns them by option. Left to the configuration file are options
 * named like a flag of ours, and secret ones: every user of the machine can read a command line.
 */
export function addOwnFlags(command: Command, module: PluginModule): ReadonlyMap<string, Option> {
  const taken = new Set([...command.options.map((flag) => flag.attributeName()), "help"]);
  const all = Object.entries(module.options);
  const flags = new Map<string, Option>();
  for (const [name, { type, doc, secret }] of all) {
    const flag = new Option(`--${name} ${type === "boolean" ? "[true|false]" : `<${type}>`}`, doc).hideHelp();
    if (secret || flag.negate || taken.has(flag.attributeName())) continue;
    command.addOption(flag);
    flags.set(name, flag);
  }
  const inFile = all.map(([name]) => name).filter((name) => !flags.has(name));
  const options = describeOptions(Object.fromEntries(all.filter(([name]) => flags.has(name))));
  const rest = inFile.length === 0 ? "" : `  in a configuration file only: ${inFile.join(", ")}\n`;
  if (all.length > 0) command.addHelpText("after", `\nOptions of ${module.name}:\n${options}${rest}`.trimEnd());
  if (module.doc !== "") command.description(`Run ${module.name}: ${module.doc}`);
  return flags;
}

/** Turns the flags into what the same settings in a file would be; throws `UsageError`. */
export function configFromFlags(
  plugin: string,
  flags: PluginFlags & OwnFlags,
  own: ReadonlyMap<string, Option>,
): PluginConfig {
  checkPartners(flags);
  const { name, group, unix, tcp, tls, systemd, allowRemote, callTimeout } = flags;
  const listen = [
    unix === undefined ? [] : { unix: resolve(unix) },
    tcp === undefined ? [] : { tcp, spec: absolute(flags.spec), allowRemote },
    tls === undefined
      ? []
      : { tls, cert: absolute(flags.tlsCert), key: absolute(flags.tlsKey), clientCa: absolute(flags.tlsClientCa) },
    systemd === undefined ? [] : { systemd, allowRemote },
  ].flat();
  const options = [...own].map(([option, flag]) => [option, flags[flag.attributeName()]] as const);
  const given = Object.fromEntries(options.filter(([, value]) => value !== undefined));
  return readPluginConfig({ plugin, name, group, callTimeoutMs: callTimeout, options: given, listen }, "");
}

/** Flags that mean something only beside one of others. */
const partners: readonly (readonly [flag: keyof PluginFlags, partners: readonly (keyof PluginFlags)[]])[] = [
  ["spec", ["tcp"]],
  ["tlsCert", ["tls"]],
  ["tlsKey", ["tls"]],
  ["tlsClientCa", ["tls"]],
  ["tls", ["tlsCert"]],
  ["tls", ["tlsKey"]],
  ["tls", ["tlsClientCa"]],
  ["allowRemote", ["tcp", "systemd"]],
];

function checkPartners(flags: PluginFlags): void {
  const lonely = partners.find(
    ([flag, any]) => flags[flag] !== undefined && any.every((other) => flags[other] === undefined),
  );
  if (lonely !== undefined) throw new UsageError(`${spell(lonely[0])} needs ${lonely[1].map(spell).join(" or ")}`);
}

/** `tlsCert` as it is typed. */
function spell(flag: string): string {
  return `--${flag.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;
}

function absolute(path: string | undefined): string | undefined {
  return path === undefined ? undefined : resolve(path);
}
