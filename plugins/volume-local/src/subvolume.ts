// Subvolumes of btrfs, by the btrfs command; https://btrfs.readthedocs.io/en/latest/btrfs-subvolume.html.
import { lstat, statfs } from "node:fs/promises";
import { setTimeout as sleep } from "node:timers/promises";
import { tool, tried } from "./tool.ts";

// include/uapi/linux/magic.h
const btrfsMagic = 0x9123683e;
/** The inode number of each subvolume's top folder (fs/btrfs/btrfs_tree.h, BTRFS_FIRST_FREE_OBJECTID). */
const topInode = 256;

/** Whether a folder lies on btrfs. */
export async function isOnBtrfs(folder: string): Promise<boolean> {
  return (await statfs(folder)).type === btrfsMagic;
}

/** Whether there is a subvolume at a path. */
export async function isSubvolume(path: string): Promise<boolean> {
  const stats = await lstat(path).catch(() => undefined);
  return stats !== undefined && stats.isDirectory() && stats.ino === topInode && (await isOnBtrfs(path));
}

/** Makes an empty subvolume, unless it is there. */
export async function makeSubvolume(path: string, signal: AbortSignal): Promise<void> {
  if (!(await isSubvolume(path))) await tool(["btrfs", "subvolume", "create", path], signal);
}

/** Makes a subvolume with the contents of another, in one step whatever its size. */
export async function snapshotSubvolume(
  { from, to, readOnly = false }: { readonly from: string; readonly to: string; readonly readOnly?: boolean },
  signal: AbortSignal,
): Promise<void> {
  await tool(["btrfs", "subvolume", "snapshot", ...(readOnly ? ["-r"] : []), from, to], signal);
}

/** Deletes a subvolume with those that a container made in it, and their quota groups; succeeds where there is none. */
export async function deleteSubvolume(path: string, signal: AbortSignal): Promise<void> {
  if (!(await isSubvolume(path))) return;
  const id = await idOf(path, signal);
  // By number: their names are a container's.
  for (const inner of (await subvolumesBelow({ path, id }, signal)).reverse()) {
    await tool(["btrfs", "subvolume", "delete", "--subvolid", String(inner), path], signal);
    await dropGroup({ id: inner, path }, signal);
  }
  const parent = path.slice(0, path.lastIndexOf("/"));
  await tool(["btrfs", "subvolume", "delete", path], signal);
  await dropGroup({ id, path: parent }, signal);
}

/** The most bytes that a subvolume may refer to; undefined takes the limit away. Turns quotas on where they are off. */
export async function limitSubvolume(path: string, size: number | undefined, signal: AbortSignal): Promise<void> {
  const argv = ["btrfs", "qgroup", "limit", size === undefined ? "none" : String(size), path];
  const { code } = await tried(argv, { signal, accept: [0, 1] });
  if (code === 0 || size === undefined) return;
  await tool(["btrfs", "quota", "enable", path], signal);
  // Until then nothing of what was there before is counted.
  await tool(["btrfs", "quota", "rescan", "-w", path], signal);
  await tool(argv, signal);
}

/** What a subvolume's quota group counts, in bytes; undefined where quotas are off. */
export async function groupOf(path: string, signal: AbortSignal): Promise<Group | undefined> {
  // The counters are brought up to date by a commit.
  await tool(["btrfs", "filesystem", "sync", path], signal);
  const show = ["btrfs", "qgroup", "show", "--raw", "-re", "-f", path];
  const { code, stdout } = await tried(show, { signal, accept: [0, 1] });
  if (code !== 0) return undefined;
  const [, referenced, exclusive, limit] = /^\d+\/\d+\s+(\d+)\s+(\d+)\s+(\d+|none)\s/m.exec(stdout) ?? [];
  if (referenced === undefined) return undefined;
  const limitBytes = limit === undefined || limit === "none" ? undefined : Number(limit);
  return { usedBytes: Number(referenced), exclusiveBytes: Number(exclusive), limitBytes };
}

/** See `groupOf`. */
export interface Group {
  readonly usedBytes: number;
  readonly exclusiveBytes: number;
  readonly limitBytes: number | undefined;
}

/** The quota groups whose subvolume is gone, as the command names them, without those that the kernel takes away itself. */
export async function staleGroups(path: string, signal: AbortSignal): Promise<string[]> {
  const limit = performance.now() + cleaningMs;
  for (;;) {
    const stale = await groupsWithoutSubvolume(path, signal);
    if (stale.length === 0 || performance.now() > limit) return stale;
    await sleep(betweenLooksMs, undefined, { signal });
  }
}

/** Longer than a newer kernel's commit between the end of a subvolume and that of its quota group, see `dropGroup`. */
const cleaningMs = 5000;
const betweenLooksMs = 100;

async function groupsWithoutSubvolume(path: string, signal: AbortSignal): Promise<string[]> {
  const { code, stdout } = await tried(["btrfs", "qgroup", "show", "--raw", path], { signal, accept: [0, 1] });
  if (code !== 0) return [];
  // Asked after the groups: what is deleted in between is in neither list.
  const deleted = await tool(["btrfs", "subvolume", "list", "-d", path], signal);
  const waiting = new Set([...deleted.stdout.matchAll(/^ID (\d+) /gm)].map(([, id = ""]) => `0/${id}`));
  const stale = [...stdout.matchAll(/^(0\/\d+)\s.*<stale>/gm)].map(([, group = ""]) => group);
  return stale.filter((group) => !waiting.has(group));
}

/** Takes a stale quota group away. */
export async function dropStaleGroup(group: string, path: string, signal: AbortSignal): Promise<void> {
  await tool(["btrfs", "qgroup", "destroy", group, path], signal);
}

/**
 * Older kernels keep a deleted subvolume's quota group for ever; newer ones take it away themselves, and call it busy
 * until then (fs/btrfs/qgroup.c, btrfs_qgroup_cleanup_dropped_subvolume).
 */
async function dropGroup({ id, path }: { id: number; path: string }, signal: AbortSignal): Promise<void> {
  await tried(["btrfs", "qgroup", "destroy", `0/${id}`, path], { signal, accept: [0, 1] });
}

async function idOf(path: string, signal: AbortSignal): Promise<number> {
  return Number((await tool(["btrfs", "inspect-internal", "rootid", path], signal)).stdout);
}

/** The ids of all subvolumes within one, each before those within it. */
async function subvolumesBelow({ path, id }: { path: string; id: number }, signal: AbortSignal): Promise<number[]> {
  const { stdout } = await tool(["btrfs", "subvolume", "list", "-p", path], signal);
  const parents = [...stdout.matchAll(/^ID (\d+) gen \d+ parent (\d+) /gm)].map(([, inner, parent]) => ({
    inner: Number(inner),
    parent: Number(parent),
  }));
  const found = [id];
  // Grows while it is walked through.
  for (const outer of found) for (const { inner, parent } of parents) if (parent === outer) found.push(inner);
  return found.slice(1);
}
