import { parseOptions, type Options } from "@outrigger/plugin";
import { DriverError, RequestError, type PluginError } from "@outrigger/protocol";
import type { Table } from "@outrigger/store";
import type { Backend, BackendVolume } from "./backend.ts";
import type { Step } from "./steps.ts";
import type { VolumeFolders } from "./volume-folders.ts";
import { toStored, type StoredVolume, type VolumeRecord } from "./volume-record.ts";

/** What the storage of all volumes of one plugin shares. */
export interface StorageSurroundings<S extends Options> {
  readonly backend: Backend<S>;
  readonly table: Table<StoredVolume>;
  readonly folders: VolumeFolders;
  /** Aborts when the plugin stops: what is under way is then left to the next start. */
  readonly closing: AbortSignal;
  readonly backendTimeoutMs: number;
  readonly step: (step: Step) => void;
  readonly emptyTrash: () => void;
}

/** Why the last thing that was tried with a volume did not work. */
export interface Problem {
  readonly text: string;
  /** RFC 3339. */
  readonly since: string;
}

/**
 * One volume's record, and the storage behind it. Each method leads from one phase to another: the intent is recorded,
 * then the backend works, then the outcome is recorded. Whoever calls sees to it that one method runs at a time.
 */
export class VolumeStorage<S extends Options> {
  readonly name: string;
  /** What went wrong last. */
  problem: Problem | undefined;
  readonly #around: StorageSurroundings<S>;
  #record: VolumeRecord | undefined;

  constructor(name: string, around: StorageSurroundings<S>, record: VolumeRecord | undefined) {
    this.name = name;
    this.#around = around;
    this.#record = record;
  }

  /** Undefined where there is no volume. */
  get record(): VolumeRecord | undefined {
    return this.#record;
  }

  /** The record of a volume that has to be there. */
  get existing(): VolumeRecord {
    if (this.#record === undefined) throw new DriverError(`no such volume: ${this.name}`);
    return this.#record;
  }

  get folder(): string {
    return this.#around.folders.of(this.name);
  }

  /** To the disk first: what the disk refuses has not happened. */
  change(change: Partial<VolumeRecord>): void {
    this.#save({ ...this.existing, ...change });
  }

  /** Finishes or undoes what stopped in the middle; afterwards there is no volume, or it is idle or attached. */
  async settle(): Promise<void> {
    const phase = this.#record?.phase;
    try {
      if (phase === "creating" || phase === "removing") await this.#erase();
      if (phase === "attaching" || phase === "detaching") {
        await this.#around.backend.detach(this.#view(), this.#signal());
        this.change({ phase: "idle" });
      }
    } catch (error) {
      throw this.#failed(`stopped while ${phase} and could not be brought in order`, error);
    }
  }

  /** From nothing to idle. */
  async create(options: Readonly<Record<string, string>>): Promise<void> {
    const { backend, folders, step } = this.#around;
    await folders.refuseUnknown(this.folder);
    this.#save({ options, createdAt: new Date().toISOString(), phase: "creating", holds: new Map() });
    try {
      step("create: intent recorded");
      await folders.make(this.folder);
      step("create: folder made");
      await backend.provision(this.#view(), this.#signal());
      step("create: provisioned");
      this.change({ phase: "idle" });
    } catch (error) {
      throw await this.#undone("could not be created", error);
    }
    step("create: done");
  }

  /**
   * Makes sure that the storage is usable and returns where. From idle it leads to attaching: recording that it is
   * attached is left to the caller, who has a hold to record with it.
   */
  async attach(): Promise<string> {
    const { backend, folders, step } = this.#around;
    const { phase, mountpoint } = this.existing;
    try {
      if (phase === "idle") {
        this.change({ phase: "attaching" });
        step("mount: intent recorded");
      }
      const now = await backend.attach(this.#view(), this.#signal());
      await folders.checkMountpoint(now, this.folder);
      if (phase === "attached" && now !== mountpoint) {
        throw new DriverError(`it moved from ${mountpoint} to ${now}; stop the containers that use it`);
      }
      step("mount: attached");
      return now;
    } catch (error) {
      throw await this.#undone("could not be mounted", error);
    }
  }

  /** From attached to idle. */
  async detach(): Promise<void> {
    const { backend, closing, step } = this.#around;
    const { mountpoint } = this.existing;
    this.change({ phase: "detaching", mountpoint: undefined });
    try {
      step("unmount: intent recorded");
      await backend.detach(this.#view(), this.#signal());
      step("unmount: detached");
      this.change({ phase: "idle" });
    } catch (error) {
      if (!closing.aborted) this.change({ phase: "attached", mountpoint });
      throw this.#failed("could not be unmounted", error);
    }
    step("unmount: done");
  }

  /** From idle to nothing. */
  async remove(): Promise<void> {
    const { folders, closing, step } = this.#around;
    try {
      await folders.refuseMounts(this.folder);
      this.change({ phase: "removing" });
      step("remove: intent recorded");
      await this.#erase();
    } catch (error) {
      // After an error the user takes the volume for kept, so the next start must not finish this.
      if (!closing.aborted) this.change({ phase: "idle" });
      throw this.#failed("could not be removed", error);
    }
  }

  async #erase(): Promise<void> {
    const { backend, folders, table, step, emptyTrash } = this.#around;
    await backend.destroy(this.#view(), this.#signal());
    step("remove: destroyed");
    await folders.discard(this.folder);
    step("remove: folder in trash");
    table.delete(this.name);
    this.#record = undefined;
    emptyTrash();
    step("remove: done");
  }

  /** Undoes what failed, unless the plugin stops: then the next start does. Returns the error to answer with. */
  async #undone(what: string, error: unknown): Promise<PluginError> {
    const failure = this.#failed(what, error);
    if (this.#around.closing.aborted) return failure;
    try {
      await this.settle();
      return failure;
    } catch (undoing) {
      return new DriverError(`${failure.message}; then ${textOf(undoing)}, which the next call tries again`, {
        cause: undoing,
      });
    }
  }

  #failed(what: string, cause: unknown): PluginError {
    this.problem = { text: `${what}: ${textOf(cause)}`, since: new Date().toISOString() };
    // The caller's fault stays the caller's.
    if (cause instanceof RequestError) return cause;
    return new DriverError(`volume ${this.name} ${what}: ${textOf(cause)}`, { cause });
  }

  #view(): BackendVolume<S> {
    const options = parseOptions(this.#around.backend.options, this.existing.options);
    return { name: this.name, folder: this.folder, options };
  }

  #signal(): AbortSignal {
    return AbortSignal.any([this.#around.closing, AbortSignal.timeout(this.#around.backendTimeoutMs)]);
  }

  #save(record: VolumeRecord): void {
    try {
      this.#around.table.set(this.name, toStored(record));
    } catch (cause) {
      throw new DriverError(`the plugin's state could not be written: ${textOf(cause)}`, { cause });
    }
    this.#record = record;
  }
}

function textOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
