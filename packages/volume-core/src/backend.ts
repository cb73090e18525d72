import type { Options, OptionValues } from "@outrigger/plugin";

/** One volume as its backend sees it. */
export interface BackendVolume<S extends Options = Options> {
  readonly name: string;
  /** A folder of the volume's own; made before `provision`, deleted with whatever is left in it after `destroy`. */
  readonly folder: string;
  readonly options: OptionValues<S>;
}

/**
 * Where volumes' data lives.
 * Each method can be called again after it failed, or after the process was killed in the middle of it, and then
 * succeeds where there is nothing left to do. Calls for one volume come one after another, for different volumes at the
 * same time. What a method throws is shown to the user: say which object, why, and the way out. The signal aborts when
 * the work takes too long or the plugin stops; a method then rejects, and what it began is undone by its counterpart.
 */
export interface Backend<S extends Options = Options> {
  /** Shown in `docker volume inspect`. */
  readonly name: string;
  /** What `docker volume create -o` takes. */
  readonly options: S;
  /** Makes the storage. Undone by `destroy`. */
  provision(volume: BackendVolume<S>, signal: AbortSignal): Promise<void>;
  /**
   * Makes the storage usable and returns the absolute path of a folder in the volume's folder. Called for every Mount:
   * while the volume is attached it checks that it still is, and returns the same path. Undone by `detach`.
   */
  attach(volume: BackendVolume<S>, signal: AbortSignal): Promise<string>;
  /** Called when nobody uses the volume any more. */
  detach(volume: BackendVolume<S>, signal: AbortSignal): Promise<void>;
  /** Frees whatever lies outside of the volume's folder. */
  destroy(volume: BackendVolume<S>, signal: AbortSignal): Promise<void>;
}
