import { readFile } from "node:fs/promises";

/** What changes with each start of the machine: nothing mounted under another id is mounted any more. */
export async function readBootId(): Promise<string> {
  return (await readFile("/proc/sys/kernel/random/boot_id", "utf8")).trim();
}
