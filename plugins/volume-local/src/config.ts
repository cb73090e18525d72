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
  api: {
    type: "boolean",
    doc: "Serve the storage API on api.sock in root, to root alone: what outrigger volume talks to; true where left out.",
  },
  "osd-listen": {
    type: "string",
    doc: "Serve a part of OpenStorage's interface at this address:port; beyond this host only with a certificate.",
  },
  "osd-tokens": { type: "path", doc: "The file of tokens that may use it; outrigger volume token makes them." },
  "osd-cert": { type: "path", doc: "The certificate to serve it with, in PEM." },
  "osd-key": { type: "path", doc: "The certificate's key, in PEM." },
  "backup-repository-file": {
    type: "path",
    doc: "A file with the address of the restic repository for backups; only its owner may read it.",
  },
  "backup-password-file": {
    type: "path",
    doc: "A file with the repository's password; only its owner may read it.",
  },
  "backup-environment-file": {
    type: "path",
    doc: "A file with NAME=value lines for restic, such as the keys of an object store; only its owner may read it.",
  },
  "backup-keep-last": {
    type: "integer",
    min: 1,
    max: 10_000,
    doc: "How many backups of a volume stay; all where left out.",
  },
});
