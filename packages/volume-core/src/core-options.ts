import type { Option, Options } from "@outrigger/plugin";
import { RequestError } from "@outrigger/protocol";
import type { Backend } from "./backend.ts";
import type { RemovePolicy } from "./volume-verbs.ts";
import { isVolumeName } from "./volume-name.ts";

/** What the core itself makes of a volume's options. */
export interface CoreOptions {
  /** Whose data it begins with. */
  readonly from?: { readonly volume: string; readonly snapshot?: string | undefined } | undefined;
  readonly onRemove: RemovePolicy;
  /** Milliseconds between two scheduled snapshots. */
  readonly snapSchedule?: number | undefined;
  /** How many scheduled snapshots stay. */
  readonly snapKeep: number;
  readonly labels: Readonly<Record<string, string>>;
  readonly readonly: boolean;
  /** The folder within the volume that is given out, as a relative path. */
  readonly subpath?: string | undefined;
}

const always = {
  "on-remove": {
    type: "choice",
    of: ["delete", "trash", "keep"],
    doc: "What becomes of the data when the volume is removed: deleted, kept for a while, or kept until somebody purges it.",
    default: "delete",
  },
  labels: { type: "string", doc: "Labels, as in team=web,tier=gold." },
  readonly: { type: "boolean", doc: "Containers can only read it.", default: false },
  subpath: { type: "string", doc: "The folder within the volume that containers get; made where missing." },
} as const satisfies Options;

const withClone = {
  from: {
    type: "string",
    doc: "Begin with the data of another volume, or of one of its snapshots: volume[@snapshot].",
  },
} as const satisfies Options;

const withSnapshot = {
  "snap-schedule": { type: "string", doc: "How often a snapshot is made: 15min, 6h, 1d, 1w." },
  "snap-keep": {
    type: "integer",
    min: 1,
    max: 500,
    doc: "How many scheduled snapshots are kept; the oldest goes first.",
    default: 7,
  },
} as const satisfies Options;

/** The core's options for a volume of one of these backends, the first of which is the one where none is named. */
export function coreOptionsOf(backends: readonly Backend[], standard: Backend): Options {
  const [first = standard.name, ...others] = backends.map(({ name }) => name);
  const backend: Option = { type: "choice", of: [first, ...others], doc: "Where it is kept.", default: standard.name };
  return {
    ...(backends.length > 1 && { backend }),
    ...always,
    ...(backends.some((backend) => backend.clone !== undefined) && withClone),
    ...(backends.some((backend) => backend.snapshot !== undefined) && withSnapshot),
  };
}

/** What the core's options mean; throws `RequestError` naming the option. */
export function readCoreOptions(values: Readonly<Record<string, unknown>>): CoreOptions {
  const text = (name: string): string | undefined => {
    const value = values[name];
    return typeof value === "string" ? value : undefined;
  };
  const [from, schedule, labels, subpath] = [text("from"), text("snap-schedule"), text("labels"), text("subpath")];
  return {
    ...(from !== undefined && { from: readFrom(from) }),
    // A choice of the schema above.
    onRemove: values["on-remove"] as RemovePolicy,
    ...(schedule !== undefined && { snapSchedule: readDuration("snap-schedule", schedule) }),
    snapKeep: Number(values["snap-keep"] ?? withSnapshot["snap-keep"].default),
    labels: labels === undefined ? {} : readLabels(labels),
    readonly: values["readonly"] === true,
    ...(subpath !== undefined && { subpath: readSubpath(subpath) }),
  };
}

/** The volume, and the snapshot of it, that a new one begins with; throws `RequestError` for what is none. */
export function readFrom(text: string): NonNullable<CoreOptions["from"]> {
  const [volume = "", snapshot, ...rest] = text.split("@");
  const right = rest.length === 0 && isVolumeName(volume) && (snapshot === undefined || isVolumeName(snapshot));
  if (!right) throw wrong("from", text, "a volume; write volume or volume@snapshot");
  return { volume, snapshot };
}

const minute = 60_000;
const units: Readonly<Record<string, number>> = { min: minute, h: 60 * minute, d: 1440 * minute, w: 10_080 * minute };

function readDuration(name: string, text: string): number {
  const [, count, unit = ""] = /^([1-9]\d{0,5})(min|h|d|w)$/.exec(text) ?? [];
  const factor = units[unit];
  if (factor === undefined) throw wrong(name, text, "a span of time; write a number with min, h, d or w, such as 6h");
  return Number(count) * factor;
}

function readLabels(text: string): Record<string, string> {
  const pairs = text.split(",").map((pair): [string, string] => {
    const at = pair.indexOf("=");
    const [key, value] = at < 0 ? [pair, ""] : [pair.slice(0, at), pair.slice(at + 1)];
    if (!/^[\w./-]{1,128}$/.test(key)) {
      throw wrong("labels", text, "a list of labels; write key=value,key=value with letters, digits and ._/- in keys");
    }
    return [key, value];
  });
  return Object.fromEntries(pairs);
}

function readSubpath(text: string): string {
  const parts = text.split("/");
  const right = text.length <= 1024 && parts.every((part) => part !== "" && part !== "." && part !== "..");
  if (!right) throw wrong("subpath", text, 'a folder within the volume; write a path without "/" at its ends and ".."');
  return text;
}

function wrong(name: string, text: string, what: string): RequestError {
  return new RequestError(`option "${name}": ${JSON.stringify(text.slice(0, 60))} is not ${what}`);
}
