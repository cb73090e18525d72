import { readFile } from "node:fs/promises";
import { run } from "./run.ts";

/** A unix socket that has a path, as the kernel shows it. */
export interface UnixSocket {
  /** Where it was bound: the file may have been linked elsewhere, removed or replaced since. */
  readonly path: string;
  /** Its number in `/proc/PID/fd`: `socket:[inode]`. */
  readonly inode: string;
  /** False for one that is bound and accepts no connections (yet), and for a connection itself. */
  readonly listens: boolean;
  /** The inode of the file it was bound to; missing where nobody could say. */
  readonly fileInode?: number | undefined;
}

const listening = 0x10000;

/** The unix sockets of a network namespace, from a `/proc/.../net/unix`; this process's, with the files, unless told. */
export async function readUnixSockets(table?: string): Promise<UnixSocket[]> {
  const [text, files] = await Promise.all([
    readFile(table ?? "/proc/self/net/unix", "utf8"),
    table === undefined ? readFileInodes() : new Map<string, number>(),
  ]);
  return text
    .split("\n")
    .map((line) => /^\w+: \w+ \w+ (\w+) \w+ \w+ +(\d+) (\/.*)$/.exec(line))
    .filter((match) => match !== null)
    .map(([, flags = "0", inode = "", path = ""]) => ({
      path,
      inode,
      listens: (Number.parseInt(flags, 16) & listening) !== 0,
      fileInode: files.get(inode),
    }));
}

/** The table of /proc does not name the file that a socket lies in; ss(8) gets it from the kernel by netlink. */
async function readFileInodes(): Promise<Map<string, number>> {
  const { stdout } = await run(["ss", "-xlne"], { timeoutMs: 500 }).catch(() => ({ stdout: "" }));
  return new Map(
    [...stdout.matchAll(/ (\d+) +\* 0 .*\bino:(\d+) dev:/g)].map(([, socket = "", file]) => [socket, Number(file)]),
  );
}
