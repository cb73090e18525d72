// Compares two answers as the engine would read them, by rule where the rules say so.
import { matchFor, unorderedLists, wordsOf, type Match } from "./match-rules.ts";
import { redacted } from "./redactor.ts";

/** A field in which two answers differ. */
export interface Difference {
  /** Its place in the answer, `Volume.Name`; empty for the whole. */
  readonly field: string;
  readonly recorded: unknown;
  readonly replayed: unknown;
}

/** What is being compared, and what is learnt of it. */
export interface Comparison {
  readonly method: string;
  /** Fields to leave out: by name, or by place. */
  readonly ignore: readonly string[];
  /** Told of each value that the plugin chose anew. */
  readonly onChosen: (recorded: string, replayed: string) => void;
}

const mostDifferences = 50;

/** The fields in which an answer differs from the recorded one, fifty at the most. */
export function differencesBetween(recorded: unknown, replayed: unknown, comparison: Comparison): Difference[] {
  return [...compare({ recorded, replayed }, [], comparison)].slice(0, mostDifferences);
}

interface Pair {
  readonly recorded: unknown;
  readonly replayed: unknown;
}

function* compare(pair: Pair, place: readonly string[], comparison: Comparison): Generator<Difference> {
  const { recorded, replayed } = pair;
  if ((typeof recorded === "string" && recorded.includes(redacted)) || isIgnored(place, comparison.ignore)) return;
  const rule = matchFor(comparison.method, place.map((step) => (/^\d+$/.test(step) ? "*" : step)).join("."));
  if (rule !== undefined && matches(pair, rule, comparison)) return;
  if (isEmpty(recorded) && isEmpty(replayed)) return;
  if (Array.isArray(recorded) && Array.isArray(replayed)) {
    const key = unorderedLists[`${comparison.method} ${place.join(".")}`];
    const [old, now] = key === undefined ? [recorded, replayed] : [sorted(recorded, key), sorted(replayed, key)];
    for (let index = 0; index < Math.max(old.length, now.length); index++) {
      yield* compare({ recorded: old[index], replayed: now[index] }, [...place, String(index)], comparison);
    }
  } else if (isObject(recorded) && isObject(replayed)) {
    for (const key of new Set([...Object.keys(recorded), ...Object.keys(replayed)])) {
      yield* compare({ recorded: own(recorded, key), replayed: own(replayed, key) }, [...place, key], comparison);
    }
  } else if (recorded !== replayed) {
    yield { field: place.join("."), recorded, replayed };
  }
}

function matches({ recorded, replayed }: Pair, rule: Match, { onChosen }: Comparison): boolean {
  if (rule === "anything") return true;
  if (isEmpty(recorded) || isEmpty(replayed)) return false;
  if (typeof recorded !== "string" || typeof replayed !== "string")
    return rule === "chosen" && typeof recorded === typeof replayed;
  switch (rule) {
    case "time":
      return isTime(recorded) && isTime(replayed);
    case "text":
      return wordsOf(recorded) === wordsOf(replayed);
    case "path":
      return recorded.startsWith("/") && replayed.startsWith("/");
    case "chosen":
      onChosen(recorded, replayed);
      return true;
  }
}

function isTime(text: string): boolean {
  return /^\d{4}-\d\d-\d\dT/.test(text) && !Number.isNaN(Date.parse(text));
}

/** What Go takes for the zero value, which a missing field has. */
function isEmpty(value: unknown): boolean {
  if (value === undefined || value === null || value === "" || value === 0 || value === false) return true;
  return typeof value === "object" && Object.keys(value).length === 0;
}

function isIgnored(place: readonly string[], ignore: readonly string[]): boolean {
  return place.length > 0 && ignore.some((field) => field === place.at(-1) || field === place.join("."));
}

function sorted(items: readonly unknown[], key: string): unknown[] {
  const keyOf = (item: unknown): string => (isObject(item) ? String(own(item, key)) : "");
  return items.toSorted((a, b) => (keyOf(a) < keyOf(b) ? -1 : 1));
}

function own(value: Record<string, unknown>, key: string): unknown {
  return Object.hasOwn(value, key) ? value[key] : undefined;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
