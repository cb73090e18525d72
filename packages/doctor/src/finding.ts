import type { ProcessFacts } from "@outrigger/linux";

/** `error`: something does not work now. `warning`: it will, or it is unsafe. `note`: good to know. */
export type Severity = "error" | "warning" | "note";

/** One thing that is wrong, who it belongs to, what it costs, and the way out. */
export interface Finding {
  /** The check that found it, such as `dead-socket`. */
  readonly id: string;
  readonly severity: Severity;
  /** The file, container, volume, link or setting it is about. */
  readonly object: string;
  readonly what: string;
  /** The process behind it, where there is one that can be seen. */
  readonly owner?: ProcessFacts | undefined;
  /** What it does to those who use the engine. */
  readonly cost: string;
  /** What to do: an exact command wherever there is one. */
  readonly remedy: string;
}
