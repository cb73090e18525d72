import { setTimeout as sleep } from "node:timers/promises";
import type { CallError } from "./engine-error.ts";

/** Time as far as retries need it; tests bring their own. */
export interface Clock {
  /** Milliseconds on a clock that never goes back. */
  now(): number;
  /** Resolves after so many milliseconds; rejects with the signal's reason. */
  wait(milliseconds: number, signal?: AbortSignal): Promise<void>;
}

/** A failed attempt, for the caller's own decision. */
export interface FailedAttempt {
  /** 1 for the first. */
  readonly attempt: number;
  readonly elapsedMs: number;
  /** `error.sent` tells whether the plugin may have acted on the request. */
  readonly error: CallError | Error;
}

/** Milliseconds to wait before the next attempt; undefined to give up. */
export type RetryPolicy = (failed: FailedAttempt) => number | undefined;

/**
 * What to do about a call that brought no HTTP answer. An answer, whatever its status, is never retried.
 * `none`: fail. `engine`: at 1, 3, 7 and 15 s, from the first request that was sent on with an empty body, as the engine
 * does. A policy: as it says, each time with the whole body.
 */
export type Retry = "none" | "engine" | RetryPolicy;

/** The clock of this machine. */
export const systemClock: Clock = {
  now: () => performance.now(),
  wait: async (milliseconds, signal) => {
    try {
      await sleep(milliseconds, undefined, signal === undefined ? {} : { signal });
    } catch (error) {
      throw signal?.aborted === true ? signal.reason : error;
    }
  },
};

const engineLimitMs = 30_000;

/** The engine's schedule: 1, 2, 4, 8 … s, none that would end 30 s or more after the first attempt began. */
export const engineRetry: RetryPolicy = ({ attempt, elapsedMs }) => {
  const waitMs = Math.min(1000 * 2 ** (attempt - 1), engineLimitMs);
  return waitMs + elapsedMs >= engineLimitMs ? undefined : waitMs;
};

/** What one attempt of a retried task is told. */
export interface RetryOptions {
  readonly retry: Retry;
  readonly clock: Clock;
  readonly signal: AbortSignal | undefined;
  /** Whether a failure may be tried again at all. */
  readonly retryable: (error: unknown) => error is Error;
}

/** Runs a task until it succeeds, fails for good, or the policy gives up; then throws the last failure. */
export async function withRetry<T>(task: () => Promise<T>, options: RetryOptions): Promise<T> {
  const { retry, clock, signal, retryable } = options;
  const policy: RetryPolicy = retry === "none" ? () => undefined : retry === "engine" ? engineRetry : retry;
  const started = clock.now();
  for (let attempt = 1; ; attempt++) {
    try {
      return await task();
    } catch (error) {
      if (!retryable(error)) throw error;
      const waitMs = policy({ attempt, elapsedMs: clock.now() - started, error });
      if (waitMs === undefined) throw error;
      await clock.wait(waitMs, signal);
    }
  }
}
