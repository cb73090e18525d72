// A volume plugin that keeps the rules, small enough to see that it does. Its faults are in volume-answer-faults.ts and its neighbours.
import { randomUUID } from "node:crypto";
import {
  existsSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  unlinkSync,
  writeFileSync,
} from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Setting } from "@outrigger/conformance";
import { readMounts, run } from "@outrigger/linux";
import { serveModel, type Handlers, type Intercept, type ServedModel } from "./model.ts";

/** One volume, as it is kept in the model's state file. */
export interface ModelVolume {
  readonly Name: string;
  readonly CreatedAt: string;
  /** How often each ID has it mounted. */
  holds: Record<string, number>;
}

/** How a volume is mounted: by a link to its folder, or by the kernel, which takes root and a process. */
export type Attach = "link" | "bind";

/** What a volume's calls name. */
export interface VolumeRequest {
  readonly Name: string;
  readonly ID: string;
  readonly Opts?: Readonly<Record<string, string>> | null;
}

/** One life of the model's process; the next one loads what it saved. */
export class ModelVolumes {
  readonly all = new Map<string, ModelVolume>();
  readonly folder: string;
  readonly attachBy: Attach;
  /** Resolves when the process is dead: what is under way has no effect any more. */
  readonly death = Promise.withResolvers<void>();
  dead = false;
  readonly #turns = new Map<string, Promise<unknown>>();

  constructor(folder: string, attachBy: Attach) {
    this.folder = folder;
    this.attachBy = attachBy;
    for (const part of ["data", "mnt"]) mkdirSync(join(folder, part), { recursive: true });
    if (!existsSync(this.#file)) return;
    // Written below.
    for (const volume of JSON.parse(readFileSync(this.#file, "utf8")) as ModelVolume[])
      this.all.set(volume.Name, volume);
  }

  get #file(): string {
    return join(this.folder, "state.json");
  }

  /** The methods as handlers. */
  get handlers(): Handlers {
    return {
      "Plugin.Activate": () => ({ Implements: ["VolumeDriver"] }),
      "VolumeDriver.Capabilities": () => ({ Capabilities: { Scope: "local" } }),
      "VolumeDriver.Create": (request: VolumeRequest) => this.create(request),
      "VolumeDriver.Remove": (request: VolumeRequest) => this.turn(request.Name, () => this.remove(request)),
      "VolumeDriver.Mount": (request: VolumeRequest) => this.turn(request.Name, () => this.mount(request)),
      "VolumeDriver.Unmount": (request: VolumeRequest) => this.turn(request.Name, () => this.unmount(request)),
      "VolumeDriver.Get": ({ Name }: VolumeRequest) => ({ Volume: this.describe(this.existing(Name)) }),
      "VolumeDriver.List": () => ({ Volumes: [...this.all.values()].map((volume) => this.describe(volume)) }),
      "VolumeDriver.Path": ({ Name }: VolumeRequest) => ({ Mountpoint: this.placeIfHeld(this.existing(Name)) }),
    };
  }

  create({ Name, Opts }: VolumeRequest): object {
    this.check(Name);
    const [option] = Object.keys(Opts ?? {});
    if (option !== undefined) throw new Error(`no option "${option}" is known`);
    if (!this.all.has(Name)) this.make(Name);
    return {};
  }

  remove({ Name }: VolumeRequest): object {
    if (countOf(this.existing(Name)) > 0) throw new Error(`volume ${Name} is mounted; stop its containers first`);
    this.all.delete(Name);
    this.save();
    rmSync(this.dataOf(Name), { recursive: true });
    return {};
  }

  async mount({ Name, ID }: VolumeRequest): Promise<object> {
    const volume = this.existing(Name);
    await this.attach(Name);
    volume.holds[ID] = (volume.holds[ID] ?? 0) + 1;
    this.save();
    return { Mountpoint: this.placeOf(Name) };
  }

  async unmount({ Name, ID }: VolumeRequest): Promise<object> {
    const volume = this.existing(Name);
    const held = volume.holds[ID] ?? 0;
    if (held === 0) return {};
    if (countOf(volume) === 1) await this.detach(Name);
    volume.holds[ID] = held - 1;
    this.save();
    return {};
  }

  make(Name: string): void {
    mkdirSync(this.dataOf(Name));
    this.all.set(Name, { Name, CreatedAt: new Date().toISOString(), holds: {} });
    this.save();
  }

  existing(name: string): ModelVolume {
    const volume = this.all.get(name);
    if (volume === undefined) throw new Error(`no such volume: ${name}`);
    return volume;
  }

  check(name: string): void {
    if (!/^[\w][\w.-]{0,127}$/.test(name)) throw new Error(`volume name ${JSON.stringify(name)} is not allowed`);
  }

  describe(volume: ModelVolume): object {
    const { Name, CreatedAt } = volume;
    return { Name, CreatedAt, Mountpoint: this.placeIfHeld(volume), Status: { users: countOf(volume) } };
  }

  dataOf(name: string): string {
    return join(this.folder, "data", name);
  }

  placeOf(name: string): string {
    return join(this.folder, "mnt", name);
  }

  placeIfHeld(volume: ModelVolume): string {
    return countOf(volume) > 0 ? this.placeOf(volume.Name) : "";
  }

  async attach(name: string): Promise<void> {
    const place = this.placeOf(name);
    if (existsSync(place)) return;
    if (this.attachBy === "link") return symlinkSync(this.dataOf(name), place);
    mkdirSync(place);
    await run(["mount", "--bind", this.dataOf(name), place]);
  }

  async detach(name: string): Promise<void> {
    const place = this.placeOf(name);
    if (!existsSync(place)) return;
    if (this.attachBy === "link") return unlinkSync(place);
    await run(["umount", place]);
    rmSync(place, { recursive: true });
  }

  /** Whole or not at all, as a process that is killed leaves it. */
  save(): void {
    if (this.dead) throw new Error("dead");
    const next = `${this.#file}.${randomUUID()}`;
    writeFileSync(next, JSON.stringify([...this.all.values()]));
    renameSync(next, this.#file);
  }

  /** One volume's calls, one after the other. */
  turn<T>(name: string, work: () => T | Promise<T>): Promise<T> {
    const last = this.#turns.get(name) ?? Promise.resolve();
    const next = last.then(async () => {
      if (this.dead) throw new Error("dead");
      return work();
    });
    this.#turns.set(
      name,
      next.catch(() => {}),
    );
    return next;
  }
}

/** How often a volume is mounted. */
export function countOf({ holds }: ModelVolume): number {
  return Object.values(holds).reduce((sum, count) => sum + count, 0);
}

/** How a plugin differs from the model. */
export interface Fault {
  /** Handlers in place of the model's, made anew for each life of the process. */
  readonly handlers?: (volumes: ModelVolumes) => Handlers;
  readonly intercept?: Intercept;
  readonly attachBy?: Attach;
  /** What the process does before it ends on SIGTERM. */
  readonly onStop?: (volumes: ModelVolumes) => void;
  /** What it does when it has loaded its state. */
  readonly onStart?: (volumes: ModelVolumes) => void;
}

/** A fault, and the cases that fail for it. */
export interface KnownFault extends Fault {
  readonly fails: readonly string[];
  readonly setting?: Partial<Setting>;
}

/** A served model, and what the kit is told of it. */
export interface ServedVolumeModel extends AsyncDisposable {
  readonly address: string;
  readonly restart: NonNullable<Setting["restart"]>;
}

/** Serves the model in a folder of its own, which goes with it. */
export async function serveVolumeModel(fault: Fault = {}, parent = tmpdir()): Promise<ServedVolumeModel> {
  const folder = await mkdtemp(join(parent, "outrigger-volumes-"));
  let volumes: ModelVolumes;
  let served: ServedModel;
  const start = async (): Promise<void> => {
    volumes = new ModelVolumes(folder, fault.attachBy ?? "link");
    fault.onStart?.(volumes);
    const handlers = { ...volumes.handlers, ...fault.handlers?.(volumes) };
    served = await serveModel(handlers, { folder, ...(fault.intercept && { intercept: fault.intercept }) });
  };
  const end = async (): Promise<void> => {
    volumes.dead = true;
    volumes.death.resolve();
    await served[Symbol.asyncDispose]();
  };
  await start();
  return {
    address: `unix://${join(folder, "model.sock")}`,
    restart: async (signal) => {
      if (signal === "SIGTERM") fault.onStop?.(volumes);
      await end();
      await start();
    },
    [Symbol.asyncDispose]: async () => {
      await end();
      const left = (await readMounts()).filter(({ mountpoint }) => mountpoint.startsWith(`${folder}/`));
      for (const { mountpoint } of left.toReversed()) await run(["umount", "--lazy", mountpoint]);
      await rm(folder, { recursive: true, force: true });
    },
  };
}
