import type { Finding } from "./findings.ts";
import type { VolumeEvent } from "./volume-events.ts";
import type { RemovedVolume, SnapshotInfo, UsageInfo, VolumeInfo } from "./volume-info.ts";

/** How long a verb's caller waits; the work goes on when the caller gives up, as it does for the engine's calls. */
export interface VerbOptions {
  readonly signal?: AbortSignal | undefined;
}

/** What becomes of a removed volume: deleted at once, kept for ever, or kept for a while. */
export type RemovePolicy = "delete" | "keep" | "trash";

/** What `openVolume` and `openSnapshot` give: a folder that is there until it is disposed of. */
export interface OpenedFolder extends AsyncDisposable {
  /** Absolute. Read-only for a snapshot. */
  readonly path: string;
}

/**
 * What can be done with volumes beside the engine's calls.
 * Each verb records what it is about to do, does it, and records the outcome; a run that was killed in between is
 * finished or undone by the next start. Verbs and calls for one volume wait for each other, never for another volume.
 * Errors are `RequestError` where the caller is at fault (also for what the volume's backend cannot do; the text names
 * the backends that can) and `DriverError` otherwise; an unknown volume is `DriverError` "no such volume". Names of
 * volumes and snapshots have letters, digits, ".", "_" and "-", at most 128, letter or digit first.
 */
export interface VolumeVerbs {
  /** All volumes by name, from memory. */
  list(): VolumeInfo[];
  /** One volume, from memory; throws `DriverError` where there is none. */
  inspect(name: string): VolumeInfo;
  /** The same; undefined where there is none. */
  find(name: string): VolumeInfo | undefined;
  /** The names of the volumes that have snapshots. */
  withSnapshots(): string[];
  /** As `docker volume create -o`: succeeds where the volume is there with these options. */
  create(name: string, options?: Readonly<Record<string, string>>, verb?: VerbOptions): Promise<VolumeInfo>;
  /** As `docker volume rm`, by the volume's own `on-remove` unless told otherwise. Refused while it is in use. */
  remove(name: string, verb?: VerbOptions & { readonly policy?: RemovePolicy | undefined }): Promise<void>;
  /** Takes back all mounts of one holder, for whom no Unmount will come; refused while the kernel shows it mounted. */
  release(name: string, holder: string, verb?: VerbOptions): Promise<void>;

  /** Keeps the data as it is now, under a name or one made of the time, such as `20261201T101500Z`. */
  snapshot(name: string, snapshot?: string, verb?: VerbOptions): Promise<SnapshotInfo>;
  /** The snapshots of a volume, oldest first, from memory. */
  snapshots(name: string): SnapshotInfo[];
  removeSnapshot(name: string, snapshot: string, verb?: VerbOptions): Promise<void>;
  /** Brings a volume that is not in use back to a snapshot; what it held before is gone when this resolves. */
  restore(name: string, snapshot: string, verb?: VerbOptions): Promise<void>;
  /**
   * Makes a volume with another one's data, as it is now or as in one of its snapshots. The options of the source hold
   * for the new one where `options` says nothing else. Also: `docker volume create -o from=name@snapshot`.
   */
  clone(from: CloneRequest, name: string, verb?: VerbOptions): Promise<VolumeInfo>;
  /** Changes the size, in bytes. */
  resize(name: string, size: number, verb?: VerbOptions): Promise<VolumeInfo>;
  /** Writes a snapshot to a new file, as the difference from the earlier snapshot `since` where one is named. */
  send(name: string, stream: SendRequest, verb?: VerbOptions): Promise<void>;
  /** Makes a snapshot of an existing volume from a file that `send` wrote. `restore` or `clone` it to use it. */
  receive(name: string, stream: ReceiveRequest, verb?: VerbOptions): Promise<SnapshotInfo>;
  /** Measures how full the volume is, which `inspect` shows from then on. */
  stats(name: string, verb?: VerbOptions): Promise<UsageInfo>;

  /** Holds a volume mounted, as a container does, for a backup or an import. */
  openVolume(name: string, verb?: VerbOptions): Promise<OpenedFolder>;
  /** Holds a snapshot readable; it can be neither removed nor restored meanwhile. */
  openSnapshot(name: string, snapshot: string, verb?: VerbOptions): Promise<OpenedFolder>;

  /** Volumes that were removed and are still kept, oldest first, from memory. */
  removed(): RemovedVolume[];
  /** Makes a removed volume a volume again, under its name or another. */
  bringBack(id: string, options?: VerbOptions & { readonly name?: string | undefined }): Promise<VolumeInfo>;
  /** Deletes a removed volume for good. */
  purge(id: string, verb?: VerbOptions): Promise<void>;

  /** Compares records, disk and kernel; changes nothing. An empty list: all is well. */
  check(verb?: VerbOptions): Promise<Finding[]>;
  /** What belongs to no volume; with `apply` it is moved to the trash folder or undone, and `done` says so. */
  gc(verb?: VerbOptions & { readonly apply?: boolean | undefined }): Promise<Finding[]>;
  /** All changes from now on, until the loop is left or the signal aborts. A slow reader loses the oldest, and is told. */
  events(verb?: VerbOptions): AsyncIterableIterator<VolumeEvent>;
}

/** Whose data a clone gets. */
export interface CloneRequest {
  readonly volume: string;
  readonly snapshot?: string | undefined;
  readonly options?: Readonly<Record<string, string>> | undefined;
}

/** What `send` writes. */
export interface SendRequest {
  readonly snapshot: string;
  readonly since?: string | undefined;
  /** Absolute; must not be there yet. */
  readonly file: string;
}

/** What `receive` reads. */
export interface ReceiveRequest {
  /** The name that the snapshot gets. */
  readonly snapshot: string;
  readonly file: string;
}
