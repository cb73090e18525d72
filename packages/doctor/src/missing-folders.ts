import { existsSync } from "node:fs";
import { findHungPaths } from "@outrigger/linux";

/** The folders that are not there; of one on a file system that hangs that cannot be said. */
export async function missingFolders(folders: readonly string[], timeoutMs: number): Promise<string[]> {
  const hung = await findHungPaths(folders, timeoutMs);
  return folders.filter((folder) => !hung.includes(folder) && !existsSync(folder));
}
