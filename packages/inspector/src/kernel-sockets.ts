// What the kernel tells of unix sockets, without asking the plugin: /proc/net/unix, see proc_net_unix in unix(7).
import { readFile } from "node:fs/promises";
import { createConnection } from "node:net";

/** A listening socket as the kernel knows it: by the name that it was bound to, which renaming does not change. */
export interface ListeningSocket {
  /** Connections to it that were there before we looked. */
  readonly connections: number;
  /** How it is now; undefined where the kernel's table cannot be read. */
  now(): Promise<{ listens: boolean; connections: number } | undefined>;
}

const rounds = 5;

/**
 * Finds the name that a socket file was bound to, by connecting and looking which name has a connection more. Undefined
 * where that cannot be told, as for a plugin in another network namespace.
 */
export async function listeningSocket(path: string): Promise<ListeningSocket | undefined> {
  let candidates: ReadonlyMap<string, Bound> | undefined;
  for (let round = 0; round < rounds; round++) {
    const before = await readTable();
    const after = await whileConnected(path, readTable);
    if (before === undefined || after === undefined) return undefined;
    const grown = [...after].filter(
      ([name, bound]) =>
        bound.listens &&
        bound.connections > (before.get(name)?.connections ?? 0) &&
        (candidates === undefined || candidates.has(name)),
    );
    const [only] = grown;
    if (only === undefined) return undefined;
    if (grown.length > 1) {
      candidates = new Map(grown);
      continue;
    }
    const [name] = only;
    return { connections: before.get(name)?.connections ?? 0, now: () => readOne(name) };
  }
  return undefined;
}

interface Bound {
  readonly listens: boolean;
  readonly connections: number;
}

/** Num RefCount Protocol Flags Type St Inode Path */
const line = /^\S+ \S+ \S+ (\S+) 0001 (\S+) +\d+ (.+)$/;

async function readTable(): Promise<Map<string, Bound> | undefined> {
  const text = await readFile(file, "utf8").catch(() => undefined);
  if (text === undefined) return undefined;
  const table = new Map<string, Bound>();
  for (const row of text.split("\n")) {
    const [, flags = "", state, name = ""] = line.exec(row) ?? [];
    table.set(name, counted(table.get(name) ?? nothing, { flags, state }));
  }
  return table;
}

/** Looks for one name alone, for this is done all the time, on machines with thousands of sockets too. */
async function readOne(name: string): Promise<Bound | undefined> {
  const text = await readFile(file, "utf8").catch(() => undefined);
  if (text === undefined) return undefined;
  let bound = nothing;
  const end = ` ${name}\n`;
  for (let at = text.indexOf(end); at >= 0; at = text.indexOf(end, at + 1)) {
    const row = text.slice(text.lastIndexOf("\n", at) + 1, at + end.length - 1);
    const [, flags = "", state, found] = line.exec(row) ?? [];
    if (found === name) bound = counted(bound, { flags, state });
  }
  return bound;
}

function counted(bound: Bound, { flags, state }: { flags: string; state: string | undefined }): Bound {
  if ((Number.parseInt(flags, 16) & acceptsConnections) !== 0) return { ...bound, listens: true };
  return state === connected ? { ...bound, connections: bound.connections + 1 } : bound;
}

const file = "/proc/net/unix";
const nothing: Bound = { listens: false, connections: 0 };

/** `__SO_ACCEPTCON` and `SS_CONNECTED` of Linux. */
const acceptsConnections = 0x10000;
const connected = "03";

function whileConnected<T>(path: string, use: () => Promise<T>): Promise<T | undefined> {
  return new Promise((resolve) => {
    const socket = createConnection(path, () => {
      resolve(use().finally(() => socket.destroy()));
    });
    socket.on("error", () => resolve(undefined));
  });
}
