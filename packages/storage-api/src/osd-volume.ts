// Volumes in OpenStorage's words: libopenstorage/openstorage api/api.proto, Volume.
import type { SnapshotInfo, VolumeInfo } from "@outrigger/volume-core";
import { ProblemError } from "./problem.ts";
import { checkOptions } from "./transfer-operations.ts";

// VolumeState and VolumeStatus of api.proto, which are numbers in its JSON.
const [pending, attached, detached, failed, restoring] = [1, 3, 4, 6, 9];
const [up, down, degraded] = [2, 3, 4];

const states: Readonly<Record<VolumeInfo["state"], readonly [state: number, status: number]>> = {
  creating: [pending, up],
  ready: [detached, up],
  mounting: [pending, up],
  mounted: [attached, up],
  unmounting: [pending, up],
  restoring: [restoring, up],
  removing: [pending, up],
  degraded: [failed, degraded],
  lost: [failed, down],
};

/** A volume as OpenStorage's clients read it. */
export function osdVolume(volume: VolumeInfo): object {
  const { name, labels, from, createdAt, sizeBytes, usage, mountpoint, reason, options } = volume;
  const [state, status] = states[volume.state];
  return {
    id: name,
    source: from === undefined ? {} : { parent: from },
    readonly: options["readonly"] === "true",
    locator: { name, volume_labels: labels },
    ctime: timestamp(createdAt),
    spec: { size: sizeBytes ?? 0, ha_level: 1, volume_labels: labels },
    usage: usage?.usedBytes ?? 0,
    state,
    status,
    attach_path: mountpoint === "" ? [] : [mountpoint],
    ...(reason !== undefined && { error: reason }),
  };
}

/** A snapshot, which is a read-only volume with a parent there. */
export function osdSnapshot(volume: VolumeInfo, { name, createdAt }: SnapshotInfo): object {
  return {
    id: `${volume.name}@${name}`,
    source: { parent: volume.name },
    readonly: true,
    locator: { name, volume_labels: volume.labels },
    ctime: timestamp(createdAt),
    spec: { size: volume.sizeBytes ?? 0, ha_level: 1 },
    state: detached,
    status: up,
  };
}

/** Labels to look for, as the query has them. */
export function readLabels(text: string | undefined): Record<string, string> {
  if (text === undefined) return {};
  try {
    return checkOptions(JSON.parse(text));
  } catch (cause) {
    throw new ProblemError(400, 'labels have to be JSON, as in {"team":"web"}', { cause });
  }
}

/** Whether all these labels are among a volume's own. */
export function labelsFit(own: Readonly<Record<string, string>>, wanted: Readonly<Record<string, string>>): boolean {
  return Object.entries(wanted).every(([key, value]) => Object.hasOwn(own, key) && own[key] === value);
}

function timestamp(time: string): object {
  const milliseconds = Date.parse(time);
  return { seconds: Math.floor(milliseconds / 1000), nanos: (milliseconds % 1000) * 1_000_000 };
}
