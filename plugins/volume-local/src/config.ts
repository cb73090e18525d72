import { defineOptions } from "@outrigger/plugin";

/** The plugin's own configuration. */
export const config = defineOptions({
  root: {
    type: "path",
    doc: "The folder that volumes and their records are kept in; /var/lib/outrigger/<name> where left out. Only one plugin can use it at a time.",
  },
  backend: {
    type: "choice",
    of: ["dir", "btrfs", "image", "tmpfs"],
    doc: "Where a volume is kept that does not say; dir where left out, or btrfs with a pool.",
  },
  pool: {
    type: "choice",
    of: ["auto"],
    doc: "auto makes a btrfs in a file below root, for a machine whose disk has none.",
  },
  "pool-size": { type: "size", doc: "How large the pool is; 20GiB where left out. It can be made larger later." },
  "trash-days": {
    type: "integer",
    min: 1,
    max: 3650,
    doc: "How long a removed volume with on-remove=trash is kept; 7 where left out.",
  },
});
