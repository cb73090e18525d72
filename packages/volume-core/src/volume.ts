import { findFolderUsers } from "@outrigger/linux";
import { parseOptions, type Options } from "@outrigger/plugin";
import { DriverError } from "@outrigger/protocol";
import type { Backend } from "./backend.ts";
import { addHold, carryHolds, dropCarriedHolds, dropHold, hasCarriedHolds } from "./holds.ts";
import { refuseOtherOptions } from "./option-differences.ts";
import { Turns, type Caller } from "./turns.ts";
import type { VolumeRecord } from "./volume-record.ts";
import { VolumeStorage, type Problem, type StorageSurroundings } from "./volume-storage.ts";

/** What all volumes of one plugin share. */
export interface VolumeSurroundings<S extends Options> extends StorageSurroundings<S> {
  /** How long a volume that nobody holds stays attached when it was not detached at once. */
  readonly lingerMs: number;
  /** Called when nothing is there under a name any more, and nobody waits for it. */
  readonly forget: (name: string) => void;
}

/**
 * One name and whatever is there under it: nothing, a volume, or one on its way in or out.
 * Calls take turns; each first finishes or undoes what an earlier one left in the middle.
 */
export class Volume<S extends Options> {
  readonly name: string;
  readonly #around: VolumeSurroundings<S>;
  readonly #storage: VolumeStorage<S>;
  readonly #turns: Turns;
  #linger: NodeJS.Timeout | undefined;

  constructor(name: string, around: VolumeSurroundings<S>, record?: VolumeRecord) {
    this.name = name;
    this.#around = around;
    this.#storage = new VolumeStorage(name, around, record);
    this.#turns = new Turns(() => {
      if (this.#storage.record === undefined) around.forget(name);
    });
  }

  get backend(): Backend<S> {
    return this.#around.backend;
  }

  /** What Get and List show: nothing of a volume that is still being made, or whose making failed. */
  get shown(): VolumeRecord | undefined {
    const { record } = this.#storage;
    return record?.phase === "creating" ? undefined : record;
  }

  get problem(): Problem | undefined {
    return this.#storage.problem;
  }

  /** Resolves when all that was asked of it so far is done. */
  get settled(): Promise<unknown> {
    return this.#turns.settled;
  }

  /** Makes the volume, or succeeds if one with these options is there. */
  create(options: Readonly<Record<string, string>>, caller: Caller): Promise<void> {
    return this.#turn("created", caller, async () => {
      caller.throwIfGone();
      const schema = this.backend.options;
      const first = this.#storage.record?.options;
      if (first !== undefined) return refuseOtherOptions(schema, { name: this.name, first, second: options });
      parseOptions(schema, options);
      await this.#storage.create(options);
    });
  }

  /** Counts a mount and returns where the volume is attached. */
  mount(id: string, caller: Caller): Promise<string> {
    return this.#turn("mounted", caller, async () => {
      caller.throwIfGone();
      await this.#reap();
      const mountpoint = await this.#storage.attach();
      const { holds } = this.#storage.existing;
      // The engine sends no Unmount after an error, so nothing is counted then; a retry soon after finds the work done.
      this.#storage.change({ phase: "attached", mountpoint, holds: caller.gone ? holds : addHold(holds, id) });
      this.#around.step("mount: done");
      return mountpoint;
    });
  }

  /** Takes one mount of this id back, and detaches the volume after the last one; an unknown id is none. */
  unmount(id: string, caller: Caller): Promise<void> {
    // Done whether or not somebody still waits: the container has stopped, and nobody will say so again.
    return this.#turn("unmounted", caller, async () => {
      const { record } = this.#storage;
      if (record === undefined) return;
      const holds = dropHold(record.holds, id);
      if (holds !== record.holds) this.#storage.change({ holds });
      await this.#reap();
      await this.#release();
    });
  }

  /** Deletes the volume unless somebody has it. */
  remove(caller: Caller): Promise<void> {
    return this.#turn("removed", caller, async () => {
      caller.throwIfGone();
      // An earlier call removed it while this one waited.
      if (this.#storage.record === undefined) return;
      await this.#reap();
      await this.#refuseUsed();
      await this.#release();
      await this.#storage.remove();
    });
  }

  /** Brings a volume in order that the last run of the plugin, or of the machine, left in the middle. */
  recover(): Promise<void> {
    return this.#take("brought in order", async () => {
      await this.#release();
    });
  }

  /** The engine started again: what it held so far is of an earlier life. */
  carry(): void {
    const { record } = this.#storage;
    if (record !== undefined && record.holds.size > 0) this.#storage.change({ holds: carryHolds(record.holds) });
  }

  #turn<T>(what: string, caller: Caller, work: () => Promise<T>): Promise<T> {
    const late = (): string => `volume ${this.name} is ${this.#turns.doing}; that goes on, so try again`;
    return caller.wait(this.#take(what, work), late);
  }

  #take<T>(what: string, work: () => Promise<T>): Promise<T> {
    return this.#turns.take(what, async () => {
      this.#around.closing.throwIfAborted();
      clearTimeout(this.#linger);
      try {
        await this.#storage.settle();
        this.#storage.problem = undefined;
        return await work();
      } finally {
        if (this.#isFree()) this.#releaseLater();
      }
    });
  }

  /** Drops what earlier lives of the engine held, once the kernel shows that nobody has the volume mounted. */
  async #reap(): Promise<void> {
    if (!hasCarriedHolds(this.#storage.existing.holds)) return;
    const { users, complete } = await findFolderUsers(this.#storage.folder);
    if (!complete || users.length > 0) return;
    this.#storage.change({ holds: dropCarriedHolds(this.#storage.existing.holds) });
  }

  /** Detaches the volume if nobody holds it and nobody is seen to have it mounted. */
  async #release(): Promise<void> {
    if (!this.#isFree()) return;
    const [user] = (await findFolderUsers(this.#storage.folder)).users;
    if (user === undefined) return await this.#storage.detach();
    const text = `still mounted by process ${user.pid} on ${user.mountpoint}, though nobody holds it`;
    this.#storage.problem = { text, since: new Date().toISOString() };
  }

  /** Attached, and held by nobody. */
  #isFree(): boolean {
    const { record } = this.#storage;
    return record?.phase === "attached" && record.holds.size === 0;
  }

  /** For a Mount that was answered too late and may be tried again, and for a volume that could not be detached yet. */
  #releaseLater(): void {
    if (this.#around.closing.aborted) return;
    const release = async (): Promise<void> => {
      // What goes wrong is noted as the volume's problem, and tried again.
      await this.#take("unmounted", () => this.#release()).catch(() => {});
    };
    this.#linger = setTimeout(() => void release(), this.#around.lingerMs).unref();
  }

  async #refuseUsed(): Promise<void> {
    const { holds } = this.#storage.existing;
    const { users, complete } = await findFolderUsers(this.#storage.folder);
    if (holds.size + users.length === 0) return;
    const ids = [...holds.keys()].map((id) => id.slice(0, 12));
    const who = [
      ...(ids.length > 0 ? [`mounted as ${ids.join(", ")}`] : []),
      ...users.map(({ pid, mountpoint }) => `mounted by process ${pid} on ${mountpoint}`),
    ];
    const blind =
      hasCarriedHolds(holds) && !complete
        ? "; if none does, start the plugin where it sees the host's processes, so that it can tell"
        : "";
    throw new DriverError(
      `volume ${this.name} is in use (${who.join("; ")}); stop the containers that use it first${blind}`,
    );
  }
}
