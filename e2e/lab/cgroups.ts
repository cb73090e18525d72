import { readdir, rmdir } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";

const hierarchies = "/sys/fs/cgroup";

/** Removes the control groups of a host whose processes are gone, in every hierarchy of either cgroup version. */
export async function removeCgroups(name: string): Promise<void> {
  const tops = [hierarchies, ...(await folders(hierarchies))].map((hierarchy) => join(hierarchy, name));
  for (const top of tops) await removeTree(top);
}

/** A group is busy for a moment after its last process was killed. */
async function removeTree(group: string): Promise<void> {
  for (const inner of await folders(group)) await removeTree(inner);
  for (let attempt = 0; ; attempt++) {
    try {
      return await rmdir(group);
    } catch (error) {
      const code = error instanceof Error && "code" in error ? error.code : undefined;
      if (code === "ENOENT") return;
      if (code !== "EBUSY" || attempt === 100) throw error;
      await wait(20);
    }
  }
}

async function folders(path: string): Promise<string[]> {
  try {
    const entries = await readdir(path, { withFileTypes: true });
    return entries.filter((entry) => entry.isDirectory()).map((entry) => join(path, entry.name));
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return [];
    throw error;
  }
}
