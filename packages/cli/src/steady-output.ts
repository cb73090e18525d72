import { write } from "node:fs";
import { setTimeout as wait } from "node:timers/promises";

/** More than this is not kept for a reader that takes nothing: who writes has to wait. */
const mostWaiting = 64 * 1024;

/**
 * Writes to standard output beside the event loop, which `process.stdout` would stop while its reader, a pager or a
 * terminal on hold, takes nothing. Lines that come together go together.
 */
export class SteadyOutput {
  #waiting: string[] = [];
  #size = 0;
  #writing: Promise<void> | undefined;
  #failure: Error | undefined;

  /** Resolves when there is room for more, at once as a rule; throws where nobody reads any more. */
  async write(text: string): Promise<void> {
    if (this.#failure !== undefined) throw this.#failure;
    this.#waiting.push(text);
    this.#size += text.length;
    this.#writing ??= this.#writeAll();
    this.#writing.catch((error: Error) => (this.#failure = error));
    if (this.#size > mostWaiting) await this.#writing;
  }

  /** Resolves when everything is written. */
  async end(): Promise<void> {
    await this.#writing;
  }

  async #writeAll(): Promise<void> {
    while (this.#waiting.length > 0) {
      const text = this.#waiting.join("");
      this.#waiting = [];
      this.#size = 0;
      for (let rest = Buffer.from(text); rest.length > 0;) {
        const written = await writeSome(rest);
        // Somebody else has made the pipe non-blocking, and it is full.
        if (written === 0) await wait(10);
        rest = rest.subarray(written);
      }
    }
    this.#writing = undefined;
  }
}

function writeSome(bytes: Buffer): Promise<number> {
  return new Promise((resolve, reject) => {
    write(process.stdout.fd, bytes, (error, written) => {
      if (error === null) resolve(written);
      else if (error.code === "EAGAIN") resolve(0);
      else reject(error);
    });
  });
}
