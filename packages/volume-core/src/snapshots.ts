import { DriverError, RequestError } from "@outrigger/protocol";
import type { BackendSnapshot } from "./backend.ts";
import { folderNameOf, checkVolumeName } from "./volume-name.ts";
import type { SnapshotRecord, VolumeRecord } from "./volume-record.ts";

/** The most snapshots that one volume has; each makes its record longer. */
const mostSnapshots = 1000;

/** What a backend is given of a snapshot. */
export function toBackend(name: string): BackendSnapshot {
  return { name, key: folderNameOf(name) };
}

/** The snapshots of a volume, oldest first. */
export function snapshotsOf(record: VolumeRecord): readonly SnapshotRecord[] {
  return record.snapshots ?? [];
}

/** The snapshot of this name; throws `DriverError` where there is none. */
export function findSnapshot(volume: string, record: VolumeRecord, name: string): SnapshotRecord {
  const found = snapshotsOf(record).find((snapshot) => snapshot.name === name);
  if (found !== undefined) return found;
  const names = snapshotsOf(record).map((snapshot) => snapshot.name);
  const known = names.length === 0 ? "it has none" : `it has ${names.slice(-10).join(", ")}`;
  checkVolumeName(name, "snapshot");
  throw new DriverError(`volume ${volume} has no snapshot ${name}; ${known}`);
}

/** A snapshot to be made, under a name or one made of the time; throws if the name is wrong or taken. */
export function newSnapshot(
  volume: string,
  record: VolumeRecord,
  wanted: {
    readonly name?: string | undefined;
    readonly scheduled?: boolean | undefined;
    /** Milliseconds, by the clock. */
    readonly now: number;
  },
): SnapshotRecord {
  const existing = snapshotsOf(record);
  const createdAt = new Date(wanted.now).toISOString();
  const name = wanted.name ?? freeName(createdAt, existing);
  checkVolumeName(name, "snapshot");
  if (existing.some((snapshot) => snapshot.name === name)) {
    throw new RequestError(`volume ${volume} has a snapshot ${name} already; choose another name, or remove it first`);
  }
  if (existing.length >= mostSnapshots) {
    throw new DriverError(
      `volume ${volume} has ${existing.length} snapshots, the most there can be; remove some first`,
    );
  }
  return { name, createdAt, ...(wanted.scheduled && { scheduled: true }) };
}

/** `20261201T101500Z`, with a number behind it where that is taken. */
function freeName(createdAt: string, existing: readonly SnapshotRecord[]): string {
  const time = createdAt.replaceAll(/[-:]|\.\d+/g, "");
  const taken = new Set(existing.map(({ name }) => name));
  for (let number = 1; ; number++) {
    const name = number === 1 ? time : `${time}-${number}`;
    if (!taken.has(name)) return name;
  }
}
