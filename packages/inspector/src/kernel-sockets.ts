// What the kernel tells of unix sockets, without asking the plugin: /proc/net/unix, see proc_net_unix in unix(7).
import { readFile } from "node:fs/promises";
import { createConnection, type Socket } from "node:net";

/** A listening socket as the kernel knows it: by the name that it was bound to, which renaming does not change. */
export interface ListeningSocket {
  /** Connections to it that were there before we looked. */
  readonly connections: number;
  /** How it is now; undefined where the kernel's table cannot be read. */
  now(): Promise<{ listens: boolean; connections: number } | undefined>;
}

/** Each step is a connection more. Twice by chance, at just these instants, is nobody else's number growing as well. */
const fewest = 2;
const most = 5;

/**
 * Finds the name that a socket file was bound to: connects some times and looks which name, of those in or below the
 * file's folder, has one connection more each time. Undefined where that cannot be told, as for a plugin in another
 * network namespace.
 */
export async function listeningSocket(file: string, folder: string): Promise<ListeningSocket | undefined> {
  const first = await readTable();
  await using held = new AsyncDisposableStack();
  let before = first;
  let names = [...(first ?? [])].filter(([name, { listens }]) => listens && name.startsWith(`${folder}/`));
  for (let step = 1; step <= most && names.length > 0; step++) {
    const socket = await connected(file);
    if (socket === undefined) return undefined;
    held.defer(() => void socket.destroy());
    const after = await readTable();
    names = names.filter(([name]) => count(after, name) > count(before, name));
    before = after;
    const [only] = names;
    if (only === undefined || names.length > 1 || step < fewest) continue;
    const [name] = only;
    return { connections: count(first, name), now: () => readOne(name) };
  }
  return undefined;
}

function count(table: ReadonlyMap<string, Bound> | undefined, name: string): number {
  return table?.get(name)?.connections ?? 0;
}

interface Bound {
  readonly listens: boolean;
  readonly connections: number;
}

/** Num RefCount Protocol Flags Type St Inode Path */
const line = /^\S+ \S+ \S+ (\S+) 0001 (\S+) +\d+ (.+)$/;

async function readTable(): Promise<Map<string, Bound> | undefined> {
  const text = await readFile(table, "utf8").catch(() => undefined);
  if (text === undefined) return undefined;
  const bound = new Map<string, Bound>();
  for (const row of text.split("\n")) {
    const [, flags = "", state, name = ""] = line.exec(row) ?? [];
    bound.set(name, counted(bound.get(name) ?? nothing, { flags, state }));
  }
  return bound;
}

/** Looks for one name alone, for this is done all the time, on machines with thousands of sockets too. */
async function readOne(name: string): Promise<Bound | undefined> {
  const text = await readFile(table, "utf8").catch(() => undefined);
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
  return connectedStates.has(state ?? "") ? { ...bound, connections: bound.connections + 1 } : bound;
}

const table = "/proc/net/unix";
const nothing: Bound = { listens: false, connections: 0 };

/** `__SO_ACCEPTCON` of Linux, `SS_CONNECTING` of what is not accepted yet, and `SS_CONNECTED`. */
const acceptsConnections = 0x10000;
const connectedStates: ReadonlySet<string> = new Set(["02", "03"]);

function connected(path: string): Promise<Socket | undefined> {
  return new Promise((resolve) => {
    const socket = createConnection(path, () => resolve(socket));
    socket.on("error", () => resolve(undefined));
  });
}
