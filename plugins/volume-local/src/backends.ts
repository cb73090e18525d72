import type { Backend } from "@outrigger/volume-core";
import { createBtrfs } from "./btrfs.ts";
import { BtrfsPool } from "./btrfs-pool.ts";
import { dir } from "./dir.ts";
import { image } from "./image.ts";
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
  return [dir, createBtrfs(pool), image, tmpfs];
}
