/**
 * The instants between two side effects, where a crash leaves work half done. Tests kill the process at each of them;
 * the order is that of a volume's life.
 */
export const steps = [
  "create: intent recorded",
  "create: folder made",
  "create: provisioned",
  "create: labelled",
  "create: done",
  "mount: intent recorded",
  "mount: attached",
  "mount: done",
  "snapshot: intent recorded",
  "snapshot: taken",
  "snapshot: labelled",
  "snapshot: done",
  "restore: intent recorded",
  "restore: restored",
  "restore: done",
  "resize: intent recorded",
  "resize: resized",
  "resize: labelled",
  "resize: done",
  "drop: intent recorded",
  "drop: dropped",
  "drop: labelled",
  "drop: done",
  "unmount: intent recorded",
  "unmount: detached",
  "unmount: done",
  "remove: intent recorded",
  "remove: destroyed",
  "remove: folder in trash",
  "remove: done",
  "set aside: intent recorded",
  "set aside: labelled",
  "set aside: done",
  "bring back: labelled",
  "bring back: done",
  "purge: intent recorded",
  "purge: destroyed",
  "purge: folder in trash",
  "purge: done",
  "trash: emptied",
] as const;

/** One of `steps`. */
export type Step = (typeof steps)[number];
