import { findFolderUsers } from "@outrigger/linux";
import { parseOptions, type Options } from "@outrigger/plugin";
import { DriverError, RequestError, type PluginError } from "@outrigger/protocol";
import type { Table } from "@outrigger/store";
import type { Backend, BackendVolume } from "./backend.ts";
import { addHold, carryHolds, dropCarriedHolds, dropHold, hasCarriedHolds } from "./holds.ts";
import { refuseOtherOptions } from "./option-differences.ts";
import type { Step } from "./steps.ts";
import { Turns, type Caller } from "./turns.ts";
import type { VolumeFolders } from "./volume-folders.ts";
import { toStored, type StoredVolume, type VolumeRecord } from "./volume-record.ts";

/** What all volumes of one plugin share. */
export interface VolumeSurroundings<S extends Options> {
  readonly backend: Backend<S>;
  readonly table: Table<StoredVolume>;
  readonly folders: VolumeFolders;
  /** Aborts when the plugin stops: what is under way is then left to the next start. */
  readonly closing: AbortSignal;
  readonly backendTimeoutMs: number;
  readonly lingerMs: number;
  readonly step: (step: Step) => void;
  readonly emptyTrash: () => void;
  /** Called when nothing is there under a name any more, and nobody waits for it. */
  readonly forget: (name: string) => void;
}

/** Why the last thing that was tried with a volume did not work. */
export interface Problem {
  readonly text: string;
  readonly since: string;
}

/**
 * One name and whatever is there under it: nothing, a volume, or one on its way in or out.
 * All work happens in turns; each first finishes or undoes what an earlier one left in the middle.
 */
export class Volume<S extends Options> {
  readonly name: string;
  readonly #turns: Turns;
  readonly #around: VolumeSurroundings<S>;
  #record: VolumeRecord | undefined;
  #problem: Problem | undefined;
  #linger: NodeJS.Timeout | undefined;

  constructor(name: string, around: VolumeSurroundings<S>, record?: VolumeRecord) {
    this.name = name;
    this.#around = around;
    this.#record = record;
    this.#turns = new Turns(() => {
      if (this.#record === undefined) around.forget(name);
    });
  }

  get backend(): Backend<S> {
    return this.#around.backend;
  }

  /** Resolves when all that was asked of it so far is done. */
  get settled(): Promise<unknown> {
    return this.#turns.settled;
  }

  /** What Get and List show: nothing of a volume that is still being made, or whose making failed. */
  get shown(): VolumeRecord | undefined {
    return this.#record?.phase === "creating" ? undefined : this.#record;
  }

  get problem(): Problem | undefined {
    return this.#problem;
  }

  /** Makes the volume, or succeeds if one with these options is there. */
  create(options: Readonly<Record<string, string>>, caller: Caller): Promise<void> {
    return this.#turn("created", caller, async () => {
      caller.throwIfGone();
      const { backend, folders, step } = this.#around;
      if (this.#record !== undefined) {
        return refuseOtherOptions(backend.options, { name: this.name, first: this.#record.options, second: options });
      }
      parseOptions(backend.options, options);
      const folder = folders.of(this.name);
      await folders.refuseUnknown(folder);
      this.#save({ options, createdAt: new Date().toISOString(), phase: "creating", holds: new Map() });
      try {
        step("create: intent recorded");
        await folders.make(folder);
        step("create: folder made");
        await backend.provision(this.#view(), this.#signal());
        step("create: provisioned");
        this.#change({ phase: "idle" });
      } catch (error) {
        throw await this.#undone("could not be created", error);
      }
      step("create: done");
    });
  }

  /** Counts a mount and returns where the volume is attached. */
  mount(id: string, caller: Caller): Promise<string> {
    return this.#turn("mounted", caller, async () => {
      caller.throwIfGone();
      this.#existing();
      await this.#reap();
      const mountpoint = await this.#attach();
      const holds = this.#existing().holds;
      // After an error no Unmount follows, so nothing is counted; a retry soon after finds the work done.
      this.#change({ phase: "attached", mountpoint, holds: caller.gone ? holds : addHold(holds, id) });
      if (caller.gone) this.#releaseLater();
      this.#around.step("mount: done");
      return mountpoint;
    });
  }

  /** Takes one mount of this id back, and detaches the volume after the last; an unknown id is none. */
  unmount(id: string, caller: Caller): Promise<void> {
    return this.#turn("unmounted", caller, async () => {
      if (this.#record === undefined) return;
      const holds = dropHold(this.#record.holds, id);
      if (holds !== this.#record.holds) this.#change({ holds });
      await this.#reap();
      await this.#release();
    });
  }

  /** Deletes the volume unless somebody has it. */
  remove(caller: Caller): Promise<void> {
    return this.#turn("removed", caller, async () => {
      caller.throwIfGone();
      // Removed by an earlier call while this one waited.
      if (this.#record === undefined) return;
      await this.#reap();
      await this.#refuseUsed();
      await this.#release();
      await this.#around.folders.refuseMounts(this.#view().folder);
      this.#change({ phase: "removing" });
      try {
        this.#around.step("remove: intent recorded");
        await this.#erase();
      } catch (error) {
        if (!this.#around.closing.aborted) this.#change({ phase: "idle" });
        throw this.#failed("could not be removed", error);
      }
    });
  }

  /** Brings a volume in order that the last life of this process, or of the machine, left in the middle. */
  recover(): Promise<void> {
    return this.#turns.take("recovered", async () => {
      await this.#settle();
      await this.#release();
    });
  }

  /** The engine started again. */
  carry(): void {
    if (this.#record !== undefined && this.#record.holds.size > 0)
      this.#change({ holds: carryHolds(this.#record.holds) });
  }

  #turn<T>(what: string, caller: Caller, work: () => Promise<T>): Promise<T> {
    const turn = this.#turns.take(what, async () => {
      this.#around.closing.throwIfAborted();
      clearTimeout(this.#linger);
      await this.#settle();
      this.#problem = undefined;
      return await work();
    });
    return caller.wait(turn, () => `volume ${this.name} is ${this.#turns.doing}; that goes on, so try again`);
  }

  /** Finishes or undoes what stopped in the middle. */
  async #settle(): Promise<void> {
    const phase = this.#record?.phase;
    try {
      if (phase === "creating" || phase === "removing") await this.#erase();
      if (phase === "attaching" || phase === "detaching") {
        await this.#around.backend.detach(this.#view(), this.#signal());
        this.#change({ phase: "idle" });
      }
    } catch (error) {
      throw this.#failed(`stopped while ${phase} and could not be brought in order`, error);
    }
  }

  /** Drops what earlier lives of the engine held, once the kernel shows that nobody has the volume mounted. */
  async #reap(): Promise<void> {
    if (!hasCarriedHolds(this.#existing().holds)) return;
    const { users, complete } = await findFolderUsers(this.#view().folder);
    if (complete && users.length === 0) this.#change({ holds: dropCarriedHolds(this.#existing().holds) });
  }

  async #attach(): Promise<string> {
    const { backend, folders, step } = this.#around;
    const view = this.#view();
    const { phase, mountpoint } = this.#existing();
    try {
      if (phase !== "attached") {
        this.#change({ phase: "attaching" });
        step("mount: intent recorded");
      }
      const now = await backend.attach(view, this.#signal());
      await folders.checkMountpoint(now, view.folder);
      if (phase === "attached" && now !== mountpoint) {
        throw new DriverError(`it moved from ${mountpoint} to ${now}; stop the containers that use it`);
      }
      step("mount: attached");
      return now;
    } catch (error) {
      throw await this.#undone("could not be mounted", error);
    }
  }

  /** Detaches the volume if nobody holds it and, as far as the kernel shows, nobody has it mounted. */
  async #release(): Promise<void> {
    const { backend, step } = this.#around;
    const { phase, mountpoint, holds } = this.#record ?? {};
    if (phase !== "attached" || holds?.size !== 0) return;
    const view = this.#view();
    const { users } = await findFolderUsers(view.folder);
    if (users.length > 0 || this.#existing().holds.size > 0) return;
    this.#change({ phase: "detaching", mountpoint: undefined });
    try {
      step("unmount: intent recorded");
      await backend.detach(view, this.#signal());
      step("unmount: detached");
      this.#change({ phase: "idle" });
    } catch (error) {
      if (!this.#around.closing.aborted) this.#change({ phase: "attached", mountpoint });
      throw this.#failed("could not be unmounted", error);
    }
    step("unmount: done");
  }

  #releaseLater(): void {
    this.#linger = setTimeout(() => {
      const turn = this.#turns.take("unmounted", async () => {
        if (!this.#around.closing.aborted) await this.#release();
      });
      // `#release` has noted the problem, and the next call tries again.
      turn.catch(() => {});
    }, this.#around.lingerMs).unref();
  }

  /** Destroys the storage, takes the folder away and forgets the volume. */
  async #erase(): Promise<void> {
    const { backend, folders, table, step, emptyTrash } = this.#around;
    const view = this.#view();
    await backend.destroy(view, this.#signal());
    step("remove: destroyed");
    await folders.discard(view.folder);
    step("remove: folder in trash");
    table.delete(this.name);
    this.#record = undefined;
    emptyTrash();
    step("remove: done");
  }

  async #refuseUsed(): Promise<void> {
    const ids = [...this.#existing().holds.keys()].map((id) => id.slice(0, 12));
    const { users } = await findFolderUsers(this.#view().folder);
    const processes = users.map(({ pid, mountpoint }) => `process ${pid} on ${mountpoint}`);
    if (ids.length + processes.length === 0) return;
    const who = [...(ids.length > 0 ? [`mounted by ${ids.join(", ")}`] : []), ...processes].join(", ");
    throw new DriverError(`volume ${this.name} is in use: ${who}; stop the containers that use it first`);
  }

  /** Undoes what failed, unless the plugin stops: then the next start does. Returns the error to answer with. */
  async #undone(what: string, error: unknown): Promise<PluginError> {
    const failure = this.#failed(what, error);
    if (this.#around.closing.aborted) return failure;
    try {
      await this.#settle();
    } catch (undoing) {
      return new DriverError(`${failure.message}; then ${textOf(undoing)}, which the next call tries again`, {
        cause: undoing,
      });
    }
    return failure;
  }

  #failed(what: string, cause: unknown): PluginError {
    this.#problem = { text: `${what}: ${textOf(cause)}`, since: new Date().toISOString() };
    if (cause instanceof RequestError) return cause;
    return new DriverError(`volume ${this.name} ${what}: ${textOf(cause)}`, { cause });
  }

  #view(): BackendVolume<S> {
    const { backend, folders } = this.#around;
    return {
      name: this.name,
      folder: folders.of(this.name),
      options: parseOptions(backend.options, this.#existing().options),
    };
  }

  #signal(): AbortSignal {
    return AbortSignal.any([this.#around.closing, AbortSignal.timeout(this.#around.backendTimeoutMs)]);
  }

  #existing(): VolumeRecord {
    if (this.#record === undefined) throw new DriverError(`no such volume: ${this.name}`);
    return this.#record;
  }

  #change(change: Partial<VolumeRecord>): void {
    this.#save({ ...this.#existing(), ...change });
  }

  /** To the disk first: what it refuses has not happened. */
  #save(record: VolumeRecord): void {
    this.#around.table.set(this.name, toStored(record));
    this.#record = record;
  }
}

function textOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
