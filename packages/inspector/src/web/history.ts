// The latest calls with a place each, so that a page that lost its connection goes on where it was.
import type { CallRecord } from "../call-record.ts";

/** A call and its place in the order in which calls were answered, from 1. */
export interface Entry {
  readonly place: number;
  readonly record: CallRecord;
}

/** The latest calls. A reader asks for what comes after a place, so that what waits for it is never stored twice. */
export class History {
  readonly #keep: number;
  readonly #slots: CallRecord[] = [];
  readonly #waiting = new Set<() => void>();
  #last = 0;

  constructor(keep: number) {
    this.#keep = keep;
  }

  /** The place of the newest call; 0 before the first. */
  get last(): number {
    return this.#last;
  }

  /** Adds a call and wakes who waits for one. */
  add(record: CallRecord): void {
    this.#slots[this.#last % this.#keep] = record;
    this.#last += 1;
    for (const wake of this.#waiting) wake();
    this.#waiting.clear();
  }

  /** The first call after a place that is still kept. */
  after(place: number): Entry | undefined {
    const next = Math.max(place, this.#last - this.#keep) + 1;
    const record = this.#slots[(next - 1) % this.#keep];
    return next > this.#last || record === undefined ? undefined : { place: next, record };
  }

  /** Resolves when there is a call after a place, or when the signal aborts. */
  async until(place: number, signal: AbortSignal): Promise<void> {
    if (this.#last > place || signal.aborted) return;
    const { promise, resolve } = Promise.withResolvers<void>();
    const wake = (): void => resolve();
    this.#waiting.add(wake);
    signal.addEventListener("abort", wake);
    await promise;
    this.#waiting.delete(wake);
    signal.removeEventListener("abort", wake);
  }
}
