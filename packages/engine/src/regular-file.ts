import { readFile, stat } from "node:fs/promises";
import { DiscoveryError } from "./engine-error.ts";

const largest = 1_048_576;

/** Reads a small text file; refuses anything else unread, because a pipe or a device would never end. */
export async function readRegularFile(file: string): Promise<string> {
  try {
    const stats = await stat(file);
    if (!stats.isFile()) throw new DiscoveryError("is not a regular file", { code: "unreadable" });
    if (stats.size > largest) throw new DiscoveryError(`is over ${largest} bytes`, { code: "unreadable" });
    return await readFile(file, "utf8");
  } catch (cause) {
    if (cause instanceof DiscoveryError) throw cause;
    throw new DiscoveryError(`cannot be read (${String(cause)})`, { code: "unreadable", cause });
  }
}
