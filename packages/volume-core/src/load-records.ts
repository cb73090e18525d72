import type { Store, Table } from "@outrigger/store";
import { carryHolds } from "./holds.ts";
import { rests, type LoadedVolumes } from "./known-volumes.ts";
import {
  fromStored,
  parseDescription,
  parseStored,
  toStored,
  type StoredVolume,
  type VolumeDescription,
  type VolumeRecord,
} from "./volume-record.ts";

/** What is kept of a volume that was removed. */
export interface RemovedRecord extends VolumeDescription {
  readonly name: string;
  /** RFC 3339. */
  readonly removedAt: string;
  /** RFC 3339; kept for ever where left out. */
  readonly until?: string | undefined;
  /** It is being deleted. */
  readonly purging?: true | undefined;
  /** It is being brought back. */
  readonly returning?: true | undefined;
}

/** The volumes' records by name. */
export function volumeTable(store: Store): Table<StoredVolume> {
  return store.table("volumes", parseStored);
}

/** The removed volumes' records, by the last part of their folder's path. */
export function removedTable(store: Store): Table<RemovedRecord> {
  return store.table("removed", parseRemoved);
}

/** What is known of volumes at a start. */
export interface LoadedRecords {
  readonly volumes: LoadedVolumes;
  /** The names of the backends that have some; undefined for the first. */
  readonly backends: ReadonlySet<string | undefined>;
}

/**
 * The records as the last run left them. What was held then may have been given back while nobody listened, so it counts
 * as carried; after a start of the machine nothing is mounted or held any more.
 */
export function loadRecords(store: Store, bootId: string): LoadedRecords {
  const table = volumeTable(store);
  const machine = store.table("machine", String);
  const rebooted = machine.get("bootId") !== bootId;
  const resting = new Map<string, string>();
  const others = new Map<string, VolumeRecord>();
  const backends = new Set<string | undefined>();
  const changed: [name: string, record: VolumeRecord][] = [];
  for (const { key, value, text } of table.rows()) {
    backends.add(value.backend);
    if (rests(value)) {
      resting.set(key, text);
      continue;
    }
    const before = fromStored(value);
    const record = rebooted ? unmounted(before) : carried(before);
    others.set(key, record);
    if (record !== before) changed.push([key, record]);
  }
  store.transaction(() => {
    if (rebooted) machine.set("bootId", bootId);
    // Of many volumes few are in use, and each one written takes its time.
    for (const [name, record] of changed) table.set(name, toStored(record));
  });
  return { volumes: { resting, others }, backends };
}

function carried(record: VolumeRecord): VolumeRecord {
  return record.holds.size === 0 ? record : { ...record, holds: carryHolds(record.holds) };
}

function unmounted(record: VolumeRecord): VolumeRecord {
  if (record.holds.size === 0 && record.mountpoint === undefined && record.phase !== "attached") return record;
  const phase = record.phase === "attached" ? "idle" : record.phase;
  return { ...record, phase, mountpoint: undefined, holds: new Map() };
}

function parseRemoved(value: unknown): RemovedRecord {
  const description = parseDescription(value);
  // The fields besides the description are looked at one by one.
  const { name, removedAt } = value as Record<string, unknown>;
  if (typeof name !== "string") throw new TypeError("name is missing or wrong");
  if (Number.isNaN(Date.parse(String(removedAt)))) throw new TypeError("removedAt is missing or wrong");
  return { ...(value as RemovedRecord), ...description };
}
