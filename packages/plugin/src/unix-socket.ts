// A socket file that appears complete, belongs to one process, and goes with it.
import { randomBytes } from "node:crypto";
import { lstatSync, unlinkSync } from "node:fs";
import {
  chmod,
  chown,
  link,
  lstat,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  rename,
  rm,
  rmdir,
  unlink,
} from "node:fs/promises";
import { createConnection } from "node:net";
import { basename, dirname, join, resolve } from "node:path";
import type { Place } from "./listener.ts";
import { releaseOnExit } from "./on-exit.ts";
import { ServeError } from "./serve-error.ts";

/** A unix socket; only its owner and its group may connect, for the protocol has no authentication. */
export interface UnixAddress {
  /** Path of the socket file; its folder is made (mode 0755) if it is missing. */
  readonly unix: string;
  /** Name or number of the group that may connect; the process's own where left out. */
  readonly group?: string | number | undefined;
  /** Mode of the socket file; 0660 where left out. */
  readonly mode?: number | undefined;
}

/** What the kernel's `sun_path` holds besides the closing zero. */
const maxPathBytes = 107;

/**
 * Puts a socket file into its place; `listen` makes the socket at the path it is given, and has it listen. Throws
 * `ServeError` where a process answers at that address, where something else than a socket lies there, or where another
 * process takes it this moment.
 *
 * The socket is made in a folder of its own and linked into place when it has its mode and accepts, so the engine
 * never meets half of it. That folder is also the lock: it is renamed to a name that all contenders share, which
 * fails while another one's folder with its socket is there. What a killed process left behind has a name of its own,
 * so clearing it away twice cannot hit a successor.
 */
export async function placeSocket(address: UnixAddress, listen: (path: string) => Promise<void>): Promise<Place> {
  const path = resolve(address.unix);
  const lock = join(dirname(path), `.${basename(path)}`);
  const name = randomBytes(3).toString("base64url").slice(1);
  checkLength(path, join(lock, name));
  const gid = address.group === undefined ? undefined : await groupId(address.group);

  await mkdir(dirname(path), { recursive: true, mode: 0o755 });
  const folder = await mkdtemp(`${dirname(path)}/.`);
  try {
    const socket = join(folder, name);
    await listen(socket);
    if (gid !== undefined) await chown(socket, process.getuid?.() ?? 0, gid);
    await chmod(socket, address.mode ?? 0o660);
    await takeLock(folder, lock, path);
    try {
      const withdraw = await publish(join(lock, name), path);
      return { url: `unix://${path}`, withdraw };
    } finally {
      await unlink(join(lock, name));
      // A contender may have renamed its own folder over the empty one.
      await rmdir(lock).catch(ignore);
    }
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function takeLock(folder: string, lock: string, path: string): Promise<void> {
  for (;;) {
    try {
      return await rename(folder, lock);
    } catch (cause) {
      if (!hasCode(cause, "ENOTEMPTY", "EEXIST")) throw cause;
      await clearLock(lock, path, cause);
    }
  }
}

async function clearLock(lock: string, path: string, cause: unknown): Promise<void> {
  for (const name of await readdir(lock).catch(() => [])) {
    const file = join(lock, name);
    switch (await stateOf(file)) {
      case "absent":
        break;
      case "dead":
        await rm(file, { force: true });
        break;
      case "live":
        throw new ServeError("address-in-use", `another process is about to serve ${path}; stop one of the two`, {
          cause,
        });
      case "foreign":
        throw new ServeError("unavailable", `${file} is in the way and not ours; remove it`, { cause });
    }
  }
}

/** Puts the finished socket in place; the caller holds the lock. */
async function publish(socket: string, path: string): Promise<() => void> {
  switch (await stateOf(path)) {
    case "live":
      throw inUse(path);
    case "foreign":
      throw new ServeError(
        "unavailable",
        `${path} exists and is not a stream socket; remove it or choose another path`,
      );
    case "dead":
      await unlink(path);
      break;
    case "absent":
      break;
  }
  const own = await lstat(socket, { bigint: true });
  try {
    await link(socket, path);
  } catch (cause) {
    throw hasCode(cause, "EEXIST") ? inUse(path, { cause }) : cause;
  }
  return releaseOnExit(() => {
    const now = lstatSync(path, { bigint: true, throwIfNoEntry: false });
    if (now?.ino === own.ino && now.dev === own.dev) unlinkSync(path);
  });
}

/** Who is behind a path: nobody, a process that accepts, a process that is gone, or something that is no such socket. */
async function stateOf(path: string): Promise<"absent" | "live" | "dead" | "foreign"> {
  try {
    if (!(await lstat(path)).isSocket()) return "foreign";
    await connectOnce(path);
    return "live";
  } catch (error) {
    if (hasCode(error, "ENOENT")) return "absent";
    if (hasCode(error, "ECONNREFUSED")) return "dead";
    // Its queue is full: somebody is there.
    if (hasCode(error, "EAGAIN")) return "live";
    if (hasCode(error, "EPROTOTYPE")) return "foreign";
    throw error;
  }
}

function connectOnce(path: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const socket = createConnection(path, () => {
      socket.destroy();
      resolve();
    });
    socket.on("error", reject);
  });
}

function checkLength(path: string, lockedPath: string): void {
  const room = maxPathBytes - (Buffer.byteLength(lockedPath) - Buffer.byteLength(path));
  const length = Buffer.byteLength(path);
  if (length <= room) return;
  throw new ServeError(
    "bad-address",
    `socket path ${path} is ${length} bytes long, and ${room} are the most that fit; choose a shorter folder or name`,
  );
}

async function groupId(group: string | number): Promise<number> {
  if (typeof group === "number") return group;
  const line = (await readFile("/etc/group", "utf8")).split("\n").find((line) => line.startsWith(`${group}:`));
  const id = Number(line?.split(":")[2]);
  if (line !== undefined && Number.isInteger(id)) return id;
  throw new ServeError("bad-address", `no group "${group}" in /etc/group; create it or give its number`);
}

function inUse(path: string, options?: ErrorOptions): ServeError {
  return new ServeError(
    "address-in-use",
    `a process already serves ${path}: this plugin's other copy, or another plugin of that name; stop it or choose another name`,
    options,
  );
}

function hasCode(error: unknown, ...codes: readonly string[]): boolean {
  return error instanceof Error && "code" in error && codes.includes(String(error.code));
}

function ignore(): void {}
