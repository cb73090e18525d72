/** What happened to a volume. */
export type VolumeAction =
  | "create"
  | "mount"
  | "unmount"
  | "remove"
  | "snapshot"
  | "remove-snapshot"
  | "restore"
  | "resize"
  | "send"
  | "receive"
  | "bring-back"
  | "purge"
  | "release"
  | "state";

/** One change, or the beginning of one. */
export interface VolumeEvent {
  /** RFC 3339. */
  readonly time: string;
  readonly volume: string;
  readonly action: VolumeAction;
  readonly outcome: "begun" | "done" | "failed";
  /** The snapshot concerned, where there is one. */
  readonly snapshot?: string | undefined;
  /** Why it failed, or what the new state is. */
  readonly reason?: string | undefined;
  /** How many events before this one were dropped, because the reader was too slow; missing where none. */
  readonly lost?: number | undefined;
}
