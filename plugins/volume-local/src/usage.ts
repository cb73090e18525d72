import { statfs } from "node:fs/promises";
import type { Usage } from "@outrigger/volume-core";

/** How full the file system is that is mounted on a folder. */
export async function usageOf(folder: string): Promise<Usage> {
  const { bsize, blocks, bfree, files, ffree } = await statfs(folder);
  return { usedBytes: (blocks - bfree) * bsize, limitBytes: blocks * bsize, usedInodes: files - ffree };
}
