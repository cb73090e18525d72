/** One error that an engine prints about plugins. */
export interface ErrorEntry {
  /** Stable: `--json`, the page and links to it name it. */
  readonly id: string;
  /** Finds it in what was pasted; named groups fill `{group}` in the texts. */
  readonly pattern: RegExp;
  /** As it is printed. */
  readonly examples: readonly [string, ...string[]];
  /** What the text says, in other words. */
  readonly means: string;
  /** How it comes to that. */
  readonly why: string;
  /** The way out. */
  readonly remedy: string;
  /** Repository and path of the code that prints it, or of the rule behind it. */
  readonly source: string;
  /** It only says where something failed; what it wraps says why. */
  readonly wraps?: true;
}
