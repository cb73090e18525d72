import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { readBootId } from "@outrigger/linux";
import type { Driver, Hooks, Logger, Options } from "@outrigger/plugin";
import { DriverError, type volumeDriver } from "@outrigger/protocol";
import { openStore, type Store, type Table } from "@outrigger/store";
import type { Backend } from "./backend.ts";
import { carryHolds } from "./holds.ts";
import type { Step } from "./steps.ts";
import { Trash } from "./trash.ts";
import { createVolumeDriver, type Scope } from "./volume-driver.ts";
import { VolumeFolders } from "./volume-folders.ts";
import { fromStored, parseStored, toStored, type StoredVolume, type VolumeRecord } from "./volume-record.ts";
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
    return start(options, { folders, store, records: load(store, await readBootId()) });
  } catch (error) {
    await store[Symbol.asyncDispose]();
    throw error;
  }
}

interface Opened {
  readonly folders: VolumeFolders;
  readonly store: Store;
  readonly records: ReadonlyMap<string, VolumeRecord>;
}

function start<S extends Options>(options: VolumesOptions<S>, { folders, store, records }: Opened): Volumes {
  const { backend, log, onStep } = options;
  const closing = new AbortController();
  const trash = new Trash(folders.trash, {
    signal: closing.signal,
    onEnd: (problems) => {
      for (const problem of problems) log?.warn(`what was thrown into ${folders.trash} could not be deleted`, problem);
      onStep?.("trash: emptied");
    },
  });
  const all = new Map<string, Volume<S>>();
  const around: VolumeSurroundings<S> = {
    backend,
    folders,
    table: volumeTable(store),
    closing: closing.signal,
    backendTimeoutMs: options.backendTimeoutMs ?? 600_000,
    lingerMs: options.lingerMs ?? 60_000,
    step: onStep ?? (() => {}),
    emptyTrash: () => void trash.empty(),
    forget: (name) => void all.delete(name),
  };
  const begin = (name: string, record?: VolumeRecord): Volume<S> => {
    const volume = new Volume(name, around, record);
    all.set(name, volume);
    return volume;
  };
  for (const [name, record] of records) begin(name, record);

  const recoverAll = async (): Promise<void> => {
    const recoveries = [...all.values()].map(async (volume) => {
      await volume.recover().catch((error: unknown) => log?.warn(`volume ${volume.name} is not in order`, error));
    });
    await Promise.all([...recoveries, trash.empty()]);
  };
  const recovered = recoverAll();

  let closed: Promise<void> | undefined;
  const close = async (): Promise<void> => {
    closing.abort(new DriverError("the plugin is stopping; try again when it is up"));
    const settled = Promise.allSettled([
      ...[...all.values()].map((volume) => volume.settled),
      recovered,
      trash.empty(),
    ]);
    await Promise.race([settled, sleep(options.closeTimeoutMs ?? 5000, undefined, { ref: false })]);
    await store[Symbol.asyncDispose]();
  };
  return {
    driver: createVolumeDriver({ all, scope: options.scope ?? "local", begin }),
    hooks: {
      onActivate: () => {
        if (!closing.signal.aborted) store.transaction(() => all.forEach((volume) => volume.carry()));
      },
    },
    recovered,
    [Symbol.asyncDispose]: () => (closed ??= close()),
  };
}

function volumeTable(store: Store): Table<StoredVolume> {
  return store.table("volumes", parseStored);
}

/**
 * The records as the last run left them. What was held then may have been given back while nobody listened, so it counts
 * as carried; after a start of the machine nothing is mounted or held any more.
 */
function load(store: Store, bootId: string): Map<string, VolumeRecord> {
  const volumes = volumeTable(store);
  const machine = store.table("machine", String);
  store.transaction(() => {
    const rebooted = machine.get("bootId") !== bootId;
    if (rebooted) machine.set("bootId", bootId);
    for (const [name, stored] of volumes.entries()) {
      const record = fromStored(stored);
      volumes.set(name, toStored(rebooted ? asUnmounted(record) : { ...record, holds: carryHolds(record.holds) }));
    }
  });
  return new Map(volumes.entries().map(([name, stored]) => [name, fromStored(stored)]));
}

function asUnmounted(record: VolumeRecord): VolumeRecord {
  const phase = record.phase === "attached" ? "idle" : record.phase;
  return { ...record, phase, mountpoint: undefined, holds: new Map() };
}
