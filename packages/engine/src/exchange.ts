// One request and its reply over node:http: no retry, no redirect, nothing read into the body.
import {
  request as httpRequest,
  type Agent,
  type ClientRequest,
  type IncomingHttpHeaders,
  type IncomingMessage,
} from "node:http";
import { request as httpsRequest } from "node:https";
import { pipeline, type Readable } from "node:stream";
import { createGunzip } from "node:zlib";
import { formatAddress, type Address } from "./address.ts";
import { CallError, type CallErrorCode } from "./engine-error.ts";
import { tlsFactsOf, type TlsFacts } from "./tls-facts.ts";

/** Where one attempt goes, what it carries and what it may cost. */
export interface Attempt {
  readonly agent: Agent;
  readonly address: Address;
  readonly path: string;
  readonly headers: readonly (readonly [name: string, value: string])[];
  readonly body: Buffer;
  /** Milliseconds until the whole reply is there, or the headers of a streamed one; Infinity for no limit. */
  readonly deadlineMs: number;
  readonly maxReplyBytes: number;
  readonly signal: AbortSignal | undefined;
}

/** A reply as it came, whatever its status. */
export interface RawReply {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
  /** From the first byte of dialling to the last byte of the reply. */
  readonly milliseconds: number;
  /** Present over TLS. */
  readonly tls?: TlsFacts | undefined;
}

/** A 200 reply whose body is still to come; ending the iteration, or disposing, closes the connection. */
export interface StreamedReply extends AsyncDisposable {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly stream: AsyncIterable<Uint8Array>;
}

/** Sends one request and reads the whole reply; throws `CallError`, or the signal's reason. */
export async function exchange(attempt: Attempt): Promise<RawReply> {
  const started = performance.now();
  using watch = watchAttempt(attempt);
  const response = await open(attempt, watch);
  // Before the body: the connection may be gone after it.
  const tls = tlsFactsOf(response.socket);
  const body = await readBody(response, attempt, watch);
  return { ...headOf(response), body, milliseconds: performance.now() - started, tls };
}

/** Sends one request; a 200 is handed back as soon as its headers are there, which ends the deadline. */
export async function exchangeStream(attempt: Attempt): Promise<StreamedReply | RawReply> {
  const started = performance.now();
  const watch = watchAttempt(attempt);
  try {
    const response = await open(attempt, watch);
    if (response.statusCode === 200) return streamed(response, watch);
    const body = await readBody(response, attempt, watch);
    watch[Symbol.dispose]();
    return { ...headOf(response), body, milliseconds: performance.now() - started };
  } catch (error) {
    watch[Symbol.dispose]();
    throw error;
  }
}

/** What happened so far, and the one signal that ends the attempt. */
interface Watch extends Disposable {
  readonly signal: AbortSignal;
  connected: boolean;
  sent: boolean;
  status: number | undefined;
  /** Turns whatever node:http threw into a `CallError`, or into the reason of the abort. */
  error(cause: unknown): unknown;
  stopClock(): void;
}

function watchAttempt(attempt: Attempt): Watch {
  const { path, deadlineMs, signal } = attempt;
  const controller = new AbortController();
  const onAbort = (): void => controller.abort(signal?.reason);
  if (signal?.aborted === true) onAbort();
  signal?.addEventListener("abort", onAbort, { once: true });

  const watch: Watch = {
    signal: controller.signal,
    connected: false,
    sent: false,
    status: undefined,
    error: (cause) => (controller.signal.aborted ? controller.signal.reason : asCallError(attempt, watch, cause)),
    stopClock: () => clearTimeout(timer),
    [Symbol.dispose]: () => {
      clearTimeout(timer);
      signal?.removeEventListener("abort", onAbort);
    },
  };
  const late = (): void => {
    const what = watch.connected ? "no answer" : `no connection to ${formatAddress(attempt.address)}`;
    const { sent, status } = watch;
    controller.abort(new CallError(path, `${what} within ${deadlineMs} ms`, { code: "deadline", sent, status }));
  };
  const timer = Number.isFinite(deadlineMs) ? setTimeout(late, deadlineMs) : undefined;
  return watch;
}

function open(attempt: Attempt, watch: Watch): Promise<IncomingMessage> {
  const { address, agent, body } = attempt;
  const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>();
  if (watch.signal.aborted) return Promise.reject(watch.signal.reason);
  const send = address.transport === "tls" ? httpsRequest : httpRequest;
  const target =
    address.transport === "unix" ? { socketPath: address.path } : { host: address.host, port: address.port };
  const request = send({
    ...target,
    agent,
    method: "POST",
    path: `/${attempt.path}`,
    setHost: false,
    signal: watch.signal,
  });
  for (const [name, value] of attempt.headers) request.setHeader(name, value);
  // Go's client writes no Connection header; an agent with keep-alive would.
  request.removeHeader("Connection");
  noteProgress(request, address, watch);
  request.once("response", (response) => {
    watch.status = response.statusCode;
    resolve(response);
  });
  // With nobody to hear of it, node:http drops the connection without a word.
  request.once("upgrade", ({ statusCode: status }, socket) => {
    socket.destroy();
    const message = `the plugin's reply: answered ${status}; only 200 is success`;
    reject(new CallError(attempt.path, message, { code: "bad-reply", sent: true, status }));
  });
  request.on("error", (error) => reject(watch.error(error)));
  request.end(body);
  return promise;
}

function noteProgress(request: ClientRequest, address: Address, watch: Watch): void {
  request.once("socket", (socket) => {
    const ready = (): void => {
      watch.connected = true;
      watch.sent = true;
    };
    if (request.reusedSocket) return ready();
    if (address.transport === "tls") {
      socket.once("connect", () => (watch.connected = true));
      socket.once("secureConnect", ready);
    } else if (socket.connecting) socket.once("connect", ready);
    else ready();
  });
}

function headOf(response: IncomingMessage): { status: number; headers: IncomingHttpHeaders } {
  return { status: response.statusCode ?? 0, headers: response.headers };
}

async function readBody(response: IncomingMessage, attempt: Attempt, watch: Watch): Promise<Buffer> {
  const { path, maxReplyBytes } = attempt;
  const chunks: Buffer[] = [];
  let size = 0;
  try {
    for await (const chunk of decoded(response, attempt) as AsyncIterable<Buffer>) {
      size += chunk.length;
      if (size > maxReplyBytes) {
        throw new CallError(path, `the reply is over ${maxReplyBytes} bytes; raise maxReplyBytes if that is right`, {
          code: "too-large",
          status: watch.status,
        });
      }
      chunks.push(chunk);
    }
  } catch (error) {
    response.destroy();
    throw error instanceof CallError ? error : watch.error(error);
  }
  return Buffer.concat(chunks);
}

/** Go's transport decodes gzip only where it asked for it, which it does over TCP alone. */
function decoded(response: IncomingMessage, attempt: Attempt): Readable {
  const asked = attempt.headers.some(([name]) => name === "Accept-Encoding");
  if (!asked || response.headers["content-encoding"]?.toLowerCase() !== "gzip") return response;
  // The error reaches whoever reads the decoder's output.
  return pipeline(response, createGunzip(), () => {});
}

function streamed(response: IncomingMessage, watch: Watch): StreamedReply {
  watch.stopClock();
  const close = async (): Promise<void> => {
    response.destroy();
    watch[Symbol.dispose]();
  };
  const read = async function* (): AsyncGenerator<Uint8Array> {
    try {
      // Without an encoding set, a response yields buffers.
      for await (const chunk of response as AsyncIterable<Buffer>) yield chunk;
    } catch (error) {
      throw watch.error(error);
    } finally {
      await close();
    }
  };
  return { ...headOf(response), stream: read(), [Symbol.asyncDispose]: close };
}

function asCallError(attempt: Attempt, watch: Watch, cause: unknown): CallError {
  const { path } = attempt;
  const where = formatAddress(attempt.address);
  const systemCode = cause instanceof Error && "code" in cause && typeof cause.code === "string" ? cause.code : "";
  const fail = (code: CallErrorCode, message: string): CallError =>
    new CallError(path, message, { code, cause, sent: watch.sent, status: watch.status });
  const detail = cause instanceof Error ? cause.message : String(cause);

  if (systemCode.startsWith("HPE_")) return fail("bad-reply", `${where} does not answer in HTTP (${detail})`);
  if (systemCode.startsWith("Z_")) return fail("bad-reply", `the reply is not the gzip it says it is (${detail})`);
  const inHandshake = attempt.address.transport === "tls" && watch.connected && !watch.sent;
  if (inHandshake || systemCode.startsWith("ERR_SSL")) return fail("tls", `no TLS connection to ${where}: ${detail}`);
  if (!watch.connected) return fail("unreachable", `cannot connect to ${where}: ${reasons[systemCode] ?? detail}`);
  if (watch.status !== undefined) return fail("broken", `the plugin closed the connection in the middle of its reply`);
  return fail("broken", "the plugin closed the connection without an answer");
}

const reasons: Readonly<Record<string, string>> = {
  ECONNREFUSED: "connection refused; nothing listens there, so start the plugin or remove what it left behind",
  ENOENT: "no such file; start the plugin",
  ENOTSOCK: "not a socket",
  EACCES: "permission denied; run this as root",
  EPERM: "permission denied; run this as root",
  EAGAIN: "its queue of waiting connections is full; the plugin accepts none",
  ENOTFOUND: "no such host",
};
