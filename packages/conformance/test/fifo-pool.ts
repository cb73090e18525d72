import { mkdtemp, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import { run } from "@outrigger/linux";

/** Pipes ready to be moved where they are wanted, since only a program makes them, and one makes hundreds at once. */
export interface FifoPool extends AsyncDisposable {
  /** For `Setting.makeFifo`. */
  readonly makeFifo: (path: string) => Promise<void>;
}

const batch = 200;

/** A pool in a folder of its own below `parent`, which has to be of the mount that the pipes are wanted on. */
export async function fifoPool(parent: string): Promise<FifoPool> {
  const folder = await mkdtemp(join(parent, "outrigger-pipes-"));
  let made = 0;
  let taken = 0;
  let making: Promise<void> = Promise.resolve();

  const makeMore = async (index: number, before: Promise<void>): Promise<void> => {
    await before;
    if (index < made) return;
    const names = Array.from({ length: batch }, (_, more) => join(folder, String(made + more)));
    await run(["mkfifo", "-m", "700", ...names]);
    made += batch;
  };
  return {
    makeFifo: async (path) => {
      const index = taken++;
      making = makeMore(index, making);
      await making;
      await rename(join(folder, String(index)), path);
    },
    [Symbol.asyncDispose]: () => rm(folder, { recursive: true, force: true }),
  };
}
