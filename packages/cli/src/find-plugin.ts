// From what the user calls a plugin to what can be connected to.
import { existsSync } from "node:fs";
import { resolve } from "node:path";
import {
  connect,
  discover,
  DiscoveryError,
  lookup,
  parseAddress,
  pluginFolders,
  type ConnectOptions,
  type PluginConnection,
  type PluginEntry,
  type PluginFolders,
  type Rules,
  type TlsConfig,
} from "@outrigger/engine";
import { InvalidArgumentError, type Command } from "commander";
import { EnvironmentError, messageOf, UsageError } from "./command-error.ts";
import { didYouMean } from "./did-you-mean.ts";

/** The flags of `withFolders`. */
export interface FolderFlags {
  readonly pluginsDir?: string;
  readonly specDir?: string[];
}

/** Adds the flags that say where to look for plugins. */
export function withFolders(command: Command): Command {
  return command
    .option("--plugins-dir <folder>", "look for sockets here instead of /run/docker/plugins")
    .option(
      "--spec-dir <folder>",
      "look for .spec and .json files here instead of the engine's folders (repeatable)",
      (folder: string, before: string[] | undefined) => [...(before ?? []), folder],
    );
}

/** The flags of `withTarget`. */
export interface TargetFlags extends FolderFlags {
  readonly tlsCa?: string;
  readonly tlsCert?: string;
  readonly tlsKey?: string;
}

/** Adds the flags that say where to look for a plugin, and how to trust an address. */
export function withTarget(command: Command): Command {
  return withFolders(command)
    .option("--tls-ca <file>", "for an https:// address: who signed the plugin's certificate")
    .option("--tls-cert <file>", "for an https:// address: our certificate")
    .option("--tls-key <file>", "for an https:// address: its key");
}

/** The `TLSConfig` that the flags stand for. */
function tlsFrom(flags: TargetFlags): { tls?: TlsConfig } {
  const { tlsCa, tlsCert, tlsKey } = flags;
  if (tlsCa === undefined && tlsCert === undefined && tlsKey === undefined) return {};
  return {
    tls: {
      ...(tlsCa !== undefined && { CAFile: tlsCa }),
      ...(tlsCert !== undefined && { CertFile: tlsCert }),
      ...(tlsKey !== undefined && { KeyFile: tlsKey }),
    },
  };
}

/** The folders the flags name, else those of this machine's engine; a named one must exist. */
export function foldersFrom(flags: FolderFlags): PluginFolders {
  const own = pluginFolders({ environment: process.env });
  for (const folder of [flags.pluginsDir ?? [], flags.specDir ?? []].flat()) {
    if (!existsSync(folder)) throw new EnvironmentError(`no such folder: ${folder}; make it, or name another`);
  }
  return { sockets: flags.pluginsDir ?? own.sockets, specs: flags.specDir ?? own.specs };
}

/** Finds a plugin by name as the engine does, by a managed plugin's id or the beginning of it, or takes an address. */
export async function findPlugin(target: string, flags: FolderFlags, rules: Rules): Promise<PluginEntry | string> {
  const address = addressIn(target);
  if (address !== undefined) return checked(address, rules);
  const folders = foldersFrom(flags);
  const options = { folders, rules };
  try {
    return await lookup(target, options);
  } catch (cause) {
    if (!(cause instanceof DiscoveryError) || cause.code !== "not-found") throw cause;
    const entries = await discover(options);
    const managed = entries.filter(({ kind, name }) => kind === "managed" && name.startsWith(target));
    if (managed.length === 1 && managed[0] !== undefined) return managed[0];
    throw new EnvironmentError(
      `no plugin "${target}" in ${[folders.sockets, ...folders.specs].join(", ")}${suggestion(target, entries)}`,
      { cause },
    );
  }
}

/** Prepares calls to what `findPlugin` found. */
export async function connectTo(
  found: PluginEntry | string,
  flags: TargetFlags,
  options: ConnectOptions,
): Promise<PluginConnection> {
  if (typeof found !== "string") return connect(found, options);
  try {
    return await connect(found, { ...options, ...tlsFrom(flags) });
  } catch (cause) {
    // The address was right, so it is the files behind the flags.
    throw cause instanceof DiscoveryError ? new UsageError(cause.message, { cause }) : cause;
  }
}

/** Parses a flag's milliseconds. */
export function parseMilliseconds(text: string): number {
  const value = Number(text);
  if (!/^\d+$/.test(text) || value < 1 || value > 2_147_483_647) {
    throw new InvalidArgumentError("Write whole milliseconds, such as 1000.");
  }
  return value;
}

/** An address has a scheme, is a path, or is what people write who forgot the scheme. */
function addressIn(target: string): string | undefined {
  if (/^\.{0,2}\//.test(target)) return `unix://${resolve(target).replaceAll(/[%?#]/g, encodeURIComponent)}`;
  return /:\/\/|:\d+$/.test(target) ? target : undefined;
}

function checked(address: string, rules: Rules): string {
  try {
    parseAddress(address, { rules });
    return address;
  } catch (cause) {
    throw new UsageError(messageOf(cause), { cause });
  }
}

function suggestion(target: string, entries: readonly PluginEntry[]): string {
  const names = [...new Set(entries.map(({ name }) => name))];
  const near = didYouMean(target, names);
  if (near !== "") return near;
  if (names.length === 0) return "; none is there: start one with outrigger serve";
  return `; there ${names.length === 1 ? "is" : "are"} ${names.join(", ")}`;
}
