import { setTimeout as sleep } from "node:timers/promises";
import { DriverError } from "@outrigger/protocol";
import type { RunningCall } from "./running-call.ts";

/** How long an answered stream may keep its first bytes back before the head goes out alone. */
const headWaitMs = 100;

/** A driver's stream, opened: its first bytes may be there already. */
export interface ByteStream {
  readonly call: RunningCall;
  readonly first: Promise<IteratorResult<Uint8Array>>;
  readonly iterator: AsyncIterator<Uint8Array>;
  /** Must be called once, when the last byte was sent or the stream was given up. */
  readonly end: (outcome: { bytes: number; error?: unknown }) => void;
}

/**
 * Takes what the driver returned and waits shortly for its first bytes: a driver that cannot read its log says so then,
 * and the caller still gets a status. The engine waits for the head, so a quiet log must not hold it back.
 */
export async function openStream(call: RunningCall, returned: unknown): Promise<Omit<ByteStream, "end">> {
  const iterable = await returned;
  if (!isAsyncIterable(iterable)) {
    throw new DriverError("the driver's answer must be an async iterable of bytes (Uint8Array)");
  }
  const iterator = iterable[Symbol.asyncIterator]();
  const first = iterator.next();
  const waited = new AbortController();
  try {
    await Promise.race([first, sleep(headWaitMs, undefined, { signal: waited.signal })]);
  } finally {
    waited.abort();
    // Whoever sends the stream awaits it again.
    first.catch(ignore);
  }
  if (call.cancelledBy !== undefined) {
    iterator.return?.().then(ignore, ignore);
    throw call.cancelledBy;
  }
  return { call, first, iterator };
}

/** Where a stream's bytes go. */
export interface ByteSink {
  /** Resolves when there is room for more. */
  write(bytes: Uint8Array): Promise<void>;
  /** The stream is complete. */
  end(): void;
  /** The stream broke: the reader must not take what it has for the whole. */
  cut(): void;
}

/** Sends a stream until it ends, breaks, or its call is cancelled; never rejects. */
export async function sendStream(stream: ByteStream, sink: ByteSink): Promise<void> {
  const { call, iterator } = stream;
  const cancelled = rejectOnAbort(call.signal);
  let bytes = 0;
  try {
    let result = await cancelled(stream.first);
    while (result.done !== true) {
      if (!(result.value instanceof Uint8Array)) throw new DriverError("a stream is made of bytes (Uint8Array)");
      bytes += result.value.byteLength;
      await cancelled(sink.write(result.value));
      result = await cancelled(iterator.next());
    }
    sink.end();
    stream.end({ bytes });
  } catch (error) {
    sink.cut();
    call.cancel(error instanceof Error ? error : new DriverError("the stream broke", { cause: error }));
    stream.end({ bytes, error });
    // Not awaited: a generator returns only once it got past what it waits for now.
    iterator.return?.().then(ignore, ignore);
  }
}

/** Waits for one promise after another, each given up when the signal aborts, without adding a listener for each. */
function rejectOnAbort(signal: AbortSignal): <T>(promise: Promise<T>) => Promise<T> {
  let give: ((reason: unknown) => void) | undefined;
  signal.addEventListener("abort", () => give?.(signal.reason), { once: true });
  return (promise) =>
    new Promise((resolve, reject) => {
      give = reject;
      if (signal.aborted) reject(signal.reason);
      promise.then(resolve, reject);
    });
}

function isAsyncIterable(value: unknown): value is AsyncIterable<Uint8Array> {
  return typeof value === "object" && value !== null && Symbol.asyncIterator in value;
}

function ignore(): void {}
