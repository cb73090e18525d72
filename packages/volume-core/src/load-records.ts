import type { Store, Table } from "@outrigger/store";
import { carryHolds } from "./holds.ts";
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

/**
 * The records as the last run left them. What was held then may have been given back while nobody listened, so it counts
 * as carried; after a start of the machine nothing is mounted or held any more.
 */
export function loadRecords(store: Store, bootId: string): Map<string, VolumeRecord> {
  const volumes = volumeTable(store);
  const machine = store.table("machine", String);
  const rebooted = machine.get("bootId") !== bootId;
  const records = new Map<string, VolumeRecord>();
  store.transaction(() => {
    if (rebooted) machine.set("bootId", bootId);
    for (const [name, stored] of volumes.entries()) {
      const before = fromStored(stored);
      const record = rebooted ? unmounted(before) : carried(before);
      // Of many volumes few are in use, and each one written takes its time.
      if (record !== before) volumes.set(name, toStored(record));
      records.set(name, record);
    }
  });
  return records;
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
