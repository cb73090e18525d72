import { readFileSync, readlinkSync } from "node:fs";
import { readdir } from "node:fs/promises";
import { readMounts, type Mount } from "./mount-info.ts";

/** Who has a folder, or something in it, mounted elsewhere: a container that a volume was given to, above all. */
export interface FolderUsers {
  /** One process for each mount namespace, with the place where the folder is mounted there. */
  readonly users: readonly { readonly pid: number; readonly mountpoint: string }[];
  /** False if there may be users that we cannot see: from inside of a container, or without root. */
  readonly complete: boolean;
}

/** The first process namespace has this inode on every kernel (include/linux/proc_ns.h, PROC_PID_INIT_INO). */
const firstProcessNamespace = "pid:[4026531836]";

/**
 * Looks through the mounts of all processes for a folder and what is mounted in it.
 * Where we are not in the first process namespace, the picture counts as complete if the engine itself is in it.
 */
export async function findFolderUsers(folder: string): Promise<FolderUsers> {
  const own = await readMounts();
  const inFolder = own.filter(({ mountpoint }) => isWithin(folder, mountpoint));
  const sources = [...inFolder, ...placeOf(folder, own)];
  const isUse = (mount: Mount): boolean => isOneOf(mount, sources) && !isCopyOf(mount, inFolder);
  const { namespaces, complete } = await readNamespaces();
  const looks = await Promise.all(namespaces.map((pids) => lookInto(pids, isUse)));
  return { users: looks.flatMap(({ user }) => user ?? []), complete: complete && looks.every(({ hidden }) => !hidden) };
}

/**
 * The processes of each mount namespace. Without waiting: the kernel answers these from memory, in a hundredth of the
 * time that passing each question to another thread takes, and there is one or two for every process of the machine.
 */
async function readNamespaces(): Promise<{ readonly namespaces: number[][]; readonly complete: boolean }> {
  const namespaces = new Map<string, number[]>();
  let complete = readlinkSync("/proc/self/ns/pid") === firstProcessNamespace;
  for (const pid of (await readdir("/proc")).map(Number).filter((pid) => pid > 0)) {
    try {
      complete ||= allowed(() => readFileSync(`/proc/${pid}/comm`, "utf8")) === "dockerd\n";
      const namespace = mountNamespaceOf(pid);
      const pids = namespaces.get(namespace);
      if (pids === undefined) namespaces.set(namespace, [pid]);
      else pids.push(pid);
    } catch (error) {
      // A process that ended meanwhile uses nothing.
      if (!hasCode(error, ended)) throw error;
    }
  }
  return { namespaces: [...namespaces.values()], complete };
}

/** Looks at the mounts of one namespace, by the first of its processes that is still there. */
async function lookInto(
  pids: readonly number[],
  isUse: (mount: Mount) => boolean,
): Promise<{ readonly user?: { readonly pid: number; readonly mountpoint: string }; readonly hidden: boolean }> {
  for (const pid of pids) {
    try {
      const use = (await readMounts(pid)).find(isUse);
      return { ...(use !== undefined && { user: { pid, mountpoint: use.mountpoint } }), hidden: false };
    } catch (error) {
      if (hasCode(error, forbidden)) return { hidden: true };
      if (!hasCode(error, ended)) throw error;
    }
  }
  return { hidden: false };
}

const ended: readonly string[] = ["ENOENT", "ESRCH", "EINVAL"];
const forbidden: readonly string[] = ["EACCES", "EPERM"];

/** A name for its mounts: of its own for a process with more rights than ours, whose mounts can be read nevertheless. */
function mountNamespaceOf(pid: number): string {
  return allowed(() => readlinkSync(`/proc/${pid}/ns/mnt`)) ?? `process ${pid}`;
}

/** Undefined where we have no right to it. */
function allowed(read: () => string): string | undefined {
  try {
    return read();
  } catch (error) {
    if (hasCode(error, forbidden)) return undefined;
    throw error;
  }
}

/** A folder's place in the file system that it lies on. */
export type Place = Pick<Mount, "device" | "root">;

/** A folder's place as mountinfo would show it mounted elsewhere; none where `mounts` has no mount that it lies on. */
export function placeOf(folder: string, mounts: readonly Mount[]): Place[] {
  const [on] = mounts
    .filter(({ mountpoint }) => isWithin(mountpoint, folder))
    // Of two mounts on one place the later one is seen.
    .sort((a, b) => b.mountpoint.length - a.mountpoint.length || b.id - a.id);
  if (on === undefined) return [];
  const below = folder.slice(on.mountpoint === "/" ? 0 : on.mountpoint.length);
  return [{ device: on.device, root: on.root === "/" ? below || "/" : on.root + below }];
}

function isOneOf(mount: Mount, sources: readonly Place[]): boolean {
  return sources.some(({ device, root }) => mount.device === device && isWithin(root, mount.root));
}

/** Other namespaces, and an engine's own root folder, show a mount of ours on the same path below theirs. */
function isCopyOf(mount: Mount, ours: readonly Mount[]): boolean {
  return ours.some(({ mountpoint }) => mount.mountpoint.endsWith(mountpoint));
}

function isWithin(folder: string, path: string): boolean {
  return folder === "/" || path === folder || path.startsWith(`${folder}/`);
}

function hasCode(error: unknown, codes: readonly string[]): boolean {
  return error instanceof Error && "code" in error && codes.includes(String(error.code));
}
