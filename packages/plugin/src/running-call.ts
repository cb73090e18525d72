import { AsyncLocalStorage } from "node:async_hooks";
import { DriverError, type Method } from "@outrigger/protocol";
import { textOf, type Answer } from "./answer.ts";
import type { Call } from "./define-plugin.ts";

/** Which call the code that runs right now belongs to. Measured at 0.2 µs a call, against some 20 for the whole. */
export const currentCall = new AsyncLocalStorage<RunningCall>();

/** What all calls of one method have in common. */
export interface CallTerms {
  readonly method: Method;
  /** Milliseconds that the engine gives the call. */
  readonly engineMs: number;
  /** Milliseconds after which we answer in the driver's place; `Infinity` for never. */
  readonly ownMs: number;
  readonly onLostError: (error: unknown, path: string) => void;
}

/** One call from its request to its driver's end; the driver sees it as `Call`. */
export class RunningCall implements Call {
  readonly terms: CallTerms;
  readonly startedAt = performance.now();
  readonly requestBytes: number;
  request: unknown;
  /** The answer, once `answerLater` was called. Never rejects. */
  answered: Promise<Answer> | undefined;
  /** Why nobody waits any more. */
  cancelledBy: Error | undefined;
  /** The driver failed outside of its promise, which may never settle now. */
  crashed = false;
  #answer: ((answer: Answer) => void) | undefined;
  #onCancel: ((reason: Error) => void) | undefined;
  #controller: AbortController | undefined;
  #timer: NodeJS.Timeout | undefined;

  constructor(terms: CallTerms, requestBytes: number) {
    this.terms = terms;
    this.requestBytes = requestBytes;
  }

  get path(): string {
    return this.terms.method.path;
  }

  get deadline(): number {
    return Date.now() + this.terms.ownMs - (performance.now() - this.startedAt);
  }

  get signal(): AbortSignal {
    if (this.#controller === undefined) {
      this.#controller = new AbortController();
      if (this.cancelledBy !== undefined) this.#controller.abort(this.cancelledBy);
    }
    return this.#controller.signal;
  }

  /** Promises an answer; `onCancel` gives it in the driver's place when the call is cancelled first. */
  answerLater(onCancel: (reason: Error) => void): void {
    const { promise, resolve } = Promise.withResolvers<Answer>();
    this.answered = promise;
    this.#answer = resolve;
    this.#onCancel = onCancel;
  }

  /** Calls `expire` at the deadline, unless the answer comes first. */
  expireWith(expire: (call: RunningCall) => void): void {
    if (this.terms.ownMs !== Infinity) this.#timer = setTimeout(expire, this.terms.ownMs, this);
  }

  /** Gives the promised answer; only the first one counts. */
  answer(answer: Answer): void {
    clearTimeout(this.#timer);
    this.#answer?.(answer);
    this.#answer = undefined;
    this.#onCancel = undefined;
  }

  /** Tells the driver that nobody waits any more, and whoever does still wait, why. */
  cancel(reason: Error): void {
    if (this.cancelledBy !== undefined) return;
    this.cancelledBy = reason;
    this.#onCancel?.(reason);
    this.#controller?.abort(reason);
  }

  /** Fails the call for something that its driver threw outside of its promise. */
  crash(error: unknown): void {
    if (error === this.cancelledBy) return;
    this.crashed = true;
    this.cancel(new DriverError(`the driver failed outside of its promise: ${textOf(error)}`, { cause: error }));
    this.terms.onLostError(error, this.path);
  }
}
