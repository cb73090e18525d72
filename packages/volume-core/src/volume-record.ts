import { noHolds, type Holds } from "./holds.ts";
import { isVolumeName } from "./volume-name.ts";

/**
 * How far a volume is. The words in -ing are intents: recorded before anything is done, so that a start after a crash
 * finds what was under way. `creating`, `attaching` are undone then, `detaching`, `removing` finished.
 */
export type Phase = "creating" | "idle" | "attaching" | "attached" | "detaching" | "removing";

/** What is kept of a snapshot. */
export interface SnapshotRecord {
  readonly name: string;
  /** RFC 3339. */
  readonly createdAt: string;
  /** Made by the volume's schedule. */
  readonly scheduled?: boolean | undefined;
}

/**
 * What is being done to a volume beside its phase; recorded before, taken back after. A start after a crash undoes a
 * snapshot and a removal into the trash, and finishes the others.
 */
export type Intent =
  | { readonly kind: "snapshot"; readonly snapshot: SnapshotRecord }
  | { readonly kind: "drop"; readonly snapshot: string }
  | { readonly kind: "restore"; readonly snapshot: string }
  | { readonly kind: "resize"; readonly size: number }
  | { readonly kind: "set aside" };

/** What stays the same of a volume whoever uses it, and whether it is in use or removed. */
export interface VolumeDescription {
  /** As they came in Create, under our own names; kept to compare with a second Create. */
  readonly options: Readonly<Record<string, string>>;
  /** Missing where the plugin had a single backend: then it is the first. */
  readonly backend?: string | undefined;
  /** The last part of its folder's path, where it is not the one that follows from its name. */
  readonly folder?: string | undefined;
  /** RFC 3339. */
  readonly createdAt: string;
  /** Bytes, where it was resized. */
  readonly size?: number | undefined;
  /** Oldest first. */
  readonly snapshots?: readonly SnapshotRecord[] | undefined;
}

/** What is kept of a volume. */
export interface VolumeRecord extends VolumeDescription {
  readonly phase: Phase;
  /** Where it is attached; only in phase `attached`. */
  readonly mountpoint?: string | undefined;
  readonly intent?: Intent | undefined;
  readonly holds: Holds;
}

/** A record as it lies in the store. */
export interface StoredVolume extends Omit<VolumeRecord, "holds"> {
  readonly holds: readonly (readonly [id: string, current: number, carried: number])[];
}

/** Makes a record ready for the store. */
export function toStored(record: VolumeRecord): StoredVolume {
  return { ...record, holds: [...record.holds].map(([id, { current, carried }]) => [id, current, carried]) };
}

/** The record that `toStored` was given. */
export function fromStored(stored: StoredVolume): VolumeRecord {
  if (stored.holds.length === 0) return { ...stored, holds: noHolds };
  return { ...stored, holds: new Map(stored.holds.map(([id, current, carried]) => [id, { current, carried }])) };
}

/** Whether a record differs from the one before only in who uses the volume, which ends with the machine's run. */
export function isOnlyUse(before: VolumeRecord | undefined, after: VolumeRecord): boolean {
  if (before === undefined || lasting.has(before.phase) || lasting.has(after.phase)) return false;
  const { phase: _phase, mountpoint: _mountpoint, holds: _holds, ...what } = after;
  return Object.entries(what).every(([field, value]) => before[field as keyof typeof what] === value);
}

/** Phases of what there is, not of who uses it. */
const lasting: ReadonlySet<Phase> = new Set(["creating", "removing"]);

const phases: readonly string[] = [
  "creating",
  "idle",
  "attaching",
  "attached",
  "detaching",
  "removing",
] satisfies Phase[];

/** Checks what was read from the store; throws a `TypeError` that names the field. */
export function parseStored(value: unknown): StoredVolume {
  // Unknown fields at this border are looked at one by one below.
  const record = (value ?? {}) as Record<string, unknown>;
  parseDescription(value);
  demand(typeof record["phase"] === "string" && phases.includes(record["phase"]), "phase");
  demand((typeof record["mountpoint"] === "string") === (record["phase"] === "attached"), "mountpoint");
  demand(Array.isArray(record["holds"]) && record["holds"].every(isStoredHold), "holds");
  demand(record["intent"] === undefined || isIntent(record["intent"]), "intent");
  // Each field was checked above.
  return value as StoredVolume;
}

/** Checks the part of it that a volume's label file has too; throws a `TypeError` that names the field. */
export function parseDescription(value: unknown): VolumeDescription {
  // Unknown fields at this border are looked at one by one below.
  const record = (value ?? {}) as Record<string, unknown>;
  const { backend, folder, size, snapshots } = record;
  demand(isTexts(record["options"]), "options");
  demand(isTime(record["createdAt"]), "createdAt");
  demand(backend === undefined || typeof backend === "string", "backend");
  demand(folder === undefined || isFolderName(folder), "folder");
  demand(size === undefined || (Number.isSafeInteger(size) && Number(size) >= 0), "size");
  demand(snapshots === undefined || (Array.isArray(snapshots) && snapshots.every(isSnapshot)), "snapshots");
  // Each field was checked above.
  return value as VolumeDescription;
}

function demand(right: boolean, field: string): void {
  if (!right) throw new TypeError(`${field} is missing or wrong`);
}

function isTexts(value: unknown): boolean {
  return (
    typeof value === "object" &&
    value !== null &&
    !Array.isArray(value) &&
    Object.values(value).every((text) => typeof text === "string")
  );
}

function isStoredHold(value: unknown): boolean {
  if (!Array.isArray(value) || value.length !== 3) return false;
  const [id, ...counts]: unknown[] = value;
  return typeof id === "string" && counts.every((count) => Number.isSafeInteger(count) && Number(count) >= 0);
}

function isTime(value: unknown): boolean {
  return typeof value === "string" && !Number.isNaN(Date.parse(value));
}

/** It becomes part of a path. */
function isFolderName(value: unknown): boolean {
  return typeof value === "string" && /^[a-z0-9_-][a-z0-9_.-]{0,127}$/.test(value);
}

function isSnapshot(value: unknown): boolean {
  // Its fields are looked at one by one.
  const { name, createdAt } = (value ?? {}) as Record<string, unknown>;
  return typeof name === "string" && isVolumeName(name) && isTime(createdAt);
}

function isIntent(value: unknown): boolean {
  // Its fields are looked at one by one.
  const { kind, snapshot, size } = (value ?? {}) as Record<string, unknown>;
  if (kind === "snapshot") return isSnapshot(snapshot);
  if (kind === "set aside") return true;
  if (kind === "resize") return Number.isSafeInteger(size);
  return (kind === "drop" || kind === "restore") && typeof snapshot === "string" && isVolumeName(snapshot);
}
