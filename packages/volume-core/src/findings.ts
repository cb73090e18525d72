/** Something that `check` or `gc` found. */
export interface Finding {
  readonly kind:
    | "folder missing"
    | "folder unknown"
    | "label wrong"
    | "mount missing"
    | "mount unknown"
    | "volume degraded"
    | "leftover"
    | "trash stuck";
  /** The volume concerned, where there is one. */
  readonly volume?: string | undefined;
  /** What is wrong with which object, and why. */
  readonly text: string;
  /** What to do about it. */
  readonly remedy: string;
  /** Whether `gc` with `apply` has taken it away. */
  readonly done: boolean;
}
