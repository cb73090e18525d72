import type { Holds } from "./holds.ts";

/**
 * How far a volume is. The words in -ing are intents: recorded before anything is done, so that a start after a crash
 * finds what was under way. `creating`, `attaching` are undone then, `detaching`, `removing` finished.
 */
export type Phase = "creating" | "idle" | "attaching" | "attached" | "detaching" | "removing";

/** What is kept of a volume. */
export interface VolumeRecord {
  /** As it came in Create; kept to compare with a second Create. */
  readonly options: Readonly<Record<string, string>>;
  /** RFC 3339. */
  readonly createdAt: string;
  readonly phase: Phase;
  /** Where it is attached; only in phase `attached`. */
  readonly mountpoint?: string | undefined;
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
  return { ...stored, holds: new Map(stored.holds.map(([id, current, carried]) => [id, { current, carried }])) };
}

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
  demand(isTexts(record["options"]), "options");
  demand(typeof record["createdAt"] === "string" && !Number.isNaN(Date.parse(record["createdAt"])), "createdAt");
  demand(typeof record["phase"] === "string" && phases.includes(record["phase"]), "phase");
  demand((typeof record["mountpoint"] === "string") === (record["phase"] === "attached"), "mountpoint");
  demand(Array.isArray(record["holds"]) && record["holds"].every(isStoredHold), "holds");
  // Each field was checked above.
  return value as StoredVolume;
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
