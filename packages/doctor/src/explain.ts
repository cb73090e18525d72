import { errorThemes } from "./errors/all-errors.ts";
import type { ErrorEntry } from "./errors/error-entry.ts";

/** What an error means, with the names in it filled in. */
export interface Explanation {
  readonly id: string;
  /** The part of the text that was recognised. */
  readonly found: string;
  readonly means: string;
  readonly why: string;
  readonly remedy: string;
  readonly source: string;
}

/** The most specific explanation first, then those of what wraps it; where nothing matches, what comes nearest. */
export interface Explained {
  readonly explanations: readonly Explanation[];
  readonly nearest: readonly { readonly id: string; readonly example: string }[];
}

/** More than anybody pastes; of a whole log, its end is what counts. */
const mostText = 16_384;
const entries = Object.values(errorThemes).flat();

/** Explains what an engine printed: one line or many, with whatever a terminal or a log put around it. */
export function explain(text: string): Explained {
  // A log writes quotation marks with a backslash, and a terminal breaks lines where it likes.
  const plain = text.slice(-mostText).replaceAll('\\"', '"').replaceAll("\r", "");
  const joined = plain.replaceAll(/ *\n */g, " ");
  const matches = entries.flatMap((entry) => {
    const match = entry.pattern.exec(plain) ?? entry.pattern.exec(joined);
    return match === null ? [] : [{ entry, match }];
  });
  matches.sort(
    (a, b) => rank(a.entry) - rank(b.entry) || end(b.match) - end(a.match) || b.match[0].length - a.match[0].length,
  );
  const explanations = matches.map(({ entry, match }) => fillIn(entry, match));
  return { explanations, nearest: explanations.length > 0 ? [] : nearestTo(joined) };
}

/** The reason comes before what it is wrapped in. */
function rank(entry: ErrorEntry): number {
  return entry.wraps === true ? 1 : 0;
}

/** The innermost error stands last. */
function end(match: RegExpExecArray): number {
  return match.index + match[0].length;
}

function fillIn(entry: ErrorEntry, match: RegExpExecArray): Explanation {
  const { id, means, why, remedy, source } = entry;
  const fill = (text: string): string =>
    text.replaceAll(/\{([a-z]+)\}/g, (_all, group: string) => match.groups?.[group]?.trim() || group.toUpperCase());
  return { id, found: match[0].trim(), means: fill(means), why: fill(why), remedy: fill(remedy), source };
}

const mostNearest = 3;

/** By the rare words that a text and an example have in common. */
function nearestTo(text: string): Explained["nearest"] {
  const words = wordsOf(text);
  const scored = entries.flatMap(({ id, examples }) =>
    examples.map((example) => ({ id, example, score: likeness(words, wordsOf(example)) })),
  );
  const seen = new Set<string>();
  return scored
    .filter(({ score }) => score >= 0.2)
    .sort((a, b) => b.score - a.score)
    .filter(({ id }) => !seen.has(id) && seen.add(id))
    .slice(0, mostNearest)
    .map(({ id, example }) => ({ id, example }));
}

const common = new Set("error response from daemon the a to is of on in for docker and it".split(" "));

function wordsOf(text: string): Set<string> {
  return new Set((text.toLowerCase().match(/[a-z][a-z]+/g) ?? []).filter((word) => !common.has(word)));
}

function likeness(a: ReadonlySet<string>, b: ReadonlySet<string>): number {
  const shared = [...a].filter((word) => b.has(word)).length;
  return shared < 2 ? 0 : shared / Math.max(1, Math.min(a.size, b.size));
}
