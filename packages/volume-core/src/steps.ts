/**
 * The instants between two side effects, where a crash leaves work half done. Tests kill the process at each of them;
 * the order is that of a volume's life.
 */
export const steps = [
  "create: intent recorded",
  "create: folder made",
  "create: provisioned",
  "create: done",
  "mount: intent recorded",
  "mount: attached",
  "mount: done",
  "unmount: intent recorded",
  "unmount: detached",
  "unmount: done",
  "remove: intent recorded",
  "remove: destroyed",
  "remove: folder in trash",
  "remove: done",
  "trash: emptied",
] as const;

/** One of `steps`. */
export type Step = (typeof steps)[number];
