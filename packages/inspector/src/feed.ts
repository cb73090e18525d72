// Calls as they happen, for any number of onlookers, none of whom can hold up a call or fill the memory.
import type { CallRecord } from "./call-record.ts";

/** The latest calls, and those to come. */
export interface Feed {
  /** Adds a call and tells every subscriber. */
  publish(record: CallRecord): void;
  /** The latest calls, oldest first. */
  records(): readonly CallRecord[];
  /** Every call from now on, until the signal aborts or the loop is left. */
  subscribe(signal?: AbortSignal): Subscription;
}

/** The calls of one subscriber. */
export interface Subscription extends AsyncIterable<CallRecord> {
  /** How many calls this subscriber lost so far, the oldest first, because it was too slow. */
  readonly lost: number;
}

/** How much is kept. */
export interface FeedOptions {
  /** Calls that are kept, and that may wait for one subscriber; 2000 where left out. */
  readonly keep?: number;
}

/** Builds a feed. */
export function createFeed({ keep = 2000 }: FeedOptions = {}): Feed {
  const kept = new Recent(keep);
  const subscribers = new Set<Subscriber>();
  return {
    publish: (record) => {
      kept.add(record);
      for (const subscriber of subscribers) subscriber.offer(record);
    },
    records: () => kept.all(),
    subscribe: (signal) => {
      const subscriber = new Subscriber(keep, () => subscribers.delete(subscriber));
      if (signal?.aborted) subscriber.end();
      else subscribers.add(subscriber);
      // An ended subscriber leaves nothing behind on a signal that lives as long as the process.
      signal?.addEventListener("abort", () => subscriber.end(), { once: true, signal: subscriber.ended });
      return subscriber;
    },
  };
}

/** A queue of a fixed size that lets its oldest go. */
class Recent {
  readonly #size: number;
  readonly #slots: CallRecord[] = [];
  /** Where the oldest is, once the slots are full. */
  #oldest = 0;

  constructor(size: number) {
    this.#size = size;
  }

  add(record: CallRecord): void {
    if (this.#slots.length < this.#size) return void this.#slots.push(record);
    this.#slots[this.#oldest] = record;
    this.#oldest = (this.#oldest + 1) % this.#size;
  }

  all(): CallRecord[] {
    return [...this.#slots.slice(this.#oldest), ...this.#slots.slice(0, this.#oldest)];
  }

  clear(): void {
    this.#slots.length = 0;
    this.#oldest = 0;
  }

  get full(): boolean {
    return this.#slots.length === this.#size;
  }
}

class Subscriber implements Subscription {
  lost = 0;
  readonly #waiting: Recent;
  readonly #end = new AbortController();
  readonly #forget: () => void;
  #wake: () => void = () => {};

  constructor(keep: number, forget: () => void) {
    this.#waiting = new Recent(keep);
    this.#forget = forget;
  }

  get ended(): AbortSignal {
    return this.#end.signal;
  }

  offer(record: CallRecord): void {
    if (this.#waiting.full) this.lost++;
    this.#waiting.add(record);
    this.#wake();
  }

  end(): void {
    this.#end.abort();
    this.#forget();
    this.#wake();
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<CallRecord> {
    try {
      while (true) {
        const woken = new Promise<void>((resolve) => (this.#wake = resolve));
        const batch = this.#waiting.all();
        this.#waiting.clear();
        yield* batch;
        if (batch.length === 0 && this.ended.aborted) return;
        if (batch.length === 0) await woken;
      }
    } finally {
      this.end();
    }
  }
}
