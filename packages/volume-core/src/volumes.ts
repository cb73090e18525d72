import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { readBootId } from "@outrigger/linux";
import type { Driver, Hooks, Logger, Options } from "@outrigger/plugin";
import { DriverError, type volumeDriver } from "@outrigger/protocol";
import { openStore, type Store } from "@outrigger/store";
import type { Backend } from "./backend.ts";
import { loadRecords, volumeTable } from "./load-records.ts";
import type { Step } from "./steps.ts";
import { Trash } from "./trash.ts";
import { createVolumeDriver, type Scope } from "./volume-driver.ts";
import { VolumeFolders } from "./volume-folders.ts";
import type { VolumeRecord } from "./volume-record.ts";
import { Volume, type VolumeSurroundings } from "./volume.ts";

/** What to open volumes with. */
export interface VolumesOptions<S extends Options = Options> {
  /** An absolute path; made for the owner alone. Everything is below it: `state.db`, `volumes/`, `trash/`. */
  readonly root: string;
  readonly backend: Backend<S>;
  /** `local` where left out. */
  readonly scope?: Scope;
  /** Hears what goes wrong when no caller is there to be told. */
  readonly log?: Logger;
  /** How long one piece of the backend's work may take, whoever waits for it; 600,000 where left out. */
  readonly backendTimeoutMs?: number;
  /** How long a volume stays attached for a retry of a Mount that was answered too late; 60,000 where left out. */
  readonly lingerMs?: number;
  /** How long closing waits for work under way; what takes longer is brought in order by the next start. 5,000 where left out. */
  readonly closeTimeoutMs?: number;
  /** Called at each instant between two side effects, so that a test can end the process there. */
  readonly onStep?: (step: Step) => void;
}

/** The volumes of one plugin. Disposing of them detaches nothing: containers go on. */
export interface Volumes extends AsyncDisposable {
  /** Give it to `definePlugin` as `drivers.VolumeDriver`. */
  readonly driver: Driver<typeof volumeDriver>;
  /** Give them to `definePlugin` too: they tell one life of the engine from the next. */
  readonly hooks: Hooks;
  /** Resolves when what an earlier run left in the middle is in order; nothing has to wait for it. */
  readonly recovered: Promise<void>;
}

/**
 * Loads the volumes below a root, which no other process may have open, and takes calls for them at once; whatever was
 * left in the middle is brought in order meanwhile. Throws `StoreError` where the state cannot be used.
 */
export async function openVolumes<S extends Options>(options: VolumesOptions<S>): Promise<Volumes> {
  const folders = await VolumeFolders.open(options.root);
  const store = openStore({ file: join(options.root, "state.db") });
  try {
    return new OpenVolumes(options, { folders, store, records: loadRecords(store, await readBootId()) });
  } catch (error) {
    await store[Symbol.asyncDispose]();
    throw error;
  }
}

interface Loaded {
  readonly folders: VolumeFolders;
  readonly store: Store;
  readonly records: ReadonlyMap<string, VolumeRecord>;
}

class OpenVolumes<S extends Options> implements Volumes {
  readonly driver: Driver<typeof volumeDriver>;
  readonly hooks: Hooks = { onActivate: () => this.#carryHolds() };
  readonly recovered: Promise<void>;
  readonly #options: VolumesOptions<S>;
  readonly #store: Store;
  readonly #trash: Trash;
  readonly #around: VolumeSurroundings<S>;
  readonly #all = new Map<string, Volume<S>>();
  readonly #closing = new AbortController();
  #closed: Promise<void> | undefined;

  constructor(options: VolumesOptions<S>, { folders, store, records }: Loaded) {
    this.#options = options;
    this.#store = store;
    this.#trash = new Trash(folders.trash, {
      signal: this.#closing.signal,
      onEnd: (problems) => this.#reportTrash(problems),
    });
    this.#around = {
      backend: options.backend,
      folders,
      table: volumeTable(store),
      closing: this.#closing.signal,
      backendTimeoutMs: options.backendTimeoutMs ?? 600_000,
      lingerMs: options.lingerMs ?? 60_000,
      step: options.onStep ?? (() => {}),
      emptyTrash: () => void this.#trash.empty(),
      forget: (name) => void this.#all.delete(name),
    };
    for (const [name, record] of records) this.#begin(name, record);
    this.driver = createVolumeDriver({
      all: this.#all,
      scope: options.scope ?? "local",
      begin: (name) => this.#begin(name),
    });
    this.recovered = this.#recover();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await (this.#closed ??= this.#close());
  }

  #begin(name: string, record?: VolumeRecord): Volume<S> {
    const volume = new Volume(name, this.#around, record);
    this.#all.set(name, volume);
    return volume;
  }

  async #recover(): Promise<void> {
    const { log } = this.#options;
    const recoveries = [...this.#all.values()].map(async (volume) => {
      await volume.recover().catch((error: unknown) => log?.warn(`volume ${volume.name} is not in order`, error));
    });
    await Promise.all([...recoveries, this.#trash.empty()]);
    // What a recovery threw away, too.
    await this.#trash.empty();
  }

  #carryHolds(): void {
    if (this.#closing.signal.aborted) return;
    this.#store.transaction(() => {
      for (const volume of this.#all.values()) volume.carry();
    });
  }

  #reportTrash(problems: readonly Error[]): void {
    const { log, onStep } = this.#options;
    for (const problem of problems) log?.warn("a part of a removed volume could not be deleted", problem);
    onStep?.("trash: emptied");
  }

  async #close(): Promise<void> {
    this.#closing.abort(new DriverError("the plugin is stopping; try again when it is up"));
    const underWay = [...this.#all.values()].map((volume) => volume.settled);
    const settled = Promise.allSettled([...underWay, this.recovered, this.#trash.empty()]);
    await Promise.race([settled, sleep(this.#options.closeTimeoutMs ?? 5000, undefined, { ref: false })]);
    await this.#store[Symbol.asyncDispose]();
  }
}
