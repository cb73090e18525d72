import type { Agent } from "node:http";
import { formatAddress, type Address, type Rules } from "./address.ts";
import { ActivationError, CallError } from "./engine-error.ts";
import type { Attempt, RawReply, StreamedReply } from "./exchange.ts";
import { knownMethod, type KnownMethod } from "./known-method.ts";
import type { PluginEntry } from "./plugin-entry.ts";
import { deadlineOf, headersOf, requestStyles, type Profile } from "./profile.ts";
import { readReply, refusal } from "./reply.ts";
import { bodyOf } from "./request-body.ts";
import { systemClock, withRetry, type Clock, type Retry } from "./retry.ts";
import { secureOptions, targetOf, type Target } from "./target.ts";
import type { TlsConfig } from "./tls-settings.ts";

/** How to call one plugin; each call may say otherwise. */
export interface CallOptions {
  /** Milliseconds for one attempt; by default the method's own in the profile, else 30 s. Infinity for none. */
  readonly deadlineMs?: number;
  /** `none` by default. */
  readonly retry?: Retry;
  /** The largest reply to take, 16 MiB by default; the engine has no limit. */
  readonly maxReplyBytes?: number;
  readonly signal?: AbortSignal;
}

/** How to reach a plugin, and as whom. */
export interface ConnectOptions extends Omit<CallOptions, "signal"> {
  /** `docker` by default. */
  readonly profile?: Profile;
  /** For an address given as text; an entry was read by its own. `strict` by default. */
  readonly rules?: Rules;
  /** For an `https://` address given as text. */
  readonly tls?: TlsConfig;
  readonly clock?: Clock;
}

/** `Kind.Method`, or a method of a protocol that is not one of Docker's. */
export type CallTarget = string | KnownMethod;

/** A plugin to call. Connections are made as calls need them, kept for 30 s, and closed by disposing. */
export interface PluginConnection extends AsyncDisposable {
  readonly address: Address;
  readonly profile: Profile;
  /** Sends the handshake and returns what the plugin implements; throws `ActivationError`. */
  activate(options?: CallOptions): Promise<readonly string[]>;
  /**
   * Calls a method and returns the reply as the engine would decode it. Without a request the body is what the
   * engine sends for a call without fields; bytes are sent as they are. Throws `CallError`, or the signal's reason.
   */
  call(target: CallTarget, request?: unknown, options?: CallOptions): Promise<unknown>;
  /** The same, but returns the reply as it came, whatever its status; throws only where no reply came. */
  send(target: CallTarget, request?: unknown, options?: CallOptions): Promise<RawReply>;
  /** What `call` makes of a reply that `send` brought: the decoded reply, or `CallError`. */
  read(target: CallTarget, reply: RawReply): unknown;
  /** Calls a method whose reply is a stream; the deadline is for its headers. Throws `CallError` unless 200. */
  stream(target: CallTarget, request?: unknown, options?: CallOptions): Promise<StreamedReply>;
}

const idleMs = 30_000;
const mostIdle = 6;
const defaultMaxReplyBytes = 16 * 1024 * 1024;

/**
 * Prepares calls to a plugin, given as a URL or as found by `discover` or `lookup`. Reads certificates, dials nothing.
 * Throws `DiscoveryError` for an address or file that cannot be used.
 */
export async function connect(target: string | PluginEntry, options: ConnectOptions = {}): Promise<PluginConnection> {
  const reached = targetOf(target, options);
  const { address } = reached;
  const { profile = "docker", clock = systemClock } = options;
  const style = requestStyles[profile];
  const agent = await agentFor(reached);
  // Only now, for what looks for plugins, or just reads their files, has no use for node:http and its 50 ms.
  const { exchange, exchangeStream } = await import("./exchange.ts");

  const prepare = (target: CallTarget, request: unknown, given: CallOptions): Prepared => {
    const known = typeof target === "string" ? knownMethod(target) : target;
    const path = typeof target === "string" ? target : target.method.path;
    const { deadlineMs, retry = "none", maxReplyBytes, signal } = { ...options, ...given };
    return {
      path,
      known,
      retry,
      signal,
      body: bodyOf(known, request, style),
      attempt: (body) => ({
        agent,
        address,
        path,
        headers: headersOf(style, address, body.length),
        body,
        deadlineMs: deadlineMs ?? deadlineOf(known?.method, style),
        maxReplyBytes: maxReplyBytes ?? defaultMaxReplyBytes,
        signal,
      }),
    };
  };
  const send: PluginConnection["send"] = (target, request, given = {}) =>
    perform(prepare(target, request, given), { clock, run: exchange });
  const read: PluginConnection["read"] = (target, reply) =>
    readReply(
      reply,
      typeof target === "string"
        ? { path: target, known: knownMethod(target), style }
        : { path: target.method.path, known: target, style },
    );
  const call: PluginConnection["call"] = async (target, request, given) =>
    read(target, await send(target, request, given));

  return {
    address,
    profile,
    send,
    read,
    call,
    stream: async (target, request, given = {}) => {
      const prepared = prepare(target, request, given);
      const reply = await perform(prepared, { clock, run: exchangeStream });
      if ("stream" in reply) return reply;
      throw refusal(reply, prepared.path);
    },
    activate: async (given) => {
      try {
        // The codec of the handshake gives this field this type.
        const reply = (await call(handshake, undefined, given)) as { Implements: readonly string[] };
        return reply.Implements;
      } catch (cause) {
        if (!(cause instanceof CallError)) throw cause;
        const message = `${formatAddress(address)} was not activated: ${cause.message}`;
        throw new ActivationError(message, { code: "handshake-failed", cause });
      }
    },
    [Symbol.asyncDispose]: async () => agent.destroy(),
  };
}

const handshake = "Plugin.Activate";

interface Prepared {
  readonly path: string;
  readonly known: KnownMethod | undefined;
  readonly retry: Retry;
  readonly signal: AbortSignal | undefined;
  readonly body: Buffer;
  readonly attempt: (body: Buffer) => Attempt;
}

interface Performance<T> {
  readonly clock: Clock;
  readonly run: (attempt: Attempt) => Promise<T>;
}

/** The engine reads its request buffer once: what follows the first attempt that was sent has nothing left to send. */
async function perform<T>(prepared: Prepared, { clock, run }: Performance<T>): Promise<T> {
  const { retry, signal } = prepared;
  let { body } = prepared;
  const attempt = async (): Promise<T> => {
    try {
      return await run(prepared.attempt(body));
    } catch (error) {
      if (retry === "engine" && error instanceof CallError && error.sent) body = Buffer.alloc(0);
      throw error;
    }
  };
  return withRetry(attempt, { retry, clock, signal, retryable: broughtNoAnswer });
}

function broughtNoAnswer(error: unknown): error is CallError {
  return error instanceof CallError && error.status === undefined;
}

async function agentFor({ address, tls }: Target): Promise<Agent> {
  const idle = { keepAlive: true, timeout: idleMs, maxFreeSockets: mostIdle };
  if (address.transport !== "tls") return new (await import("node:http")).Agent(idle);
  return new (await import("node:https")).Agent({ ...idle, ...(await secureOptions(address, tls)) });
}
