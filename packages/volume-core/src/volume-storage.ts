import { findFolderUsers } from "@outrigger/linux";
import { DriverError, RequestError, type PluginError } from "@outrigger/protocol";
import type { Table } from "@outrigger/store";
import { randomBytes } from "node:crypto";
import type { Backend, BackendVolume, CloneSource } from "./backend.ts";
import { writeFirstLabel, writeLabel } from "./label-file.ts";
import { checkMount, hideView, showView } from "./mount-view.ts";
import type { GivenOptions, OptionRules, ReadOptions } from "./option-rules.ts";
import type { Reserve } from "./reserve.ts";
import type { Step } from "./steps.ts";
import type { VolumeFolders } from "./volume-folders.ts";
import { folderNameOf } from "./volume-name.ts";
import { isOnlyUse, toStored, type StoredVolume, type VolumeRecord } from "./volume-record.ts";

/** What the storage of all volumes of one plugin shares. */
export interface StorageSurroundings {
  readonly rules: OptionRules;
  readonly table: Table<StoredVolume>;
  readonly folders: VolumeFolders;
  /** Aborts when the plugin stops: what is under way is then left to the next start. */
  readonly closing: AbortSignal;
  readonly backendTimeoutMs: number;
  /** The clock that snapshots and removed volumes go by. */
  readonly now: () => number;
  readonly step: (step: Step) => void;
  readonly emptyTrash: () => void;
  readonly reserve: Reserve;
  /** Whether a removed volume that is still kept has this folder. */
  readonly isTaken: (folderName: string) => boolean;
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
export class VolumeStorage {
  readonly name: string;
  /** What went wrong last. */
  problem: Problem | undefined;
  readonly #around: StorageSurroundings;
  #record: VolumeRecord | undefined;

  constructor(name: string, around: StorageSurroundings, record: VolumeRecord | undefined) {
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
    return this.#around.folders.of(this.name, this.#record?.folder);
  }

  get backend(): Backend {
    return this.#around.rules.backendNamed(this.existing.backend);
  }

  /** Its options, read. */
  get options(): ReadOptions {
    return this.#around.rules.readRecord(this.existing);
  }

  /** To the disk first: what the disk refuses has not happened. */
  change(change: Partial<VolumeRecord>): void {
    this.#save({ ...this.existing, ...change });
  }

  /** Changes what the volume is, in its folder first. */
  async describe(change: Partial<VolumeRecord>, step?: Step): Promise<void> {
    await writeLabel(this.folder, { ...this.existing, ...change, name: this.name });
    if (step !== undefined) this.#around.step(step);
    this.change(change);
  }

  /** The record is somebody else's now, or nobody's. */
  forget(): void {
    this.#record = undefined;
  }

  /** A record that was somebody else's. */
  adopt(record: VolumeRecord): void {
    this.#record = record;
  }

  /** Finishes or undoes what stopped in the middle; afterwards there is no volume, or it is idle or attached. */
  async settle(): Promise<void> {
    const phase = this.#record?.phase;
    try {
      if (phase === "creating" || phase === "removing") await this.#erase();
      if (phase === "attaching" || phase === "detaching") await this.#unattach();
    } catch (error) {
      throw this.failed(`stopped while ${phase} and could not be brought in order`, error);
    }
  }

  /** From nothing to idle; with `from`, with the data of another volume. */
  async create(options: GivenOptions, from?: CloneSource): Promise<void> {
    const { rules, folders, step } = this.#around;
    const backend = rules.backendOf(options);
    const folder = await this.#freeFolder();
    const createdAt = new Date(this.#around.now()).toISOString();
    this.#save({ options, backend: backend.name, folder, createdAt, phase: "creating", holds: new Map() });
    try {
      step("create: intent recorded");
      await folders.make(this.folder);
      step("create: folder made");
      if (from === undefined) await backend.provision(this.view(), this.signal());
      else await backend.clone?.(this.view(), from, this.signal());
      step("create: provisioned");
      // At once, for the disk then writes all of it in one go; a run that was killed before the end undoes all of it.
      await Promise.all([writeFirstLabel(this.folder, { ...this.existing, name: this.name }), folders.syncNames()]);
      step("create: labelled");
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
    const { step } = this.#around;
    const { phase, mountpoint } = this.existing;
    try {
      if (phase === "idle") {
        this.change({ phase: "attaching" });
        step("mount: intent recorded");
      }
      const now = await this.#attached();
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
    const { closing, step } = this.#around;
    const { mountpoint } = this.existing;
    this.change({ phase: "detaching", mountpoint: undefined });
    try {
      step("unmount: intent recorded");
      await this.#detached();
      step("unmount: detached");
      this.change({ phase: "idle" });
    } catch (error) {
      if (!closing.aborted) this.change({ phase: "attached", mountpoint });
      throw this.failed("could not be unmounted", error);
    }
    step("unmount: done");
  }

  /** From idle to nothing. */
  async remove(): Promise<void> {
    const { folders, closing, step } = this.#around;
    try {
      await folders.refuseMounts(this.folder, await this.ownMount());
      this.change({ phase: "removing" });
      step("remove: intent recorded");
      await this.#erase();
    } catch (error) {
      // After an error the user takes the volume for kept, so the next start must not finish this.
      if (!closing.aborted) this.change({ phase: "idle" });
      throw this.failed("could not be removed", error);
    }
  }

  /** What the backend is given. */
  view(size = this.#record?.size): BackendVolume {
    const { name, folder, existing } = this;
    return this.#around.rules.view({ ...existing, size }, { name, folder });
  }

  /** What the backend keeps mounted even while nobody uses the volume. */
  async ownMount(): Promise<string | undefined> {
    const { backend } = this;
    return backend.staysMounted ? (await backend.expects?.(this.view(), this.signal()))?.path : undefined;
  }

  /** Aborts when the plugin stops, or a piece of work takes too long. */
  signal(): AbortSignal {
    return AbortSignal.any([this.#around.closing, AbortSignal.timeout(this.#around.backendTimeoutMs)]);
  }

  /** Notes what went wrong, and returns the error to answer with. */
  failed(what: string, cause: unknown): PluginError {
    // The caller's fault stays the caller's, and says nothing of the volume.
    if (cause instanceof RequestError) return cause;
    this.problem = { text: `${what}: ${textOf(cause)}`, since: new Date().toISOString() };
    return new DriverError(`volume ${this.name} ${what}: ${textOf(cause)}`, { cause });
  }

  async #attached(): Promise<string> {
    const { folders } = this.#around;
    const { backend } = this;
    const [view, signal] = [this.view(), this.signal()];
    const attached = await backend.attach(view, signal);
    const expected = await backend.expects?.(view, signal);
    if (expected !== undefined) await checkMount(expected);
    return await showView({ folders, folder: this.folder, attached, core: this.options.core, signal });
  }

  async #detached(): Promise<void> {
    const signal = this.signal();
    await hideView(this.folder, signal);
    await this.backend.detach(this.view(), signal);
  }

  /** Detaches what stopped in the middle, unless a container has it: after the state file was lost, that can be. */
  async #unattach(): Promise<void> {
    if ((await findFolderUsers(this.folder)).users.length > 0) {
      this.change({ phase: "attached", mountpoint: await this.#attached() });
      return;
    }
    await this.#detached();
    this.change({ phase: "idle", mountpoint: undefined });
  }

  async #erase(): Promise<void> {
    const { folders, table, step, emptyTrash } = this.#around;
    await this.backend.destroy(this.view(), this.signal());
    step("remove: destroyed");
    await folders.discard(this.folder);
    step("remove: folder in trash");
    table.delete(this.name);
    this.#record = undefined;
    emptyTrash();
    step("remove: done");
  }

  /** The usual folder has nothing to say for itself, so undefined; another where a removed volume still has that. */
  async #freeFolder(): Promise<string | undefined> {
    const { folders, isTaken } = this.#around;
    const usual = folderNameOf(this.name);
    if (isTaken(usual)) return `${usual}.${randomBytes(4).toString("hex")}`;
    await folders.refuseUnknown(folders.of(this.name));
    return undefined;
  }

  /** Undoes what failed, unless the plugin stops: then the next start does. Returns the error to answer with. */
  async #undone(what: string, error: unknown): Promise<PluginError> {
    const failure = this.failed(what, error);
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

  #save(record: VolumeRecord): void {
    const { table, reserve } = this.#around;
    try {
      table.set(this.name, toStored(record), isOnlyUse(this.#record, record) ? "kill" : "power-cut");
    } catch (cause) {
      // What gives something back must not need room that only giving it back makes.
      if (givesBack(this.#record, record) && isFull(cause) && reserve.spend()) return this.#save(record);
      throw new DriverError(`the plugin's state could not be written: ${textOf(cause)}`, { cause });
    }
    this.#record = record;
  }
}

/** Whether a volume's next record is one on its way out of use. */
function givesBack(before: VolumeRecord | undefined, { phase, holds }: VolumeRecord): boolean {
  if (phase === "detaching" || phase === "removing" || phase === "idle") return true;
  return phase === "attached" && before !== undefined && countMounts(holds) < countMounts(before.holds);
}

function countMounts(holds: VolumeRecord["holds"]): number {
  return [...holds.values()].reduce((sum, { current, carried }) => sum + current + carried, 0);
}

/** https://sqlite.org/rescode.html#full */
function isFull(error: unknown): boolean {
  return error instanceof Error && "errcode" in error && Number(error.errcode) === 13;
}

/** What an error says. */
export function textOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
