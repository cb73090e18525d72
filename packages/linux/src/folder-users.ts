import { readdir, readFile, readlink } from "node:fs/promises";
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
  const users: { pid: number; mountpoint: string }[] = [];
  const namespaces = new Set<string>();
  let complete = (await readlink("/proc/self/ns/pid")) === firstProcessNamespace;
  let hidden = false;
  for (const pid of (await readdir("/proc")).map(Number).filter((pid) => pid > 0)) {
    try {
      complete ||= (await readFile(`/proc/${pid}/comm`, "utf8")) === "dockerd\n";
      const namespace = await mountNamespaceOf(pid);
      if (namespaces.has(namespace)) continue;
      namespaces.add(namespace);
      const use = (await readMounts(pid)).find((mount) => isOneOf(mount, sources) && !isCopyOf(mount, inFolder));
      if (use !== undefined) users.push({ pid, mountpoint: use.mountpoint });
    } catch (error) {
      // A process that ended meanwhile uses nothing; one that we may not look at could.
      if (hasCode(error, ["EACCES", "EPERM"])) hidden = true;
      else if (!hasCode(error, ["ENOENT", "ESRCH", "EINVAL"])) throw error;
    }
  }
  return { users, complete: complete && !hidden };
}

/** A name for its mounts: of its own for a process with more rights than ours, whose mounts can be read nevertheless. */
async function mountNamespaceOf(pid: number): Promise<string> {
  try {
    return await readlink(`/proc/${pid}/ns/mnt`);
  } catch (error) {
    if (hasCode(error, ["EACCES", "EPERM"])) return `process ${pid}`;
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
