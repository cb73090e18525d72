import { randomUUID } from "node:crypto";
import { closeSync, existsSync, fsyncSync, openSync, renameSync, rmSync, writeSync } from "node:fs";
import { join } from "node:path";

/** Enough for the state file to note that volumes were given back. */
const bytes = 128 * 1024;

/** A little room on the disk that is kept free, so that on a full disk volumes can be unmounted and removed. */
export class Reserve {
  readonly #file: string;

  constructor(root: string) {
    this.#file = join(root, "reserve");
  }

  /** Makes it where it is missing; on a full disk that has to wait. */
  fill(): void {
    if (existsSync(this.#file)) return;
    const unfinished = `${this.#file}.new-${randomUUID()}`;
    try {
      const descriptor = openSync(unfinished, "wx", 0o600);
      try {
        writeSync(descriptor, Buffer.alloc(bytes, 1));
        fsyncSync(descriptor);
      } finally {
        closeSync(descriptor);
      }
      renameSync(unfinished, this.#file);
    } catch {
      rmSync(unfinished, { force: true });
    }
  }

  /** Gives the room away; false where there is none. */
  spend(): boolean {
    if (!existsSync(this.#file)) return false;
    rmSync(this.#file);
    return true;
  }
}
