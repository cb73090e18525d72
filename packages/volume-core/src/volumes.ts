import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { readBootId } from "@outrigger/linux";
import type { Driver, Hooks, Logger, Options } from "@outrigger/plugin";
import { DriverError, type volumeDriver } from "@outrigger/protocol";
import { openStore, type Store } from "@outrigger/store";
import { adoptFolders } from "./adopt-folders.ts";
import type { Backend } from "./backend.ts";
import { BackendDoor } from "./backend-door.ts";
import { EventFeed } from "./event-feed.ts";
import type { House } from "./house.ts";
import { KnownVolumes } from "./known-volumes.ts";
import { loadRecords, volumeTable, type LoadedRecords } from "./load-records.ts";
import { OptionRules, type ForeignOption } from "./option-rules.ts";
import { RemovedVolumes } from "./removed-volumes.ts";
import { Reserve } from "./reserve.ts";
import type { Step } from "./steps.ts";
import { Trash } from "./trash.ts";
import { Upkeep } from "./upkeep.ts";
import { purge, Verbs } from "./verbs.ts";
import { createVolumeDriver, type Scope } from "./volume-driver.ts";
import { VolumeFolders } from "./volume-folders.ts";
import type { VolumeVerbs } from "./volume-verbs.ts";
import { Volume, type VolumeSurroundings } from "./volume.ts";

/** What to open volumes with. */
export interface VolumesOptions<S extends Options = Options> {
  /** An absolute path; made for the owner alone. Everything is below it: `state.db`, `volumes/`, `trash/`. */
  readonly root: string;
  /**
   * Where data lives. Of several, a volume's option `backend` names one, and volumes of a time when the plugin had a
   * single backend are on the first: so a backend that came later comes later in the list.
   */
  readonly backend: Backend<S> | readonly [Backend, ...Backend[]];
  /** The backend of a volume that names none; the first where left out. */
  readonly standardBackend?: string | undefined;
  /** Options by the names that other systems have for them. */
  readonly foreignOptions?: Readonly<Record<string, ForeignOption>> | undefined;
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
  /** How long a removed volume with `on-remove=trash` is kept; seven days where left out. */
  readonly trashKeepMs?: number;
  /** Between two rounds of upkeep: mounts looked after, scheduled snapshots, deletions; 60,000 where left out. */
  readonly upkeepMs?: number;
  /** Between two copies of the state file, and two measurements of a volume in use; 300,000 where left out. */
  readonly seldomMs?: number;
  /** The clock that schedules and retention go by, in milliseconds; the machine's where left out. */
  readonly now?: () => number;
  /** Called at each instant between two side effects, so that a test can end the process there. */
  readonly onStep?: (step: Step) => void;
}

/** The volumes of one plugin. Disposing of them detaches nothing: containers go on. */
export interface Volumes extends VolumeVerbs, AsyncDisposable {
  /** Give it to `definePlugin` as `drivers.VolumeDriver`. */
  readonly driver: Driver<typeof volumeDriver>;
  /** Give them to `definePlugin` too: they tell one life of the engine from the next. */
  readonly hooks: Hooks;
  /** Resolves when what an earlier run left in the middle is in order; nothing has to wait for it. */
  readonly recovered: Promise<void>;
}

/**
 * Loads the volumes below a root, which no other process may have open, and takes calls for them at once; whatever was
 * left in the middle is brought in order meanwhile. A damaged state file is set aside, its last good copy put in its
 * place, and the volumes taken from their folders. Throws `StoreError` where the state cannot be used.
 */
export async function openVolumes<S extends Options>(options: VolumesOptions<S>): Promise<Volumes> {
  const folders = await VolumeFolders.open(options.root);
  const store = openStore({ file: join(options.root, "state.db"), onDamage: "recover" });
  try {
    if (store.origin !== "kept") await adopt(store, folders, options.log);
    return new OpenVolumes(options, { folders, store, records: loadRecords(store, await readBootId()) });
  } catch (error) {
    await store[Symbol.asyncDispose]();
    throw error;
  }
}

async function adopt(store: Store, folders: VolumeFolders, log: Logger | undefined): Promise<void> {
  const { origin } = store;
  const { volumes, removed, leftAlone } = await adoptFolders(store, folders);
  if (origin === "new" && volumes + removed + leftAlone.length === 0) return;
  const lost = "the state file was damaged or gone, and is set aside if it was there";
  log?.error(`${lost}; ${volumes} volumes and ${removed} removed ones were found by their folders`);
  for (const folder of leftAlone) log?.warn(`a folder was left alone: ${folder}`);
}

interface Loaded {
  readonly folders: VolumeFolders;
  readonly store: Store;
  readonly records: LoadedRecords;
}

class OpenVolumes<S extends Options> extends Verbs implements Volumes {
  readonly driver: Driver<typeof volumeDriver>;
  readonly hooks: Hooks = { onActivate: () => this.#carryHolds() };
  readonly recovered: Promise<void>;
  readonly #house: House;
  readonly #options: VolumesOptions<S>;
  readonly #store: Store;
  readonly #trash: Trash;
  readonly #upkeep: Upkeep;
  readonly #all: KnownVolumes;
  readonly #closing: AbortController;
  #trashProblems: readonly Error[] = [];
  #closed: Promise<void> | undefined;

  constructor(options: VolumesOptions<S>, { folders, store, records }: Loaded) {
    const closing = new AbortController();
    const backends = backendsOf(options);
    const rules = new OptionRules(backends, {
      standard: findBackend(backends, options.standardBackend),
      foreign: options.foreignOptions,
    });
    const step = options.onStep ?? ((): void => {});
    const emptyTrash = (): void => void this.#trash.empty();
    const now = options.now ?? Date.now;
    const removed = new RemovedVolumes({ store, rules, folders, now, step, emptyTrash });
    const feed = new EventFeed();
    const reserve = new Reserve(options.root);
    reserve.fill();
    const door = new BackendDoor(closing.signal);
    const around: VolumeSurroundings = {
      rules,
      folders,
      table: volumeTable(store),
      closing: closing.signal,
      backendTimeoutMs: options.backendTimeoutMs ?? 600_000,
      lingerMs: options.lingerMs ?? 60_000,
      now,
      step,
      emptyTrash,
      reserve,
      isTaken: (folder) => removed.has(folder),
      forget: (name) => all.forget(name),
      ready: (backend) => door.open(backend),
      told: (what) => feed.emit(what),
    };
    const all = new KnownVolumes(records.volumes, (name, record) => new Volume(name, around, record));
    const trashKeepMs = options.trashKeepMs ?? 7 * 86_400_000;
    const trashProblems = (): readonly Error[] => this.#trashProblems;
    const house: House = { all, around, rules, removed, feed, trashKeepMs, trashProblems };
    super(house);
    this.#house = house;
    this.#options = options;
    this.#store = store;
    this.#all = all;
    this.#closing = closing;
    this.#trash = new Trash(folders.trash, {
      signal: closing.signal,
      onEnd: (problems) => this.#reportTrash(problems),
    });
    this.driver = createVolumeDriver(house, options.scope ?? "local");
    this.recovered = this.#recover(records);
    const { log, upkeepMs: everyMs = 60_000, seldomMs = 300_000 } = options;
    this.#upkeep = new Upkeep(house, { store, log, everyMs, seldomMs });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await (this.#closed ??= this.#close());
  }

  async #recover({ backends }: LoadedRecords): Promise<void> {
    const { log } = this.#options;
    await this.#house.removed.settle().catch((error: unknown) => log?.warn("a removed volume is not in order", error));
    const unsettled = [...this.#all.awake()].filter((volume) => volume.unsettled);
    const recoveries = unsettled.map(async (volume) => {
      await volume.recover().catch((error: unknown) => log?.warn(`volume ${volume.name} is not in order`, error));
    });
    for (const id of this.#house.removed.interrupted()) {
      await purge(this.#house, id).catch((error: unknown) => log?.warn(`removed volume ${id} is not deleted`, error));
    }
    await Promise.all([...recoveries, ...this.#openBackends(backends), this.#trash.empty()]);
    // What a recovery threw away, too.
    await this.#trash.empty();
  }

  /** Those that have volumes, so that the first user of one does not wait for it. */
  #openBackends(names: ReadonlySet<string | undefined>): Promise<void>[] {
    const { rules, around } = this.#house;
    return [...names].map(async (name) => {
      const opening = async (): Promise<void> => await around.ready(rules.backendNamed(name));
      await opening().catch((error: unknown) =>
        this.#options.log?.warn(`backend ${name ?? "of old"} is not up`, error),
      );
    });
  }

  #carryHolds(): void {
    if (this.#closing.signal.aborted) return;
    this.#store.transaction(() => {
      for (const volume of this.#all.awake()) volume.carry();
    });
  }

  #reportTrash(problems: readonly Error[]): void {
    const { log, onStep } = this.#options;
    this.#trashProblems = problems;
    for (const problem of problems) log?.warn("a part of a removed volume could not be deleted", problem);
    onStep?.("trash: emptied");
  }

  async #close(): Promise<void> {
    this.#closing.abort(new DriverError("the plugin is stopping; try again when it is up"));
    const underWay = [...this.#all.awake()].map((volume) => volume.settled);
    const settled = Promise.allSettled([...underWay, this.recovered, this.#trash.empty(), this.#upkeep.settled]);
    await Promise.race([settled, sleep(this.#options.closeTimeoutMs ?? 5000, undefined, { ref: false })]);
    await this.#store.keepCopy().catch((error: unknown) => {
      this.#options.log?.warn("the state file could not be copied", error);
    });
    await this.#store[Symbol.asyncDispose]();
  }
}

function backendsOf<S extends Options>({ backend }: VolumesOptions<S>): readonly [Backend, ...Backend[]] {
  // Each is only ever given the options that its own schema was read with.
  return "provision" in backend ? [backend] : backend;
}

function findBackend(backends: readonly [Backend, ...Backend[]], name: string | undefined): Backend {
  if (name === undefined) return backends[0];
  const found = backends.find((backend) => backend.name === name);
  if (found === undefined) {
    throw new DriverError(`there is no backend ${name}; known are ${backends.map(({ name }) => name).join(", ")}`);
  }
  return found;
}
