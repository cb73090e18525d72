import type { Usage } from "./backend.ts";

/**
 * `ready`, `mounted`: well, and not in use or in use. `degraded`: there, but the last thing that was tried or checked
 * went wrong. `lost`: the data is not where it has to be. The others: on the way.
 */
export type VolumeState =
  | "creating"
  | "ready"
  | "mounting"
  | "mounted"
  | "unmounting"
  | "restoring"
  | "removing"
  | "degraded"
  | "lost";

/** A volume as `inspect`, `list` and `docker volume inspect` show it. */
export interface VolumeInfo {
  readonly name: string;
  readonly state: VolumeState;
  /** Why it is degraded or lost. */
  readonly reason?: string | undefined;
  /** Since when, RFC 3339. */
  readonly since?: string | undefined;
  readonly backend: string;
  /** RFC 3339. */
  readonly createdAt: string;
  /** Where it is attached; empty where it is not. */
  readonly mountpoint: string;
  /** As given at Create, under our own names; without secrets. */
  readonly options: Readonly<Record<string, string>>;
  readonly labels: Readonly<Record<string, string>>;
  /** Bytes; undefined where nothing but the disk limits it. */
  readonly sizeBytes?: number | undefined;
  readonly holders: readonly Holder[];
  readonly snapshots: readonly SnapshotInfo[];
  /** When it was measured last; undefined where it never was. */
  readonly usage?: UsageInfo | undefined;
  /** `name` or `name@snapshot` that it was cloned from. */
  readonly from?: string | undefined;
}

/** Who holds a volume mounted. */
export interface Holder {
  /** The engine's id of the mount. */
  readonly ID: string;
  readonly mounts: number;
  /** Those of `mounts` that are from before the engine or the plugin started last. */
  readonly carried?: number | undefined;
}

/** A snapshot of a volume. */
export interface SnapshotInfo {
  readonly name: string;
  /** RFC 3339. */
  readonly createdAt: string;
  /** Made by the volume's schedule, and removed by it when there are more than `snap-keep`. */
  readonly scheduled: boolean;
}

/** How full a volume was. */
export interface UsageInfo extends Usage {
  /** RFC 3339. */
  readonly measuredAt: string;
}

/** A volume that was removed and is still kept. */
export interface RemovedVolume {
  /** What `bringBack` and `purge` take. */
  readonly id: string;
  readonly name: string;
  readonly backend: string;
  readonly createdAt: string;
  /** RFC 3339. */
  readonly removedAt: string;
  /** When it is deleted, RFC 3339; undefined where it is kept for ever. */
  readonly until?: string | undefined;
}
