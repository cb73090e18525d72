import type { Options } from "@outrigger/plugin";
import type { Backend } from "@outrigger/volume-core";
import { createBtrfs } from "./btrfs.ts";
import { BtrfsPool } from "./btrfs-pool.ts";
import { dir } from "./dir.ts";
import { image } from "./image.ts";
import { settleCommands } from "./left-commands.ts";
import { tmpfs } from "./tmpfs.ts";

/**
 * The backends of a plugin with this root; `poolSize` makes a pool for btrfs. `dir` is the first, for volumes of a time
 * when there was no other.
 */
export function backendsFor(options: {
  readonly root: string;
  readonly poolSize?: number | undefined;
}): readonly [Backend, ...Backend[]] {
  const { root, poolSize } = options;
  const pool = poolSize === undefined ? undefined : new BtrfsPool(root, poolSize);
  const settled = once((signal) => settleCommands(root, signal));
  const after = <S extends Options>(backend: Backend<S>): Backend<S> => ({
    ...backend,
    open: async (signal) => {
      await settled(signal);
      await backend.open?.(signal);
    },
  });
  return [after(dir), after(createBtrfs(pool)), after(image), after(tmpfs)];
}

/** Does it once for all; after a failure, again for the next who asks. */
function once(work: (signal: AbortSignal) => Promise<void>): (signal: AbortSignal) => Promise<void> {
  let done: Promise<void> | undefined;
  return (signal) =>
    (done ??= work(signal).catch((error: unknown) => {
      done = undefined;
      throw error;
    }));
}
