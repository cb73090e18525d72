import type { Store, Table } from "@outrigger/store";
import { carryHolds } from "./holds.ts";
import { fromStored, parseStored, toStored, type StoredVolume, type VolumeRecord } from "./volume-record.ts";

/** The volumes' records by name. */
export function volumeTable(store: Store): Table<StoredVolume> {
  return store.table("volumes", parseStored);
}

/**
 * The records as the last run left them. What was held then may have been given back while nobody listened, so it counts
 * as carried; after a start of the machine nothing is mounted or held any more.
 */
export function loadRecords(store: Store, bootId: string): Map<string, VolumeRecord> {
  const volumes = volumeTable(store);
  const machine = store.table("machine", String);
  const rebooted = machine.get("bootId") !== bootId;
  const records = volumes.entries().map(([name, stored]) => {
    const record = fromStored(stored);
    return [name, rebooted ? unmounted(record) : { ...record, holds: carryHolds(record.holds) }] as const;
  });
  store.transaction(() => {
    machine.set("bootId", bootId);
    for (const [name, record] of records) volumes.set(name, toStored(record));
  });
  return new Map(records);
}

function unmounted(record: VolumeRecord): VolumeRecord {
  const phase = record.phase === "attached" ? "idle" : record.phase;
  return { ...record, phase, mountpoint: undefined, holds: new Map() };
}
