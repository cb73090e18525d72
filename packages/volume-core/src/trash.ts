// Deletes what was thrown into the trash folder, whatever a container left there, and nothing beyond it.
import { randomUUID } from "node:crypto";
import { constants } from "node:fs";
import { open, opendir, readFile, rename, rmdir, unlink, type FileHandle } from "node:fs/promises";
import { DriverError } from "@outrigger/protocol";

/** Empties a folder in the background, one entry after another. */
export class Trash {
  readonly #folder: string;
  readonly #stop: AbortSignal;
  readonly #onEnd: (problems: readonly Error[]) => void;
  #asked = false;
  #emptying: Promise<void> | undefined;

  /** `onEnd` hears after each round what could not be deleted. */
  constructor(folder: string, options: { signal: AbortSignal; onEnd: (problems: readonly Error[]) => void }) {
    this.#folder = folder;
    this.#stop = options.signal;
    this.#onEnd = options.onEnd;
  }

  /** Begins unless it is at it; never throws. Resolves when nothing that can be deleted is left. */
  empty(): Promise<void> {
    this.#asked = true;
    return (this.#emptying ??= this.#rounds());
  }

  async #rounds(): Promise<void> {
    while (this.#asked && !this.#stop.aborted) {
      this.#asked = false;
      this.#onEnd(await emptyTrash(this.#folder, this.#stop));
    }
    // In the turn that saw nothing more asked for: later, somebody could have asked and been given this round's promise.
    this.#emptying = undefined;
  }
}

/**
 * Deletes what a folder holds and returns what went wrong; goes on with the rest.
 *
 * A container may have left links, mounts, a hundred thousand nested folders or names that are not UTF-8, and may
 * change all of it while we look. So each folder is opened without following a link and everything in it is reached
 * through that descriptor; its sub-folders are moved up before they are entered, which the kernel refuses for a
 * mountpoint, so depth does not count; and a folder on another mount than the trash is left alone.
 */
export async function emptyTrash(folder: string, signal: AbortSignal): Promise<Error[]> {
  const problems: Error[] = [];
  const stuck = new Set<string>();
  try {
    await using top = await openFolder(folder);
    const mount = await mountOf(top);
    for (let found = true; found && !signal.aborted;) {
      found = false;
      for await (const entry of await opendir(inside(top), names)) {
        if (signal.aborted) break;
        if (stuck.has(entry.name)) continue;
        found = true;
        try {
          await (entry.isDirectory()
            ? deleteFolder(entry.name, { top, mount, signal })
            : unlink(inside(top, entry.name)));
        } catch (error) {
          stuck.add(entry.name);
          problems.push(asError(error));
        }
      }
    }
  } catch (error) {
    problems.push(asError(error));
  }
  return problems;
}

async function deleteFolder(
  name: string,
  at: { readonly top: FileHandle; readonly mount: string; readonly signal: AbortSignal },
): Promise<void> {
  const path = inside(at.top, name);
  {
    await using folder = await openFolder(path);
    if ((await mountOf(folder)) !== at.mount) {
      throw new DriverError(`a file system is mounted on ${name} in the trash folder; unmount it`);
    }
    for await (const entry of await opendir(inside(folder), names)) {
      if (at.signal.aborted) return;
      const inner = inside(folder, entry.name);
      await (entry.isDirectory() ? rename(inner, inside(at.top, randomUUID())) : unlink(inner));
    }
  }
  await rmdir(path);
}

/** File names are bytes; this encoding keeps each of them. */
const encoding = "latin1";
const names = { encoding, bufferSize: 256 } as const;

function inside(folder: FileHandle, name?: string): Buffer {
  return Buffer.from(`/proc/self/fd/${folder.fd}${name === undefined ? "" : `/${name}`}`, encoding);
}

async function openFolder(path: string | Buffer): Promise<FileHandle> {
  return await open(path, constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW);
}

/** The id of the mount that an open folder was reached through (proc_pid_fdinfo(5)); two mounts of one device differ. */
async function mountOf(folder: FileHandle): Promise<string> {
  const id = /^mnt_id:\s*(\d+)$/m.exec(await readFile(`/proc/self/fdinfo/${folder.fd}`, "utf8"))?.[1];
  if (id === undefined) throw new DriverError("the kernel does not say which mount an open folder is on; mount /proc");
  return id;
}

function asError(error: unknown): Error {
  return error instanceof Error ? error : new Error(String(error), { cause: error });
}
