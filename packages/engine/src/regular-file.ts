import { constants } from "node:fs";
import { open, stat, type FileHandle } from "node:fs/promises";
import { DiscoveryError } from "./engine-error.ts";

const largest = 1_048_576;

/** Reads a small text file; refuses anything else unread, because a pipe or a device would never end. */
export async function readRegularFile(file: string): Promise<string> {
  try {
    // Before it is opened, which some devices take for a command.
    checkFile(await stat(file));
    // What looks like a file under /proc can keep its reader waiting all the same.
    await using handle = await open(file, constants.O_RDONLY | constants.O_NONBLOCK);
    checkFile(await handle.stat());
    return await readText(handle);
  } catch (cause) {
    if (cause instanceof DiscoveryError) throw cause;
    throw new DiscoveryError(`cannot be read (${String(cause)})`, { code: "unreadable", cause });
  }
}

function checkFile(stats: { isFile(): boolean; readonly size: number }): void {
  if (!stats.isFile()) throw new DiscoveryError("is not a regular file", { code: "unreadable" });
  if (stats.size > largest) throw tooLarge();
}

/** To the end, for the size that a file says it has can be wrong. */
async function readText(handle: FileHandle): Promise<string> {
  const bytes = Buffer.alloc(largest + 1);
  let length = 0;
  while (length <= largest) {
    const { bytesRead } = await handle.read(bytes, length);
    if (bytesRead === 0) return bytes.toString("utf8", 0, length);
    length += bytesRead;
  }
  throw tooLarge();
}

function tooLarge(): DiscoveryError {
  return new DiscoveryError(`is over ${largest} bytes`, { code: "unreadable" });
}
