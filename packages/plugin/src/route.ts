import { isUtf8 } from "node:buffer";
import {
  codecOf,
  DriverError,
  pluginHandshake,
  RequestError,
  takesEmptyBody,
  type Codec,
  type Method,
} from "@outrigger/protocol";
import { implementationsOf, manifestOf, type Plugin } from "./define-plugin.ts";
import type { Hooks } from "./hooks.ts";
import type { CallTerms, RunningCall } from "./running-call.ts";

/** What the engine is taken to give a call that it sets no limit for. */
const defaultEngineMs = 60_000;

/** How much of the engine's time is ours, so that our own answer still reaches it. */
const share = 0.95;

/** One path of a plugin, with all that is needed to answer it. */
export interface Route extends CallTerms {
  readonly codec: Codec;
  readonly takesEmptyBody: boolean;
  /** All but Activate, which the engine must get at once. */
  readonly waitsForReady: boolean;
  readonly run: (request: unknown, call: RunningCall) => unknown;
}

/** The routes of a plugin by their path, `Plugin.Activate` included. */
export function routesOf(
  plugin: Plugin,
  options: { hooks: Hooks; callTimeoutMs?: number | undefined },
): Map<string, Route> {
  const { hooks, callTimeoutMs } = options;
  const route = (method: Method, run: Route["run"]): Route => ({
    method,
    ...limitsOf(method, callTimeoutMs),
    onLostError: hooks.onLostError ?? ignore,
    codec: codecOf(method),
    takesEmptyBody: takesEmptyBody(method),
    waitsForReady: method !== pluginHandshake.methods.activate,
    run,
  });
  const manifest = { Implements: manifestOf(plugin) };
  const activate = (): unknown => {
    hooks.onActivate?.();
    return manifest;
  };
  const routes = [
    route(pluginHandshake.methods.activate, activate),
    ...implementationsOf(plugin).map(({ method, run }) => route(method, run)),
  ];
  return new Map(routes.map((route) => [route.method.path, route]));
}

/** A request's body, decoded and checked; throws `RequestError`. */
export function decodeRequest(route: Route, body: Buffer): unknown {
  if (body.length > 0) return route.codec.request(parseJson(body));
  if (route.takesEmptyBody) return route.codec.request({});
  throw new RequestError(
    "the request has no body, as when the engine repeats a call whose connection broke; run the command again",
  );
}

/** A reply as JSON text, and checked; throws `DriverError`. */
export function encodeReply(route: Route, returned: unknown): { reply: unknown; body: string } {
  const failure = failureIn(returned);
  if (failure !== undefined) throw new DriverError(failure);
  const reply = route.codec.answer(returned);
  return { reply, body: JSON.stringify(reply) };
}

function limitsOf(method: Method, callTimeoutMs: number | undefined): { engineMs: number; ownMs: number } {
  if (method.streams !== undefined) return { engineMs: Infinity, ownMs: Infinity };
  const engineMs = Math.min(method.deadlineMs ?? callTimeoutMs ?? defaultEngineMs, callTimeoutMs ?? Infinity);
  return { engineMs, ownMs: Math.floor(engineMs * share) };
}

function parseJson(body: Buffer): unknown {
  // Go replaces what is not UTF-8 without a word; two different names would become one.
  if (!isUtf8(body)) throw new RequestError("the body is not valid UTF-8; names and options must be");
  try {
    return JSON.parse(body.toString("utf8"));
  } catch (cause) {
    // The parser's own text can quote the body, and bodies hold secrets.
    throw new RequestError(`the body is not one JSON value${positionIn(cause)}`, { cause });
  }
}

function positionIn(error: unknown): string {
  return error instanceof Error ? (/ at position \d+/.exec(error.message)?.[0] ?? "") : "";
}

/** A driver that answers the wire's error key, as plugins in other languages do, has failed: the key must not get lost. */
function failureIn(returned: unknown): string | undefined {
  if (typeof returned !== "object" || returned === null) return undefined;
  const { Err, Error: error } = returned as { Err?: unknown; Error?: unknown };
  return [Err, error].find((text): text is string => typeof text === "string" && text !== "");
}

function ignore(): void {}
