// What a case is given: a plugin to call, names of its own, and a ledger that remembers what it made.
import { randomBytes } from "node:crypto";
import { setTimeout as wait } from "node:timers/promises";
import type { Wire } from "@outrigger/engine";
import { readAnswer, type Answer } from "./answer.ts";
import { NoReply, openLink, requestBytes, type Exchange, type PluginLink } from "./connection.ts";
import { isObject, type JsonObject } from "./json-field.ts";
import type { Ledger } from "./ledger.ts";
import type { Setting } from "./setting.ts";
import { Skip, Violation } from "./violation.ts";

/** How one call differs from the engine's own. */
export interface SendOptions {
  /** The engine's, by default. */
  readonly deadlineMs?: number;
  /** Replaces headers of the caller; undefined leaves one out. */
  readonly headers?: Readonly<Record<string, string | undefined>>;
  /** `POST` by default. */
  readonly verb?: string;
  /** Sends on a connection that is open already. */
  readonly link?: PluginLink;
}

/** One case's dealings with a plugin. */
export interface Trial {
  readonly setting: Setting;
  readonly wire: Wire;
  /** Ends with the case's time, or when the run is interrupted. */
  readonly signal: AbortSignal;
  /** A name that nobody else uses, such as `or-3f9a1c-data`. */
  name(hint?: string): string;
  /** An identifier as the engine makes them: 64 hexadecimal digits. */
  id(): string;
  /**
   * Calls a method. The body is what the caller of the profile sends: nothing, or `{}`, without a request; text and
   * bytes go as they are. Returns any HTTP reply; throws `Violation` where none came.
   */
  send(method: string, request?: object | string | Uint8Array, options?: SendOptions): Promise<Answer>;
  /** Calls a method that has to succeed, and returns the reply's fields. */
  ok(method: string, request?: object | string | Uint8Array, options?: SendOptions): Promise<JsonObject>;
  /** Calls a method that has to fail, and returns the failure's text. */
  fails(method: string, request?: object | string | Uint8Array, options?: SendOptions): Promise<string>;
  /** A connection of the case's own, closed at its end. */
  link(): Promise<PluginLink>;
  /** Where the plugin's path is seen from here. */
  path(path: string): string;
  /** Ends the plugin and starts it again; waits until it answers the handshake. Needs `restart`. */
  restart(signal: "SIGKILL" | "SIGTERM"): Promise<void>;
  /** Waits until something holds, at most for the setting's patience; false where it never did. */
  until(holds: () => boolean | Promise<boolean>): Promise<boolean>;
  /** Runs at the end of the case, whatever came of it; the last one first. */
  defer(undo: () => unknown): void;
  /** Ends the case as one that cannot be judged here. */
  skip(why: string): never;
}

/** What the runner keeps of a trial. */
export interface OpenTrial extends Trial, AsyncDisposable {
  readonly exchanges: readonly Exchange[];
}

/** Begins a trial. Disposing closes connections and runs what was deferred; the ledger is settled by the runner. */
export function openTrial(given: {
  readonly setting: Setting;
  readonly wire: Wire;
  readonly ledger: Ledger;
  readonly signal: AbortSignal;
}): OpenTrial {
  const { setting, wire, ledger, signal } = given;
  const exchanges: Exchange[] = [];
  const stack = new AsyncDisposableStack();
  const log = (exchange: Exchange): void => {
    exchanges.push(exchange);
    // A case may call thousands of times; the last ones tell.
    if (exchanges.length > mostExchanges) exchanges.shift();
  };

  const send: Trial["send"] = async (method, request, options = {}) => {
    const bytes = bytesOf(wire, { method, request, options });
    const noted = typeof request === "string" || request instanceof Uint8Array ? undefined : request;
    const deadlineMs = options.deadlineMs ?? Math.min(wire.deadlineMs(method), setting.callLimitMs ?? Infinity);
    ledger.note(method, noted);
    try {
      if (options.link !== undefined) {
        const answer = readAnswer(method, await options.link.exchange(bytes, { method, deadlineMs, signal }));
        ledger.settle(method, noted, answer);
        return answer;
      }
      await using link = await openLink(wire, { signal, log });
      const answer = readAnswer(method, await link.exchange(bytes, { method, deadlineMs, signal }));
      ledger.settle(method, noted, answer);
      return answer;
    } catch (cause) {
      if (cause instanceof NoReply) throw new Violation(`${method} was not answered: ${cause.message}`, { cause });
      throw cause;
    }
  };

  return {
    setting,
    wire,
    signal,
    exchanges,
    send,
    name: (hint = "v") => `or-${randomBytes(4).toString("hex")}-${hint}`,
    id: () => randomBytes(32).toString("hex"),
    ok: async (method, request, options) => {
      const answer = await send(method, request, options);
      if (answer.failure !== undefined) throw new Violation(`${shown(method, request)} was refused: ${answer.failure}`);
      if (answer.reply.body.length === 0) throw new Violation(`${shown(method, request)} got 200 with an empty body`);
      // Go decodes an object or null into its structures, and fails on all else.
      if (answer.json !== null && !isObject(answer.json)) {
        throw new Violation(`${shown(method, request)} got 200 with ${bodyOf(answer)}; answer a JSON object`);
      }
      return answer.fields;
    },
    fails: async (method, request, options) => {
      const answer = await send(method, request, options);
      if (answer.failure === undefined) {
        throw new Violation(`${shown(method, request)} has to fail, and got ${answer.status} without an error`);
      }
      return answer.failure;
    },
    link: async () => stack.use(await openLink(wire, { signal, log })),
    path: (path) => `${setting.hostRoot ?? ""}${path}`,
    restart: async (how) => {
      if (setting.restart === undefined) throw new Skip(`the plugin cannot be restarted from here; ${restartRemedy}`);
      await setting.restart(how);
      if (!(await answersAgain(send, { patienceMs: backWithinMs(setting), signal })))
        throw new Violation(`the plugin does not answer after ${how} and a start`);
    },
    until: (holds) => until(holds, { patienceMs: setting.patienceMs, signal }),
    defer: (undo) => {
      stack.defer(async () => void (await undo()));
    },
    skip: (why) => {
      throw new Skip(why);
    },
    [Symbol.asyncDispose]: () => stack.disposeAsync(),
  };
}

/** How a plugin is made one that can be restarted. */
export const restartRemedy = "give the command that starts it, or --restart-command";

/** The engine dials a plugin it knows for 9.5 s; so long it may take to be back. Source: moby/moby pkg/plugins/client.go. */
export function backWithinMs({ callLimitMs = Infinity }: Setting): number {
  return Math.min(9_500, callLimitMs);
}

const mostExchanges = 50;

function bytesOf(
  wire: Wire,
  call: { method: string; request: object | string | Uint8Array | undefined; options: SendOptions },
): Buffer {
  const { method, request, options } = call;
  const plain = wire.request(method, typeof request === "string" ? Buffer.from(request) : request);
  const changed = new Map(Object.entries(options.headers ?? {}).map(([name, value]) => [name.toLowerCase(), value]));
  const kept = plain.headers.flatMap(([name, value]): (readonly [string, string])[] => {
    if (!changed.has(name.toLowerCase())) return [[name, value]];
    const other = changed.get(name.toLowerCase());
    changed.delete(name.toLowerCase());
    return other === undefined ? [] : [[name, other]];
  });
  const added = Object.entries(options.headers ?? {}).flatMap(([name, value]): (readonly [string, string])[] =>
    changed.has(name.toLowerCase()) && value !== undefined ? [[name, value]] : [],
  );
  return requestBytes({ ...plain, headers: [...kept, ...added] }, options.verb);
}

function bodyOf({ reply }: Answer): string {
  const text = reply.body.toString("utf8").trim();
  return text.length > 100 ? `${text.slice(0, 100)}…` : text;
}

function shown(method: string, request: unknown): string {
  if (request === undefined) return method;
  const text = typeof request === "string" ? request : JSON.stringify(request);
  return `${method} ${text.length > 200 ? `${text.slice(0, 200)}…` : text}`;
}

async function answersAgain(
  send: Trial["send"],
  limits: { readonly patienceMs: number; readonly signal: AbortSignal },
): Promise<boolean> {
  return until(async () => {
    try {
      return (await send("Plugin.Activate", undefined, { deadlineMs: 2000 })).status === 200;
    } catch (error) {
      if (error instanceof Violation) return false;
      throw error;
    }
  }, limits);
}

async function until(
  holds: () => boolean | Promise<boolean>,
  { patienceMs, signal }: { patienceMs: number; signal: AbortSignal },
): Promise<boolean> {
  const limit = performance.now() + patienceMs;
  for (;;) {
    if (await holds()) return true;
    if (performance.now() > limit) return false;
    await wait(20, undefined, { signal });
  }
}
