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
    const now = async (): Promise<Bound | undefined> => {
      const table = await readTable();
      return table && (table.get(name) ?? { listens: false, connections: 0 });
    };
    return { connections: before.get(name)?.connections ?? 0, now };
  }
  return undefined;
}

interface Bound {
  readonly listens: boolean;
  readonly connections: number;
}

async function readTable(): Promise<Map<string, Bound> | undefined> {
  const text = await readFile("/proc/net/unix", "utf8").catch(() => undefined);
  if (text === undefined) return undefined;
  const table = new Map<string, { listens: boolean; connections: number }>();
  // Num RefCount Protocol Flags Type St Inode Path
  for (const [, flags = "", state, name = ""] of text.matchAll(/^\S+ \S+ \S+ (\S+) 0001 (\S+) +\d+ (.+)$/gm)) {
    const bound = table.get(name) ?? { listens: false, connections: 0 };
    if ((Number.parseInt(flags, 16) & acceptsConnections) !== 0) bound.listens = true;
    else if (state === connected) bound.connections++;
    table.set(name, bound);
  }
  return table;
}

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
