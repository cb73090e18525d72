import { DriverError } from "@outrigger/protocol";
import type { Store, Table } from "@outrigger/store";
import type { Backend } from "./backend.ts";
import { writeLabel, type Label } from "./label-file.ts";
import type { OptionRules } from "./option-rules.ts";
import type { Step } from "./steps.ts";
import type { VolumeFolders } from "./volume-folders.ts";
import type { RemovedVolume } from "./volume-info.ts";
import { folderNameOf } from "./volume-name.ts";
import { removedTable, volumeTable, type RemovedRecord } from "./load-records.ts";
import { toStored, type StoredVolume, type VolumeRecord } from "./volume-record.ts";
import type { VolumeStorage } from "./volume-storage.ts";

/** What removed volumes need. */
export interface RemovedSurroundings {
  readonly store: Store;
  readonly rules: OptionRules;
  readonly folders: VolumeFolders;
  readonly now: () => number;
  readonly step: (step: Step) => void;
  readonly emptyTrash: () => void;
}

/**
 * Volumes that were removed and are still kept. Nothing of theirs moves: their records are others, by the last part of
 * their folder's path, so that their names are free at once.
 */
export class RemovedVolumes {
  readonly #around: RemovedSurroundings;
  readonly #table: Table<RemovedRecord>;
  readonly #volumes: Table<StoredVolume>;
  readonly #all: Map<string, RemovedRecord>;
  readonly #busy = new Set<string>();

  constructor(around: RemovedSurroundings) {
    this.#around = around;
    this.#table = removedTable(around.store);
    this.#volumes = volumeTable(around.store);
    this.#all = new Map(this.#table.entries());
  }

  /** Whether a removed volume has this folder. */
  has(id: string): boolean {
    return this.#all.has(id);
  }

  /** The last parts of the paths of their folders. */
  ids(): Iterable<string> {
    return this.#all.keys();
  }

  /** All of them, as they were removed. */
  list(): RemovedVolume[] {
    return [...this.#all]
      .filter(([, { purging }]) => purging !== true)
      .map(([id, { name, backend, createdAt, removedAt, until }]) => ({
        id,
        name,
        backend: backend ?? this.#around.rules.backendNamed(undefined).name,
        createdAt,
        removedAt,
        until,
      }))
      .sort((a, b) => a.removedAt.localeCompare(b.removedAt));
  }

  /** The ids of those to be deleted by now. */
  due(now: number): string[] {
    const isDue = ({ purging, until }: RemovedRecord): boolean =>
      purging === true || (until !== undefined && Date.parse(until) <= now);
    return [...this.#all].filter(([id, record]) => isDue(record) && !this.#busy.has(id)).map(([id]) => id);
  }

  /** The ids of those whose deletion stopped in the middle. */
  interrupted(): string[] {
    return [...this.#all].filter(([, { purging }]) => purging === true).map(([id]) => id);
  }

  /** Makes an idle volume a removed one, until a time or for ever. */
  async setAside(storage: VolumeStorage, until: Date | undefined): Promise<void> {
    const { store, folders, step } = this.#around;
    const { name, existing } = storage;
    await folders.refuseMounts(storage.folder, await storage.ownMount());
    const { options, backend, createdAt, size, snapshots } = existing;
    const removedAt = new Date(this.#around.now()).toISOString();
    const record = { name, options, backend, createdAt, size, snapshots, removedAt, until: until?.toISOString() };
    const id = existing.folder ?? folderNameOf(name);
    storage.change({ intent: { kind: "set aside" } });
    step("set aside: intent recorded");
    await writeLabel(storage.folder, { ...record, folder: existing.folder });
    step("set aside: labelled");
    store.transaction(() => {
      this.#volumes.delete(name);
      this.#table.set(id, record);
    });
    this.#all.set(id, record);
    storage.forget();
    step("set aside: done");
  }

  /** What a removed volume is called; throws `DriverError` where there is none. */
  nameOf(id: string): string {
    return this.#existing(id).name;
  }

  /** The backend of a removed volume. */
  backendOf(id: string): Backend {
    return this.#around.rules.backendNamed(this.#existing(id).backend);
  }

  /** Makes an unknown folder a removed volume, until a time. */
  async takeIn(id: string, { name, options, backend, createdAt, size, snapshots }: Label, until: Date): Promise<void> {
    const removedAt = new Date(this.#around.now()).toISOString();
    const record = { name, options, backend, createdAt, size, snapshots, removedAt, until: until.toISOString() };
    await this.#label(id, record);
    this.#save(id, record);
  }

  /** Makes a removed volume the volume of a storage that has none. */
  async bringBack(id: string, storage: VolumeStorage): Promise<void> {
    const { store, folders, step } = this.#around;
    const { options, backend, createdAt, size, snapshots } = this.#existing(id);
    const { name } = storage;
    await this.#alone(id, async () => {
      const folder = id === folderNameOf(name) ? undefined : id;
      const record: VolumeRecord = {
        options,
        backend,
        folder,
        createdAt,
        size,
        snapshots,
        phase: "idle",
        holds: new Map(),
      };
      this.#save(id, { ...this.#existing(id), returning: true });
      step("bring back: intent recorded");
      try {
        await writeLabel(folders.of(name, id), { ...record, name });
        step("bring back: labelled");
        store.transaction(() => {
          this.#table.delete(id);
          this.#volumes.set(name, toStored(record));
        });
      } catch (error) {
        await this.#stay(id).catch(() => {});
        throw error;
      }
      this.#all.delete(id);
      storage.adopt(record);
      step("bring back: done");
    });
  }

  /** Deletes a removed volume for good. */
  async purge(id: string, signal: AbortSignal): Promise<void> {
    const { rules, folders, step, emptyTrash } = this.#around;
    await this.#alone(id, async () => {
      const record = { ...this.#existing(id), purging: true as const };
      this.#save(id, record);
      step("purge: intent recorded");
      const folder = folders.of(record.name, id);
      const view = rules.view(record, { name: record.name, folder });
      await rules.backendNamed(record.backend).destroy(view, signal);
      step("purge: destroyed");
      await folders.discard(folder);
      step("purge: folder in trash");
      this.#table.delete(id);
      this.#all.delete(id);
      emptyTrash();
      step("purge: done");
    });
  }

  /** Volumes whose bringing back stopped in the middle stay removed; without this, the label could say otherwise. */
  async settle(): Promise<void> {
    for (const [id, { returning }] of this.#all) if (returning === true) await this.#stay(id);
  }

  async #stay(id: string): Promise<void> {
    const { returning: _returning, ...record } = this.#existing(id);
    await this.#label(id, record);
    this.#save(id, record);
  }

  /** Writes the label of a removed volume. */
  async #label(id: string, record: RemovedRecord): Promise<void> {
    const folder = id === folderNameOf(record.name) ? undefined : id;
    await writeLabel(this.#around.folders.of(record.name, id), { ...record, folder });
  }

  #save(id: string, record: RemovedRecord): void {
    this.#table.set(id, record);
    this.#all.set(id, record);
  }

  #existing(id: string): RemovedRecord {
    const record = this.#all.get(id);
    if (record === undefined) throw new DriverError(`no removed volume has the id ${JSON.stringify(id.slice(0, 128))}`);
    return record;
  }

  async #alone(id: string, work: () => Promise<void>): Promise<void> {
    this.#existing(id);
    if (this.#busy.has(id)) throw new DriverError(`removed volume ${id} is being purged or brought back; try again`);
    this.#busy.add(id);
    try {
      await work();
    } finally {
      this.#busy.delete(id);
    }
  }
}
