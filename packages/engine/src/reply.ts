// What the engine makes of a reply. Source: moby/moby pkg/plugins/client.go.
import { CallError } from "./engine-error.ts";
import type { RawReply } from "./exchange.ts";
import { JsonTextError, parseFirstJson, placeOf } from "./json-text.ts";
import type { KnownMethod } from "./known-method.ts";
import type { RequestStyle } from "./profile.ts";

/** Whose reply it is. */
export interface ReplyContext {
  readonly path: string;
  /** Undefined for a path that no protocol describes: any JSON object will do, and `Err` carries a failure. */
  readonly known: KnownMethod | undefined;
  readonly style: RequestStyle;
}

/** The decoded reply, gaps filled as in Go; throws `CallError` for what the engine takes for a failure. */
export function readReply(reply: RawReply, context: ReplyContext): unknown {
  if (reply.status !== 200) throw refusal(reply, context.path);
  const { path, known, style } = context;
  const at = { path, status: reply.status };
  const body = parseBody(reply, path);
  const errorKey = known?.protocol.errorKey ?? "Err";
  const ignored = known?.protocol.errorKeyIgnored === true || !style.readsErrorKey;
  const text = ignored ? "" : errorText(body, errorKey);
  if (typeof text !== "string") throw badReply(at, `${errorKey} must be a string`);
  if (text !== "") throw new CallError(path, text, { code: "failed", status: 200, text });
  if (known === undefined) return body ?? {};
  try {
    return known.codec.reply(body);
  } catch (cause) {
    const why = cause instanceof Error ? cause.message.replace(`${path}: `, "") : String(cause);
    throw badReply(at, why, cause);
  }
}

/** The failure that a status other than 200 stands for. */
export function refusal(reply: RawReply, path: string): CallError {
  const { status } = reply;
  const at = { path, status };
  const raw = reply.body.toString("utf8");
  if (status >= 300 && status < 400) {
    const target = reply.headers.location ?? "nowhere";
    return badReply(at, `answered ${status}, a redirect to ${target}, which is never followed; answer 200`);
  }
  if (status < 300) return badReply(at, `answered ${status}; only 200 is success`);
  const named = errInside(raw);
  const text = named || shorten(raw.trim()) || `answered ${status} with nothing in the body`;
  return new CallError(path, text, { code: status === 404 ? "not-found" : "failed", status, text });
}

function parseBody(reply: RawReply, path: string): unknown {
  const at = { path, status: reply.status };
  const text = reply.body.toString("utf8");
  if (text.trim() === "") throw badReply(at, "answered 200 with an empty body; answer at least {}");
  let body: unknown;
  try {
    body = parseFirstJson(text).value;
  } catch (cause) {
    if (!(cause instanceof JsonTextError)) throw cause;
    const { line, column } = placeOf(text, cause.offset);
    const shown = shorten(text, 60);
    throw badReply(at, `is not JSON at line ${line}, column ${column}: ${cause.message} (${shown})`, cause);
  }
  if (body !== null && (typeof body !== "object" || Array.isArray(body))) {
    throw badReply(at, `must be a JSON object, got ${Array.isArray(body) ? "a list" : `a ${typeof body}`}`);
  }
  return body;
}

/** Go finds a key in any case; null is no text. */
function errorText(body: unknown, key: string): unknown {
  if (typeof body !== "object" || body === null) return "";
  const entry = Object.entries(body).findLast(
    ([name, value]) => name.toLowerCase() === key.toLowerCase() && value !== null,
  );
  return entry === undefined ? "" : entry[1];
}

function errInside(raw: string): string {
  try {
    const text = errorText(JSON.parse(raw), "Err");
    return typeof text === "string" ? text : "";
  } catch {
    return "";
  }
}

function badReply(at: { path: string; status: number }, why: string, cause?: unknown): CallError {
  const message = why.startsWith("the plugin's reply") ? why : `the plugin's reply: ${why}`;
  return new CallError(at.path, message, { code: "bad-reply", status: at.status, cause });
}

function shorten(text: string, longest = 1000): string {
  return text.length > longest ? `${text.slice(0, longest)}…` : text;
}
