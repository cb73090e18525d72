import type { Facts } from "./facts.ts";
import type { Finding } from "./finding.ts";

/** One kind of thing that can be wrong. */
export interface Check {
  /** Stable: `--json` and the guide name it. */
  readonly id: string;
  /** What it looks for, in a sentence. */
  readonly title: string;
  readonly find: (facts: Facts) => readonly Omit<Finding, "id">[];
}

/** `1 volume`, `2 volumes`, with the first few by name. */
export function countOf(what: string, names: readonly string[]): string {
  const shown = names.slice(0, 3).join(", ") + (names.length > 3 ? ", …" : "");
  return `${names.length} ${what}${names.length === 1 ? "" : "s"} (${shown})`;
}

/** A word as a shell takes it. */
export function quoted(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", String.raw`'\''`)}'`;
}
