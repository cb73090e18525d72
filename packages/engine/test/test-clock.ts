import type { Clock } from "../src/retry.ts";

/** A clock that jumps: each wait is over at once and written down. */
export interface TestClock extends Clock {
  readonly waits: readonly number[];
}

/** Makes a clock at 0; `during` happens within each wait. */
export function testClock(during?: (milliseconds: number) => Promise<unknown> | undefined): TestClock {
  const waits: number[] = [];
  return {
    waits,
    now: () => waits.reduce((sum, wait) => sum + wait, 0),
    wait: async (milliseconds, signal) => {
      signal?.throwIfAborted();
      waits.push(milliseconds);
      await during?.(milliseconds);
    },
  };
}
