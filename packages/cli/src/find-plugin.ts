// From what the user calls a plugin to what can be connected to.
import { existsSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import {
  connect,
  discover,
  DiscoveryError,
  lookup,
  parseAddress,
  type ConnectOptions,
  type PluginConnection,
  type PluginEntry,
  type Rules,
} from "@outrigger/engine";
import { EnvironmentError, messageOf, UsageError } from "./command-error.ts";
import { didYouMean } from "./did-you-mean.ts";
import { foldersFrom, tlsFrom, type FolderFlags, type TargetFlags } from "./target-flags.ts";

/**
 * Finds a plugin by name as the engine does, by a managed plugin's id or the beginning of it, by its `.spec` or `.json`
 * file, or takes an address.
 */
export async function findPlugin(target: string, flags: FolderFlags, rules: Rules): Promise<PluginEntry | string> {
  if (isFile(target) && /\.(spec|json)$/.test(target)) return entryOf(resolve(target), rules);
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

async function entryOf(file: string, rules: Rules): Promise<PluginEntry> {
  const folders = { sockets: join(dirname(file), ".none"), specs: [dirname(file)] };
  const found = (await discover({ folders, rules })).find((entry) => entry.file === file);
  if (found !== undefined) return found;
  throw new EnvironmentError(`there is no plugin file ${file}; name one that ends in .spec or .json`);
}

/** An address has a scheme, is a path, or is what people write who forgot the scheme. */
function addressIn(target: string): string | undefined {
  if (isFile(target)) return `unix://${resolve(target).replaceAll(/[%?#]/g, encodeURIComponent)}`;
  return /:\/\/|:\d+$/.test(target) ? target : undefined;
}

/** A path that says so by its beginning, or by its end where it is there: no plugin is called `x.sock`. */
function isFile(target: string): boolean {
  return /^\.{0,2}\//.test(target) || (/\.(sock|spec|json)$/.test(target) && existsSync(target));
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
