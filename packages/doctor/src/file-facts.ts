import { lstat } from "node:fs/promises";
import { dirname } from "node:path";
import type { FileFacts } from "./facts.ts";

/** What lstat says of a path; undefined where there is nothing. */
export async function fileFacts(path: string): Promise<FileFacts | undefined> {
  const stats = await lstat(path).catch(() => undefined);
  if (stats === undefined) return undefined;
  return {
    inode: stats.ino,
    device: stats.dev,
    mode: stats.mode & 0o7777,
    uid: stats.uid,
    changedMs: stats.mtimeMs,
    isSocket: stats.isSocket(),
    reachableByAll: await passableForAll(dirname(path)),
  };
}

async function passableForAll(folder: string): Promise<boolean> {
  const stats = await lstat(folder).catch(() => undefined);
  if (stats === undefined || (stats.mode & 0o001) === 0) return false;
  return folder === "/" || passableForAll(dirname(folder));
}
