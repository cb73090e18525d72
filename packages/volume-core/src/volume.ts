import { findFolderUsers } from "@outrigger/linux";
import { DriverError, RequestError } from "@outrigger/protocol";
import type { Backend } from "./backend.ts";
import { addHold, carryHolds, dropCarriedHolds, dropHold, hasCarriedHolds, holdersNamed } from "./holds.ts";
import type { VolumeAction } from "./volume-events.ts";
import type { UsageInfo } from "./volume-info.ts";
import { Turns, type Caller } from "./turns.ts";
import type { VolumeRecord } from "./volume-record.ts";
import { textOf, VolumeStorage, type Problem, type StorageSurroundings } from "./volume-storage.ts";
import { VolumeWork } from "./volume-work.ts";

/** What all volumes of one plugin share. */
export interface VolumeSurroundings extends StorageSurroundings {
  /** How long a volume that nobody holds stays attached when it was not detached at once. */
  readonly lingerMs: number;
  /** Called when nothing is there under a name any more, and nobody waits for it. */
  readonly forget: (name: string) => void;
  /** Resolves when the backend is up. */
  readonly ready: (backend: Backend) => Promise<void>;
  /** Hears what is done to a volume: once at the beginning, once at the end. */
  readonly told: (what: Told) => void;
}

/** What is done to a volume, for whoever listens. */
export interface Told {
  readonly volume: string;
  readonly action: VolumeAction;
  readonly outcome: "begun" | "done" | "failed";
  readonly snapshot?: string | undefined;
  readonly reason?: string | undefined;
}

/** What a watchdog found. */
export interface Health extends Problem {
  readonly state: "degraded" | "lost";
}

/** What is to be done in a volume's turn. */
export interface Turn<T> {
  /** What it does to the volume, such as "mounted". */
  readonly what: string;
  readonly action?: VolumeAction | undefined;
  /** The snapshot concerned, which `work` may find out only. */
  snapshot?: string | undefined;
  readonly work: (storage: VolumeStorage, work: VolumeWork) => Promise<T>;
}

/**
 * One name and whatever is there under it: nothing, a volume, or one on its way in or out.
 * Calls take turns; each first finishes or undoes what an earlier one left in the middle.
 */
export class Volume {
  readonly name: string;
  /** How full it was when it was measured last. */
  usage: UsageInfo | undefined;
  readonly #around: VolumeSurroundings;
  readonly #storage: VolumeStorage;
  readonly #work: VolumeWork;
  readonly #turns: Turns;
  /** How many read each snapshot. */
  #opened: Map<string, number> | undefined;
  #health: Health | undefined;
  #linger: NodeJS.Timeout | undefined;
  /** The last run was removing it; so it is gone, unless the first turn cannot finish that. */
  #leaving: boolean;

  constructor(name: string, around: VolumeSurroundings, record?: VolumeRecord) {
    this.name = name;
    this.#around = around;
    this.#leaving = record?.phase === "removing";
    this.#storage = new VolumeStorage(name, around, record);
    this.#work = new VolumeWork(this.#storage, around);
    this.#turns = new Turns(() => {
      if (this.#storage.record === undefined) around.forget(name);
    });
  }

  /**
   * What Get and List show: nothing of a volume that is still being made, or whose making failed, or that is on its way
   * out since the last run.
   */
  get shown(): VolumeRecord | undefined {
    const { record } = this.#storage;
    return record?.phase === "creating" || this.#leaving ? undefined : record;
  }

  /** The part of that which List shows. */
  get listed(): Pick<VolumeRecord, "mountpoint" | "createdAt"> | undefined {
    return this.shown;
  }

  /** The last part of its folder's path, where it is not the one that follows from its name. */
  get folderName(): string | undefined {
    return this.#storage.record?.folder;
  }

  /** Whether nobody reads any of its snapshots. */
  get unread(): boolean {
    return this.#opened === undefined;
  }

  get problem(): Problem | undefined {
    return this.#storage.problem;
  }

  /** What the watchdog found; undefined where all is well. */
  get health(): Health | undefined {
    return this.#health;
  }

  set health(health: Health | undefined) {
    if (this.#health?.text === health?.text) return;
    this.#health = health;
    const reason = health === undefined ? "ready" : `${health.state}: ${health.text}`;
    this.#around.told({ volume: this.name, action: "state", outcome: "done", reason });
  }

  /** Resolves when all that was asked of it so far is done. */
  get settled(): Promise<unknown> {
    return this.#turns.settled;
  }

  /** Whether nothing is being done to it right now. */
  get idle(): boolean {
    return this.#turns.idle;
  }

  /** Counts a mount and returns where the volume is attached. */
  mount(id: string, caller: Caller): Promise<string> {
    const work = async (): Promise<string> => {
      await this.#reap();
      const mountpoint = await this.#storage.attach();
      const { holds } = this.#storage.existing;
      // The engine sends no Unmount after an error, so nothing is counted then; a retry soon after finds the work done.
      this.#storage.change({ phase: "attached", mountpoint, holds: caller.gone ? holds : addHold(holds, id) });
      this.health = undefined;
      this.#around.step("mount: done");
      return mountpoint;
    };
    return this.turn({ what: "mounted", action: "mount", work }, caller);
  }

  /** Takes one mount of this id back, and detaches the volume after the last one; an unknown id is none. */
  unmount(id: string, caller: Caller): Promise<void> {
    const work = async (): Promise<void> => {
      const { record } = this.#storage;
      if (record === undefined) return;
      const holds = dropHold(record.holds, id);
      if (holds !== record.holds) this.#storage.change({ holds });
      await this.#reap();
      await this.#release();
    };
    // Done whether or not somebody still waits: the container has stopped, and nobody will say so again.
    return this.#waited({ what: "unmounted", action: "unmount", work }, caller);
  }

  /** Whether the last run of the plugin, or of the machine, may have left something in the middle. */
  get unsettled(): boolean {
    const { record } = this.#storage;
    return record !== undefined && (record.phase !== "idle" || !!record.intent || !!record.snapshots?.length);
  }

  /** Brings a volume in order that the last run of the plugin, or of the machine, left in the middle. */
  recover(): Promise<void> {
    const work = async (): Promise<void> => {
      await this.#work.hideAll();
      await this.#release();
    };
    return this.#take({ what: "brought in order", work });
  }

  /** The engine started again: what it held so far is of an earlier life. */
  carry(): void {
    const { record } = this.#storage;
    if (record !== undefined && record.holds.size > 0) this.#storage.change({ holds: carryHolds(record.holds) });
  }

  /** Does something to the volume in its turn, unless the caller has gone by then. */
  turn<T>(turn: Turn<T>, caller: Caller): Promise<T> {
    return this.#waited(turn, caller, () => caller.throwIfGone());
  }

  /** Detached, within a turn; throws where somebody has it. */
  async free(): Promise<void> {
    await this.#reap();
    await this.#refuseUsed();
    await this.#release();
  }

  /** Makes a snapshot readable for one more reader, within a turn, and returns where. */
  async openSnapshot(name: string): Promise<string> {
    const path = await this.#work.show(name);
    this.#opened ??= new Map();
    this.#opened.set(name, (this.#opened.get(name) ?? 0) + 1);
    return path;
  }

  /** Takes that back, within a turn. */
  async closeSnapshot(name: string): Promise<void> {
    const left = (this.#opened?.get(name) ?? 1) - 1;
    if (left > 0) return void this.#opened?.set(name, left);
    this.#opened?.delete(name);
    if (this.#opened?.size === 0) this.#opened = undefined;
    await this.#work.hide(name);
  }

  /** Throws where somebody reads this snapshot, or any where none is named. */
  refuseOpened(snapshot?: string): void {
    const opened = this.#opened;
    const [name] = snapshot === undefined ? (opened?.keys() ?? []) : [snapshot];
    if (name === undefined || opened?.has(name) !== true) return;
    throw new DriverError(`snapshot ${name} of volume ${this.name} is being read; try again when that is over`);
  }

  /**
   * Takes all mounts of one holder back, named by its id or the beginning of it, within a turn; throws where the kernel
   * shows the volume mounted.
   */
  async release(holder: string): Promise<void> {
    const { holds } = this.#storage.existing;
    const [id, another] = holdersNamed(holds, holder);
    const named = JSON.stringify(holder.slice(0, 64));
    if (id === undefined) throw new DriverError(`volume ${this.name} is not held by ${named}`);
    if (another !== undefined) {
      throw new RequestError(
        `holders ${id} and ${another} of volume ${this.name} both begin with ${named}; write more`,
      );
    }
    const { users } = await findFolderUsers(this.#storage.folder);
    const [user] = users;
    if (user !== undefined) {
      throw new DriverError(
        `volume ${this.name} is still mounted by process ${user.pid} on ${user.mountpoint}; stop the container first`,
      );
    }
    const rest = new Map(holds);
    rest.delete(id);
    this.#storage.change({ holds: rest });
    await this.#release();
  }

  #waited<T>(turn: Turn<T>, caller: Caller, first = (): void => {}): Promise<T> {
    const late = (): string => `volume ${this.name} is ${this.#turns.doing}; that goes on, so try again`;
    return caller.wait(this.#take(turn, first), late);
  }

  #take<T>(turn: Turn<T>, first = (): void => {}): Promise<T> {
    return this.#turns.take(turn.what, async () => {
      this.#around.closing.throwIfAborted();
      first();
      clearTimeout(this.#linger);
      this.#tell(turn, "begun");
      try {
        await this.#settle();
        const result = await turn.work(this.#storage, this.#work);
        this.#tell(turn, "done");
        return result;
      } catch (error) {
        this.#tell(turn, "failed", textOf(error));
        throw error;
      } finally {
        if (this.#isFree()) this.#releaseLater();
      }
    });
  }

  /** Finishes or undoes what an earlier turn, or the last run, left in the middle. */
  async #settle(): Promise<void> {
    this.#storage.problem = undefined;
    try {
      if (this.#storage.record !== undefined) await this.#around.ready(this.#storage.backend);
      await this.#storage.settle();
      await this.#work.settle();
    } finally {
      this.#leaving = false;
    }
  }

  #tell({ action, snapshot }: Turn<unknown>, outcome: Told["outcome"], reason?: string): void {
    if (action !== undefined) this.#around.told({ volume: this.name, action, outcome, snapshot, reason });
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
      await this.#take({ what: "unmounted", work: () => this.#release() }).catch(() => {});
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
