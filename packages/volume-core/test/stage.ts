// A root folder, a backend whose work can be held up and broken, and volumes on both.
import assert from "node:assert/strict";
import { cp, mkdir, mkdtemp, realpath, rename, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { defineOptions, type Call, type Driver } from "@outrigger/plugin";
import { volumeDriver, type Reply, type Request } from "@outrigger/protocol";
import {
  openVolumes,
  type Backend,
  type BackendSnapshot,
  type BackendVolume,
  type CloneSource,
  type Volumes,
  type VolumesOptions,
} from "../src/index.ts";

/** A folder that goes with all that is in it. */
export async function temporaryFolder(): Promise<AsyncDisposable & { readonly path: string }> {
  const path = await realpath(await mkdtemp(join(tmpdir(), "outrigger-volumes-")));
  return { path, [Symbol.asyncDispose]: () => rm(path, { recursive: true, force: true }) };
}

/** The options of the backend on stage. */
export const stageOptions = defineOptions({
  size: { type: "size", doc: "Size." },
  mode: { type: "octal", doc: "Mode.", default: "0755" },
});

type StageVolume = BackendVolume<typeof stageOptions>;

/** What a backend does for a volume. */
export type Work =
  | "provision"
  | "attach"
  | "detach"
  | "destroy"
  | "snapshot"
  | "dropSnapshot"
  | "clone"
  | "restore"
  | "resize";

/** A backend of plain folders that can be told to fail or to wait, and that keeps count. */
export class StageBackend implements Backend<typeof stageOptions> {
  readonly name = "stage";
  readonly options = stageOptions;
  /** All work so far, as `attach data`. */
  readonly done: string[] = [];
  /** Volumes that are attached, as a kernel would know. */
  readonly attached = new Set<string>();
  /** Called before any work; may reject, or wait. */
  before: (work: Work, volume: string, signal: AbortSignal) => Promise<void> | void = () => {};

  async provision(volume: BackendVolume<typeof stageOptions>, signal: AbortSignal): Promise<void> {
    await this.#begin("provision", volume, signal);
    await mkdir(join(volume.folder, "data"), { recursive: true });
  }

  async attach(volume: BackendVolume<typeof stageOptions>, signal: AbortSignal): Promise<string> {
    await this.#begin("attach", volume, signal);
    this.attached.add(volume.name);
    return join(volume.folder, "data");
  }

  async detach(volume: BackendVolume<typeof stageOptions>, signal: AbortSignal): Promise<void> {
    await this.#begin("detach", volume, signal);
    this.attached.delete(volume.name);
  }

  async destroy(volume: BackendVolume<typeof stageOptions>, signal: AbortSignal): Promise<void> {
    await this.#begin("destroy", volume, signal);
  }

  async snapshot(volume: StageVolume, snapshot: BackendSnapshot, signal: AbortSignal): Promise<void> {
    await this.#begin("snapshot", volume, signal);
    await cp(join(volume.folder, "data"), snapshotOf(volume, snapshot), { recursive: true });
  }

  async dropSnapshot(volume: StageVolume, snapshot: BackendSnapshot, signal: AbortSignal): Promise<void> {
    await this.#begin("dropSnapshot", volume, signal);
    await rm(snapshotOf(volume, snapshot), { recursive: true, force: true });
  }

  async showSnapshot(volume: StageVolume, snapshot: BackendSnapshot): Promise<string> {
    return snapshotOf(volume, snapshot);
  }

  async hideSnapshot(): Promise<void> {}

  async clone(volume: StageVolume, from: CloneSource<typeof stageOptions>, signal: AbortSignal): Promise<void> {
    await this.#begin("clone", volume, signal);
    const { snapshot } = from;
    const source = snapshot === undefined ? join(from.volume.folder, "data") : snapshotOf(from.volume, snapshot);
    await cp(source, join(volume.folder, "data"), { recursive: true });
  }

  async restore(volume: StageVolume, snapshot: BackendSnapshot, signal: AbortSignal): Promise<void> {
    await this.#begin("restore", volume, signal);
    const fresh = join(volume.folder, "fresh");
    await cp(snapshotOf(volume, snapshot), fresh, { recursive: true });
    await rm(join(volume.folder, "data"), { recursive: true });
    await rename(fresh, join(volume.folder, "data"));
  }

  async resize(volume: StageVolume, _change: unknown, signal: AbortSignal): Promise<void> {
    await this.#begin("resize", volume, signal);
  }

  async #begin(work: Work, volume: BackendVolume<typeof stageOptions>, signal: AbortSignal): Promise<void> {
    this.done.push(`${work} ${volume.name}`);
    await this.before(work, volume.name, signal);
  }
}

function snapshotOf({ folder }: StageVolume, { key }: BackendSnapshot): string {
  return join(folder, "snapshots", key);
}

type Methods = (typeof volumeDriver)["methods"];

/** The driver as a caller sees it: each method answers later; the call is one with much time unless given. */
export type AsyncDriver = {
  readonly [M in keyof Methods]: (
    request: Request<typeof volumeDriver, M>,
    call?: Call,
  ) => Promise<Reply<typeof volumeDriver, M>>;
};

/** Volumes on a root of their own. */
export interface Stage extends AsyncDisposable {
  readonly root: string;
  readonly backend: StageBackend;
  readonly driver: AsyncDriver;
  readonly volumes: Volumes;
  /** Closes the volumes and opens them again, as when the plugin is restarted. */
  restart(options?: Partial<VolumesOptions>): Promise<void>;
}

/** Opens volumes with a stage backend. */
export async function openStage(options: Partial<VolumesOptions<typeof stageOptions>> = {}): Promise<Stage> {
  const folder = await temporaryFolder();
  const root = options.root ?? join(folder.path, "root");
  const backend = new StageBackend();
  const open = (more: Partial<VolumesOptions>): Promise<Volumes> =>
    openVolumes({ root, backend, closeTimeoutMs: 100, ...options, ...more });
  let volumes = await open({});
  await volumes.recovered;
  return {
    root,
    backend,
    driver: asyncDriver(() => volumes.driver),
    get volumes() {
      return volumes;
    },
    async restart(more = {}) {
      await volumes[Symbol.asyncDispose]();
      volumes = await open(more);
    },
    async [Symbol.asyncDispose]() {
      await volumes[Symbol.asyncDispose]();
      await folder[Symbol.asyncDispose]();
    },
  };
}

function asyncDriver(now: () => Driver<typeof volumeDriver>): AsyncDriver {
  const methods = Object.keys(volumeDriver.methods).map((verb) => [
    verb,
    // A table of methods by name, whose types `AsyncDriver` has.
    async (request: never, given = call()) => {
      const reply: unknown = now()[verb as keyof Methods]?.(request, given);
      return (await reply) ?? {};
    },
  ]);
  return Object.fromEntries(methods) as AsyncDriver;
}

/** What a driver method gets beside its request; the deadline is far away unless told. */
export function call(options: { signal?: AbortSignal; withinMs?: number } = {}): Call {
  const { signal = new AbortController().signal, withinMs = 60_000 } = options;
  return { path: "VolumeDriver.Test", signal, deadline: Date.now() + withinMs };
}

/** The names that List shows, in order. */
export async function names({ driver }: Pick<Stage, "driver">): Promise<string[]> {
  const { Volumes = [] } = await driver.list({});
  return Volumes.map(({ Name }) => Name).sort();
}

/** `Status` of one volume. */
export async function status({ driver }: Pick<Stage, "driver">, name: string): Promise<Record<string, unknown>> {
  const { Volume } = await driver.get({ Name: name });
  assert.ok(Volume?.Status, `no status of ${name}`);
  return Volume.Status;
}

/** Makes a volume, mounts it, writes a file, unmounts it. */
export async function createWithFile({ driver }: Pick<Stage, "driver">, name: string): Promise<void> {
  await driver.create({ Name: name });
  const { Mountpoint } = await driver.mount({ Name: name, ID: "writer" });
  await writeFile(join(Mountpoint, "file"), name);
  await driver.unmount({ Name: name, ID: "writer" });
}

/** A promise, and the means to let it go. */
export function gate(): { readonly passed: Promise<void>; readonly open: () => void } {
  const { promise, resolve } = Promise.withResolvers<void>();
  return { passed: promise, open: resolve };
}

/** Waits for a condition by looking every few milliseconds; fails when it takes far too long. */
export async function until(what: string, condition: () => boolean | Promise<boolean>): Promise<void> {
  for (const giveUp = Date.now() + 10_000; !(await condition());) {
    assert.ok(Date.now() < giveUp, `never came: ${what}`);
    await sleep(2);
  }
}
