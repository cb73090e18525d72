// One connection to a plugin, byte for byte: what is sent and what arrives is kept for the report.
import type { Socket } from "node:net";
import { formatAddress, type Wire, type WireRequest } from "@outrigger/engine";
import { readReply, type ReplyHead } from "./http-reply.ts";

/** A reply, whole. */
export interface WireReply extends ReplyHead {
  readonly body: Buffer;
  /** From the first byte sent to the last byte of the reply. */
  readonly milliseconds: number;
}

/** One request and what came of it, as the report shows them. */
export interface Exchange {
  readonly method: string;
  readonly sent: Buffer;
  /** At most the first 64 KiB. */
  received: Buffer;
  /** Why there was no reply. */
  problem?: string;
}

/** Thrown where no whole HTTP reply came. */
export class NoReply extends Error {
  override readonly name = "NoReply";
}

/** A connection that is kept until disposed. */
export interface PluginLink extends AsyncDisposable {
  readonly socket: Socket;
  /** Sends bytes and waits for one reply; throws `NoReply`. */
  exchange(bytes: Buffer, options: ExchangeOptions): Promise<WireReply>;
}

/** Which call, and within which bounds. */
interface ExchangeOptions {
  readonly method: string;
  readonly deadlineMs: number;
  readonly signal: AbortSignal;
}

const mostReplyBytes = 16 * 1024 * 1024;
const mostShownBytes = 64 * 1024;

/** The bytes of a request. */
export function requestBytes(request: WireRequest, verb = "POST"): Buffer {
  const lines = [`${verb} ${request.path} HTTP/1.1`, ...request.headers.map(([name, value]) => `${name}: ${value}`)];
  return Buffer.concat([Buffer.from(`${lines.join("\r\n")}\r\n\r\n`), request.body]);
}

/** Dials the plugin; throws `NoReply` where it cannot be reached. `log` gets each exchange as it begins. */
export async function openLink(
  wire: Wire,
  options: { readonly signal: AbortSignal; readonly log: (exchange: Exchange) => void },
): Promise<PluginLink> {
  let socket: Socket;
  try {
    const signal = AbortSignal.any([options.signal, AbortSignal.timeout(10_000)]);
    socket = await wire.dial({ signal });
  } catch (cause) {
    options.signal.throwIfAborted();
    throw new NoReply(`no connection to ${formatAddress(wire.address)}: ${reasonOf(cause)}`, { cause });
  }
  // What arrives, and every kind of end, is looked at by the exchange under way.
  let inbox: Buffer = Buffer.alloc(0);
  let ended = false;
  let look = (): void => {};
  socket.on("data", (chunk: Buffer) => {
    inbox = inbox.length === 0 ? chunk : Buffer.concat([inbox, chunk]);
    look();
  });
  const onEnd = (): void => {
    ended = true;
    look();
  };
  socket.on("end", onEnd);
  socket.on("error", onEnd);
  socket.on("close", onEnd);

  const exchange: PluginLink["exchange"] = async (bytes, { method, deadlineMs, signal }) => {
    const entry: Exchange = { method, sent: bytes, received: Buffer.alloc(0) };
    options.log(entry);
    const started = performance.now();
    const { promise, resolve, reject } = Promise.withResolvers<WireReply>();
    const fail = (why: string): void => {
      entry.problem = why;
      socket.destroy();
      reject(new NoReply(why));
    };
    look = () => {
      entry.received = inbox.subarray(0, mostShownBytes);
      const reply = readReply(inbox, ended);
      if (reply.state === "broken") return fail(reply.why);
      if (reply.state === "done") {
        inbox = inbox.subarray(reply.size);
        const milliseconds = performance.now() - started;
        return resolve({ ...reply.head, body: Buffer.from(reply.body), milliseconds });
      }
      if (inbox.length > mostReplyBytes) fail(`the reply is over ${mostReplyBytes} bytes`);
    };
    const timer = setTimeout(() => fail(`no whole reply within ${deadlineMs} ms`), deadlineMs);
    const onAbort = (): void => {
      socket.destroy();
      reject(signal.reason);
    };
    signal.addEventListener("abort", onAbort, { once: true });
    try {
      signal.throwIfAborted();
      socket.write(bytes);
      look();
      return await promise;
    } finally {
      look = () => {};
      clearTimeout(timer);
      signal.removeEventListener("abort", onAbort);
    }
  };
  return { socket, exchange, [Symbol.asyncDispose]: async () => void socket.destroy() };
}

function reasonOf(cause: unknown): string {
  return cause instanceof Error ? cause.message : String(cause);
}
