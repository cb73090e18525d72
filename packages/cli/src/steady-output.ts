import { write } from "node:fs";
import { setTimeout as wait } from "node:timers/promises";

/**
 * Writes to standard output beside the event loop, which `process.stdout` would stop while its reader, a pager or a
 * terminal on hold, takes nothing. Throws where nobody reads any more.
 */
export async function writeSteadily(text: string): Promise<void> {
  for (let rest = Buffer.from(text); rest.length > 0;) {
    const written = await writeSome(rest);
    // Somebody else has made the pipe non-blocking, and it is full.
    if (written === 0) await wait(10);
    rest = rest.subarray(written);
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
