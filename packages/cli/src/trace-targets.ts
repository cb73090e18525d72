// Which plugins a trace is about, and how each is reached.
import { dirname } from "node:path";
import { discover, parseAddress, prepareDial, probe, type PluginEntry } from "@outrigger/engine";
import {
  InspectorError,
  putBack,
  traceAddress,
  traceSocket,
  type TraceOptions,
  type Tracing,
} from "@outrigger/inspector";
import { EnvironmentError, messageOf, UsageError } from "./command-error.ts";
import { findPlugin } from "./find-plugin.ts";
import { note, printable } from "./output.ts";
import { foldersFrom, tlsFrom, type TargetFlags } from "./target-flags.ts";

/** The flags that say where a trace stands. */
export interface StandFlags extends TargetFlags {
  readonly listen?: string;
}

/** A plugin that is to be traced, not yet begun. */
export interface TraceTarget {
  readonly name: string;
  readonly begin: (options: TraceOptions) => Promise<Tracing>;
}

/** Finds the plugins that were named, or all whose sockets are live; throws where one cannot be traced. */
export async function traceTargets(named: readonly string[], flags: StandFlags): Promise<TraceTarget[]> {
  if (flags.listen !== undefined) return [await inFront(named, flags, flags.listen)];
  if (named.length === 0) return await allLive(flags);
  return await Promise.all(named.map((one) => inPlace(one, flags)));
}

async function inFront(named: readonly string[], flags: StandFlags, listen: string): Promise<TraceTarget> {
  const [plugin] = named;
  if (plugin === undefined || named.length > 1) {
    throw new UsageError("name one plugin for --listen; several need a trace each");
  }
  const found = await findPlugin(plugin, flags, "engine");
  const address = parsed(listen);
  const dialler = await prepareDial(found, tlsFrom(flags));
  return { name: nameOf(found), begin: (options) => traceAddress(address, dialler, options) };
}

async function inPlace(named: string, flags: StandFlags): Promise<TraceTarget> {
  const found = await findPlugin(named, flags, "engine");
  const address = typeof found === "string" ? parseAddress(found, { rules: "engine" }).address : found.address;
  if (address?.transport === "unix") return atSocket(nameOf(found), address.path);
  if (typeof found !== "string" && address === undefined)
    throw found.problems[0] ?? new EnvironmentError(`${found.file} names no address; mend it first`);
  throw new UsageError(
    `${named} is not reached through a socket file, so its place cannot be taken; trace --listen tcp://127.0.0.1:4001 ${named}, and point the engine's .spec or .json file there`,
  );
}

async function allLive(flags: StandFlags): Promise<TraceTarget[]> {
  const folders = foldersFrom(flags);
  const entries = await probe(await discover({ folders, rules: "engine" }), { deadlineMs: 1000 });
  const live = entries.filter(
    ({ state, address }) =>
      address?.transport === "unix" && state !== "dead" && state !== "unusable" && state !== "forbidden",
  );
  if (live.length === 0)
    throw new EnvironmentError(`no plugin listens in ${folders.sockets}; start one, or name an address`);
  return live.flatMap(({ name, address }) => (address?.transport === "unix" ? [atSocket(name, address.path)] : []));
}

function atSocket(name: string, path: string): TraceTarget {
  return {
    name,
    begin: async (options) => {
      await tellPutBack(dirname(path));
      return await traceSocket(path, options);
    },
  };
}

/** Puts right what traces that were killed left in a folder, and says so. */
export async function tellPutBack(folder: string): Promise<number> {
  let done;
  try {
    done = await putBack(folder);
  } catch (cause) {
    throw new EnvironmentError(`cannot look into ${folder}: ${messageOf(cause)}; run this as root`, { cause });
  }
  for (const { path, pid, what } of done) {
    const text = what === "restored" ? "is the plugin's again" : "needed nothing; what was left beside it is gone";
    note(printable(`${path}, which process ${pid} traced until it was killed, ${text}`));
  }
  return done.length;
}

function nameOf(found: PluginEntry | string): string {
  if (typeof found !== "string") return found.kind === "managed" ? found.name.slice(0, 12) : found.name;
  const { address } = parseAddress(found, { rules: "engine" });
  if (address.transport !== "unix") return address.authority;
  return address.path.slice(address.path.lastIndexOf("/") + 1).replace(/\.sock$/, "");
}

function parsed(listen: string): ReturnType<typeof parseAddress>["address"] {
  try {
    return parseAddress(listen.startsWith("/") ? `unix://${listen}` : listen).address;
  } catch (cause) {
    throw new UsageError(`--listen: ${messageOf(cause)}`, { cause });
  }
}

/** What cannot be traced as things are is for the machine to change; what was written wrong is not. */
export function asCommandError(error: unknown): unknown {
  if (!(error instanceof InspectorError)) return error;
  if (error.code === "bad-address") return new UsageError(error.message, { cause: error });
  return new EnvironmentError(error.message, { cause: error });
}
