import type { VolumeSight } from "./known-volumes.ts";
import type { OptionRules } from "./option-rules.ts";
import { snapshotsOf } from "./snapshots.ts";
import type { Holder, SnapshotInfo, VolumeInfo, VolumeState } from "./volume-info.ts";
import type { Phase, SnapshotRecord, VolumeRecord } from "./volume-record.ts";

const states: Record<Phase, VolumeState> = {
  creating: "creating",
  idle: "ready",
  attaching: "mounting",
  attached: "mounted",
  detaching: "unmounting",
  removing: "removing",
};

/** What Get and List say of a volume. */
export function describeVolume(
  name: string,
  { mountpoint = "", createdAt }: Pick<VolumeRecord, "mountpoint" | "createdAt">,
): {
  Name: string;
  Mountpoint: string;
  CreatedAt?: string | undefined;
} {
  return { Name: name, Mountpoint: mountpoint, CreatedAt: createdAt };
}

/** Everything that is known of a volume, from memory. Never throws: an error from Get would make the engine forget it. */
export function infoOf(volume: VolumeSight, record: VolumeRecord, rules: OptionRules): VolumeInfo {
  const { problem, health, usage } = volume;
  const told = health ?? problem;
  const { backend, labels, size, isSecret } = readable(record, rules);
  const state = record.intent?.kind === "restore" ? "restoring" : states[record.phase];
  return {
    name: volume.name,
    state: health?.state ?? (problem === undefined || record.phase !== "idle" ? state : "degraded"),
    ...(told !== undefined && { reason: told.text, since: told.since }),
    backend,
    createdAt: record.createdAt,
    mountpoint: record.mountpoint ?? "",
    options: Object.fromEntries(Object.entries(record.options).filter(([name]) => !isSecret(name))),
    labels,
    ...(size !== undefined && { sizeBytes: size }),
    holders: holdersOf(record),
    snapshots: snapshotsOf(record).map(snapshotInfo),
    ...(usage !== undefined && { usage }),
    ...(record.options["from"] !== undefined && { from: record.options["from"] }),
  };
}

/** What `docker volume inspect` shows besides name, mountpoint and time; what has nothing to say is left out. */
export function statusOf(info: VolumeInfo): Record<string, unknown> {
  const { state, backend, options, labels, holders, snapshots, reason, since, sizeBytes, usage } = info;
  return {
    state,
    backend,
    ...(Object.keys(options).length > 0 && { options }),
    ...(Object.keys(labels).length > 0 && { labels }),
    ...(sizeBytes !== undefined && { sizeBytes }),
    holders,
    ...(snapshots.length > 0 && { snapshots: snapshots.map(({ name }) => name) }),
    ...(usage !== undefined && { usage }),
    ...(reason !== undefined && { reason, since }),
  };
}

/** A snapshot as users see it. */
export function snapshotInfo({ name, createdAt, scheduled = false }: SnapshotRecord): SnapshotInfo {
  return { name, createdAt, scheduled };
}

function holdersOf({ holds }: VolumeRecord): Holder[] {
  return [...holds].map(([ID, { current, carried }]) => ({
    ID,
    mounts: current + carried,
    ...(carried > 0 && { carried }),
  }));
}

interface ReadableOptions {
  readonly backend: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly size: number | undefined;
  readonly isSecret: (name: string) => boolean;
}

/** Options that an upgrade has made wrong are shown as they are. */
function readable(record: VolumeRecord, rules: OptionRules): ReadableOptions {
  try {
    const { backend, core, own } = rules.readRecord(record);
    const schema = rules.schemaOf(backend);
    const size = record.size ?? own["size"];
    return {
      backend: backend.name,
      labels: core.labels,
      size: typeof size === "number" ? size : undefined,
      isSecret: (name: string): boolean => schema[name]?.secret === true,
    };
  } catch {
    return { backend: record.backend ?? "", labels: {}, size: record.size, isSecret: () => true };
  }
}
