import type { ForeignOption } from "@outrigger/volume-core";

const oneHost = "volumes are on this host alone; leave it out";
const always = (what: string): ForeignOption => ({ refused: `${what}; leave it out` });

/**
 * What other volume systems call their options. OpenStorage's are those of its `api/spec` handlers; unlike there, what
 * has no effect is refused, not taken for a label.
 */
export const foreignOptions: Readonly<Record<string, ForeignOption>> = {
  // local-persist
  mountpoint: { as: "source" },

  // OpenStorage
  parent: { as: "from" },
  format: { as: "fs" },
  volume_labels: { as: "labels" },
  snap_schedule: { as: "snap-schedule" },
  snap_interval: { as: "snap-schedule", value: (minutes) => `${minutes}min` },
  snap_retain: { as: "snap-keep" },
  repl: { refused: "there is one copy, on this host; leave it out" },
  aggregation_level: { refused: "a volume is in one place; leave it out" },
  scale: { refused: oneHost },
  nodes: { refused: oneHost },
  zones: { refused: oneHost },
  racks: { refused: oneHost },
  rack: { refused: oneHost },
  group: { refused: oneHost },
  group_enforce: { refused: oneHost },
  fg: { refused: oneHost },
  shared: always("a volume is shared among all containers of this host already"),
  sharedv4: { refused: "volumes are not given out over NFS; leave it out" },
  nfs_v4: { refused: "volumes are not given out over NFS; leave it out" },
  export_options: { refused: "volumes are not given out over NFS; leave it out" },
  block_size: always("the file system has its own"),
  queue_depth: always("the disk has its own"),
  io_profile: always("there is one for all"),
  io_priority: always("there is one for all"),
  priority_io: always("there is one for all"),
  cos: always("there is one for all"),
  journal: always("xfs and ext4 have one, and btrfs needs none"),
  early_ack: always("what was synced is on the disk"),
  async_io: always("what was synced is on the disk"),
  compressed: always("mount the disk with compression instead"),
  dedupe: always("clones share their data; nothing else does"),
  cascaded: always("there is nothing to cascade"),
  secure: { refused: "volumes are not encrypted; put the plugin's root on an encrypted disk" },
  secret_key: { refused: "volumes are not encrypted; put the plugin's root on an encrypted disk" },
  passphrase: { refused: "volumes are not encrypted; put the plugin's root on an encrypted disk" },
  sticky: { refused: "use on-remove=keep or on-remove=trash, which keep the data of a removed volume" },
  ephemeral: { refused: "use backend=tmpfs for data that goes with the machine" },

  // the local driver
  type: { refused: "use backend=tmpfs for memory, or source= for a folder that is there" },
  device: { refused: "use source= for a folder that is there" },
  o: { refused: "give size, uid, gid and mode as options of their own" },
};
