/** What is left of the time that one examination may take. */
export interface TimeBudget {
  /** Milliseconds there were. */
  readonly total: number;
  /** Milliseconds left; never under 1, which is what a timer can wait. */
  left(): number;
  /** Aborts when it is used up. */
  readonly signal: AbortSignal;
}

/** Starts the clock. */
export function startBudget(milliseconds: number): TimeBudget {
  const end = performance.now() + milliseconds;
  return {
    total: milliseconds,
    left: () => Math.max(1, end - performance.now()),
    signal: AbortSignal.timeout(milliseconds),
  };
}
