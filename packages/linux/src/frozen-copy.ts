import { fileURLToPath } from "node:url";
import { run } from "./run.ts";

/** What to copy, and which file system to stop meanwhile. */
export interface FrozenCopyOptions {
  /** Where the file system is mounted that `from` holds. */
  readonly mountpoint: string;
  readonly from: string;
  readonly to: string;
  readonly timeoutMs?: number | undefined;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Copies a file whose file system is mounted, while that is frozen: writers wait. At once where the disk can share
 * blocks (`FICLONE`), otherwise as long as copying takes.
 *
 * A process of its own does it, for a file system stays frozen when the one that froze it is killed: this one goes on
 * and thaws it.
 */
export async function copyFrozen({ mountpoint, from, to, timeoutMs, signal }: FrozenCopyOptions): Promise<void> {
  try {
    await run([process.execPath, fileURLToPath(import.meta.url), mountpoint, from, to], {
      signal,
      ...(timeoutMs !== undefined && { timeoutMs }),
    });
  } catch (error) {
    await thaw(mountpoint);
    throw error;
  }
}

/** Thaws a file system; one that is not frozen is left as it is. */
export async function thaw(mountpoint: string): Promise<void> {
  // It fails for one that is not frozen, and says so in words only.
  await run(["fsfreeze", "--unfreeze", mountpoint], { accept: [0, 1] });
}

async function freezeAndCopy([mountpoint = "", from = "", to = ""]: readonly string[]): Promise<void> {
  await run(["fsfreeze", "--freeze", mountpoint]);
  try {
    await run(["cp", "--reflink=auto", "--sparse=always", "--", from, to], { timeoutMs: 24 * 3_600_000 });
  } finally {
    await run(["fsfreeze", "--unfreeze", mountpoint]);
  }
}

// Only in the process that `copyFrozen` starts.
if (process.argv[1] === fileURLToPath(import.meta.url)) await freezeAndCopy(process.argv.slice(2));
