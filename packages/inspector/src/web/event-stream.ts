import type { ServerResponse } from "node:http";
import { callEvent } from "./call-event.ts";
import type { History } from "./history.ts";

/** Which calls to send to one page. */
export interface EventStreamOptions {
  readonly history: History;
  /** The last place the page has seen; 0 for none. */
  readonly after: number;
  /** An event before the calls: what the page is about. */
  readonly about: object;
  /** Milliseconds that a page may leave unread what it was sent. */
  readonly stallMs: number;
  /** Ends the stream. */
  readonly signal: AbortSignal;
}

/**
 * Sends calls as server-sent events until the page goes away or the signal aborts. A page that reads slowly is sent the
 * calls that are still kept when it goes on; one that reads nothing is let go.
 */
export async function streamEvents(response: ServerResponse, options: EventStreamOptions): Promise<void> {
  const { history, about, stallMs } = options;
  const gone = new AbortController();
  response.once("close", () => gone.abort());
  // It goes at any time; that is no failure of ours.
  response.on("error", () => gone.abort());
  const signal = AbortSignal.any([gone.signal, options.signal]);
  // Places of an earlier life of this port mean nothing here.
  let place = options.after > history.last ? 0 : options.after;
  response.write(`retry: 1000\n\nevent: about\ndata: ${JSON.stringify(about)}\n\n`);
  while (!signal.aborted) {
    const entry = history.after(place);
    if (entry === undefined) {
      await history.until(place, signal);
      continue;
    }
    place = entry.place;
    if (!response.write(callEvent(entry)) && !(await drained(response, { signal, stallMs }))) break;
  }
  response.destroy();
}

/** Waits until what was written is read; false where it is not in time. */
async function drained(
  response: ServerResponse,
  { signal, stallMs }: { signal: AbortSignal; stallMs: number },
): Promise<boolean> {
  const { promise, resolve } = Promise.withResolvers<boolean>();
  const onDrain = (): void => resolve(true);
  const onAbort = (): void => resolve(false);
  const timer = setTimeout(onAbort, stallMs);
  response.once("drain", onDrain);
  signal.addEventListener("abort", onAbort, { once: true });
  try {
    return await promise;
  } finally {
    clearTimeout(timer);
    response.off("drain", onDrain);
    signal.removeEventListener("abort", onAbort);
  }
}
