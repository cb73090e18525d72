import type { VolumeEvent } from "./volume-events.ts";

/** The most events that wait for one reader. */
const mostWaiting = 1000;

/** Gives each change to everybody who listens at that time. */
export class EventFeed {
  readonly #readers = new Set<(event: Omit<VolumeEvent, "time" | "lost">) => void>();

  /** Costs nothing while nobody listens. */
  emit(event: Omit<VolumeEvent, "time" | "lost">): void {
    for (const reader of this.#readers) reader(event);
  }

  /** All events from now on; a reader that is too slow loses the oldest, and is told how many. */
  listen(signals: readonly (AbortSignal | undefined)[]): AsyncIterableIterator<VolumeEvent> {
    const waiting: VolumeEvent[] = [];
    let lost = 0;
    let wake = Promise.withResolvers<void>();
    const reader = (event: Omit<VolumeEvent, "time" | "lost">): void => {
      waiting.push({ time: new Date().toISOString(), ...event });
      if (waiting.length > mostWaiting) {
        waiting.shift();
        lost += 1;
      }
      wake.resolve();
    };
    const stop = AbortSignal.any(signals.filter((signal) => signal !== undefined));
    const end = (): void => {
      this.#readers.delete(reader);
      wake.resolve();
    };
    if (!stop.aborted) this.#readers.add(reader);
    stop.addEventListener("abort", end, { once: true });
    const next = async (): Promise<IteratorResult<VolumeEvent>> => {
      while (waiting.length === 0) {
        if (!this.#readers.has(reader)) return { done: true, value: undefined };
        wake = Promise.withResolvers<void>();
        await wake.promise;
      }
      const [event] = waiting.splice(0, 1);
      const value = event && lost > 0 ? { ...event, lost } : event;
      lost = 0;
      return value === undefined ? { done: true, value } : { done: false, value };
    };
    return {
      next,
      return: async () => {
        waiting.length = 0;
        end();
        stop.removeEventListener("abort", end);
        return { done: true, value: undefined };
      },
      [Symbol.asyncIterator]() {
        return this;
      },
    };
  }
}
