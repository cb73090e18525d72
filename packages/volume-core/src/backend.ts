import type { Options, OptionValues } from "@outrigger/plugin";

/** One volume as its backend sees it. */
export interface BackendVolume<S extends Options = Options> {
  readonly name: string;
  /**
   * A folder of the volume's own; made before `provision`, deleted with whatever is left in it after `destroy`. Its last
   * part is unique among all volumes of the plugin, removed ones included. `volume.json` in it is the core's.
   */
  readonly folder: string;
  /** `size` is the present one, after a resize too. */
  readonly options: OptionValues<S>;
}

/** One snapshot as its backend sees it. */
export interface BackendSnapshot {
  /** Letters, digits, `.`, `_`, `-`; unique among the snapshots of its volume. */
  readonly name: string;
  /** A file name for it, unique among the snapshots of its volume even where case does not count. */
  readonly key: string;
}

/** Where a clone gets its data from; the source is not changed, destroyed or restored meanwhile. */
export interface CloneSource<S extends Options = Options> {
  readonly volume: BackendVolume<S>;
  /** The volume as it is now where left out; it may be attached and in use then. */
  readonly snapshot?: BackendSnapshot | undefined;
}

/** What mountinfo has to show for a volume that is attached. */
export interface ExpectedMount {
  /** Where; in the volume's folder. */
  readonly path: string;
  /** As mountinfo names it, such as `xfs`; not compared where left out. */
  readonly fileSystem?: string | undefined;
  /** As mountinfo names it, such as `/dev/loop3`; not compared where left out. */
  readonly source?: string | undefined;
}

/** How full a volume is, in bytes. */
export interface Usage {
  /** What its files take. */
  readonly usedBytes: number;
  /** What it may take; undefined where nothing but the disk limits it. */
  readonly limitBytes?: number | undefined;
  /** What only this volume takes, shared with no snapshot or clone; undefined where the backend cannot tell. */
  readonly exclusiveBytes?: number | undefined;
  readonly usedInodes?: number | undefined;
}

/** Something of the backend's that belongs to no volume, left over from a crash or made by hand. */
export interface Leftover {
  /** What it is and where, as in `loop device /dev/loop3 of /x/volumes/data-1/image`. */
  readonly what: string;
  /** Takes it away; what may hold data is put into `trash`, a folder on the same file system as the volumes' folders. */
  remove(trash: string, signal: AbortSignal): Promise<void>;
}

/**
 * Where volumes' data lives.
 * Each method can be called again after it failed, or after the process was killed in the middle of it, and then
 * succeeds where there is nothing left to do. Calls for one volume come one after another, for different volumes at the
 * same time. What a method throws is shown to the user: say which object, why, and the way out. The signal aborts when
 * the work takes too long or the plugin stops; a method then rejects, and what it began is undone by its counterpart.
 * The optional methods are what not every backend can; a request for one that is missing is refused by the core, which
 * names the backends that have it.
 */
export interface Backend<S extends Options = Options> {
  /** Shown in `docker volume inspect`, and what `-o backend=` takes. */
  readonly name: string;
  /** What `docker volume create -o` takes beside the core's options. An option called `size` is changed by `resize`. */
  readonly options: S;
  /** `detach` leaves mounted what `expects` names, for the data would be gone without: a tmpfs. */
  readonly staysMounted?: boolean | undefined;
  /** Makes the storage, durably; only the entries of the volume's own folder are made durable by the core. Undone by `destroy`. */
  provision(volume: BackendVolume<S>, signal: AbortSignal): Promise<void>;
  /**
   * Makes the storage usable and returns the absolute path of a folder in the volume's folder. Called for every Mount:
   * while the volume is attached it checks that it still is, and returns the same path. Undone by `detach`.
   */
  attach(volume: BackendVolume<S>, signal: AbortSignal): Promise<string>;
  /** Called when nobody uses the volume any more. */
  detach(volume: BackendVolume<S>, signal: AbortSignal): Promise<void>;
  /** Frees whatever lies outside of the volume's folder, its snapshots included. */
  destroy(volume: BackendVolume<S>, signal: AbortSignal): Promise<void>;
  /** What has to be mounted while the volume is attached; the core compares it with the kernel, for each Mount and later. */
  expects?(volume: BackendVolume<S>, signal: AbortSignal): Promise<ExpectedMount | undefined>;
  /** Called once before anything else, to bring up what all volumes need, such as a pool. */
  open?(signal: AbortSignal): Promise<void>;

  /**
   * Keeps the volume's data as it is at one instant between two writes, also while it is attached and in use. Undone by
   * `dropSnapshot`.
   */
  snapshot?(volume: BackendVolume<S>, snapshot: BackendSnapshot, signal: AbortSignal): Promise<void>;
  /** Deletes a snapshot, or what a failed `snapshot` left. Every backend with `snapshot` has it. */
  dropSnapshot?(volume: BackendVolume<S>, snapshot: BackendSnapshot, signal: AbortSignal): Promise<void>;
  /**
   * Makes a snapshot readable and returns the path of a folder in the volume's folder. Undone by `hideSnapshot`. Every
   * backend with `snapshot` has both.
   */
  showSnapshot?(volume: BackendVolume<S>, snapshot: BackendSnapshot, signal: AbortSignal): Promise<string>;
  hideSnapshot?(volume: BackendVolume<S>, snapshot: BackendSnapshot, signal: AbortSignal): Promise<void>;
  /** In place of `provision`: makes the storage with the data of another volume of this backend. Undone by `destroy`. */
  clone?(volume: BackendVolume<S>, from: CloneSource<S>, signal: AbortSignal): Promise<void>;
  /**
   * Brings a detached volume back to a snapshot, which stays. Where it rejects, the state before is in place; where the
   * process was killed, calling it again finishes it.
   */
  restore?(volume: BackendVolume<S>, snapshot: BackendSnapshot, signal: AbortSignal): Promise<void>;
  /**
   * Makes the volume as large as `volume.options.size` says, attached or not. Throws `RequestError` for what is possible
   * only unmounted, or not at all; then nothing has changed.
   */
  resize?(volume: BackendVolume<S>, change: ResizeChange, signal: AbortSignal): Promise<void>;
  /** How full it is; undefined where that takes long to find out, and `thorough` is false. */
  stats?(volume: BackendVolume<S>, state: StatsState, signal: AbortSignal): Promise<Usage | undefined>;
  /** Writes a snapshot to a new file, as the difference from an earlier one where `since` is given. */
  send?(volume: BackendVolume<S>, stream: SentSnapshot, signal: AbortSignal): Promise<void>;
  /** Makes a snapshot from a file that `send` wrote. Undone by `dropSnapshot`. */
  receive?(volume: BackendVolume<S>, stream: ReceivedSnapshot, signal: AbortSignal): Promise<void>;
  /** What lies about of this backend's although no volume in `folders` (all there are, removed ones too) explains it. */
  leftovers?(folders: ReadonlySet<string>, signal: AbortSignal): Promise<Leftover[]>;
}

/** What `stats` has to go by. */
export interface StatsState {
  readonly attached: boolean;
  /** Whether somebody asked, and waits. */
  readonly thorough: boolean;
}

/** What `resize` has to go by beside the new size. */
export interface ResizeChange {
  /** Bytes; undefined where the volume had no limit. */
  readonly from: number | undefined;
  /** Whether it is in use, so that only what works online can be done. */
  readonly attached: boolean;
}

/** A snapshot on its way into a file. */
export interface SentSnapshot {
  readonly snapshot: BackendSnapshot;
  readonly since?: BackendSnapshot | undefined;
  /** Absolute; must not be there yet. */
  readonly file: string;
}

/** A snapshot on its way out of a file. */
export interface ReceivedSnapshot {
  readonly snapshot: BackendSnapshot;
  readonly file: string;
}
