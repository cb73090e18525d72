// What a run comes to: counts, and whether it is good enough.
import type { CaseResult, RunResult } from "../run.ts";

/** How many cases came out how. `allowed` of the failed ones were known before. */
export interface Summary {
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
  readonly allowed: number;
}

/** What decides whether a failed case counts. */
export interface Judgement {
  /** A SHOULD counts as a MUST does. */
  readonly strict?: boolean;
  /** Ids of cases that are known to fail. */
  readonly allowed?: ReadonlySet<string>;
}

/** Counts the cases of a run. */
export function summaryOf(cases: readonly CaseResult[], { allowed }: Judgement = {}): Summary {
  const count = (status: CaseResult["status"]): number => cases.filter((one) => one.status === status).length;
  return {
    passed: count("passed"),
    failed: count("failed"),
    skipped: count("skipped"),
    allowed: cases.filter((one) => one.status === "failed" && allowed?.has(one.id) === true).length,
  };
}

/** Whether a case's failure makes the whole run one. */
export function counts(one: CaseResult, { strict = false, allowed }: Judgement = {}): boolean {
  if (one.status !== "failed" || allowed?.has(one.id) === true) return false;
  return one.severity === "MUST" || (strict && one.severity === "SHOULD");
}

/** Whether the plugin conforms: no failure that counts, no interruption, and something was judged. */
export function conforms(run: RunResult, judgement: Judgement = {}): boolean {
  const judged = run.cases.some(({ status }) => status !== "skipped");
  return judged && !run.interrupted && !run.cases.some((one) => counts(one, judgement));
}
