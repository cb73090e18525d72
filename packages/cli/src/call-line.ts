// One answered call as one line, or as one object: what `outrigger serve --trace` shows.
import type { CallRecord } from "@outrigger/plugin";
import type { Fields, Shape } from "@outrigger/protocol";
import { formatCost, roundMilliseconds } from "./call-cost.ts";
import { messageOf } from "./command-error.ts";
import { paint, printable } from "./output.ts";

/** A call as far as it may be shown: no request but the name in it, no field that the protocol calls secret. */
export interface ShownCall {
  /** RFC 3339, to the millisecond. */
  readonly time: string;
  readonly plugin: string;
  readonly method: string;
  /** What the call is about: a volume's name, a network's id; null where it is about nothing. */
  readonly object: string | null;
  readonly status: number;
  /** Null for a failure, and for a stream. */
  readonly reply: unknown;
  readonly error: string | null;
  readonly milliseconds: number;
  /** Null where the engine waits for ever. */
  readonly engineDeadlineMs: number | null;
}

/** A call as one line shows it. */
export type LineOfCall = Omit<ShownCall, "status"> & {
  /** Null where no answer came. */
  readonly status: number | null;
  /** What was asked, beside the name of what it is about; left out by a plugin that is being served. */
  readonly request?: string | undefined;
};

/** Takes from a call's record what may be shown. */
export function showCall(record: CallRecord, plugin: string): ShownCall {
  const { path, method, request, reply, error, status, milliseconds, engineMs } = record;
  return {
    time: new Date().toISOString(),
    plugin,
    method: path,
    object: objectOf(request),
    status,
    reply: reply === undefined ? null : withoutSecrets(reply, { type: "object", fields: method?.reply ?? {} }),
    error: error === undefined ? null : messageOf(error),
    milliseconds: roundMilliseconds(milliseconds),
    engineDeadlineMs: method?.deadlineMs === undefined ? null : engineMs,
  };
}

/**
 * The line: time, plugin, method, object, answer or error, time taken and share of the engine's deadline, such as
 * `21:42:44.123 local VolumeDriver.Mount data: {"Mountpoint":"/srv/data"} (0.84 ms, 0.0007 % of 120 s)`.
 */
export function formatCall(call: LineOfCall): string {
  const { time, plugin, method, object, request, status, error } = call;
  const about = object === null ? "" : ` ${isPlain(object) ? object : JSON.stringify(object)}`;
  const answer =
    error === null ? answerOf(call) : paint("red", printable(`${status ?? ""} ${shorten(error)}`.trimStart()));
  const cost = paint("dim", `(${formatCost(call.milliseconds, call.engineDeadlineMs ?? undefined)})`);
  const clock = paint("dim", time.slice(11, 23));
  const asked = request === undefined ? "" : ` ${printable(shorten(request))}`;
  return `${clock} ${printable(plugin)} ${paint("bold", printable(shorten(method)))}${printable(about)}${asked}: ${answer} ${cost}`;
}

function answerOf({ reply }: LineOfCall): string {
  if (reply === null) return "stream";
  const text = JSON.stringify(reply);
  return text === "{}" ? "ok" : printable(shorten(text));
}

/** The request's fields that name what it is about, the most telling first. */
export const naming = ["Name", "SecretName", "RequestUri", "EndpointID", "NetworkID", "Address", "Pool", "PoolID"];

/** What a request is about, shortened where it is an id; null where it is about nothing. */
export function objectOf(request: unknown): string | null {
  if (!isObject(request)) return null;
  const fields = isObject(request["Info"])
    ? { Name: request["Info"]["ContainerName"] ?? request["Info"]["ContainerID"] }
    : request;
  const name = naming.map((field) => fields[field]).find((value) => typeof value === "string" && value !== "");
  if (typeof name !== "string") return null;
  const verb = fields["RequestMethod"];
  if (typeof verb === "string") return `${verb} ${shorten(name)}`;
  // Ids of the engine's are known by their beginning.
  return /^[0-9a-f]{64}$/.test(name) ? name.slice(0, 12) : shorten(name);
}

function withoutSecrets(value: unknown, shape: Shape & { readonly secret?: true }): unknown {
  if (shape.secret === true) return "(secret)";
  if (shape.type === "list" && Array.isArray(value)) return value.map((item) => withoutSecrets(item, shape.of));
  if (!isObject(value)) return value;
  if (shape.type === "map") return mapValues(value, (field) => withoutSecrets(field, shape.of));
  if (shape.type !== "object") return value;
  const fields: Fields = shape.fields;
  return mapValues(value, (field, key) => {
    const known = Object.hasOwn(fields, key) ? fields[key] : undefined;
    return known === undefined ? field : withoutSecrets(field, known);
  });
}

function mapValues(value: object, change: (field: unknown, key: string) => unknown): object {
  return Object.fromEntries(Object.entries(value).map(([key, field]) => [key, change(field, key)]));
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** Shown without quotes: nothing in it can be taken for a part of the line. */
function isPlain(name: string): boolean {
  return /^[\w./@+~-]+$/.test(name) || /^[A-Z]+ \/\S*$/.test(name);
}

const longest = 200;

function shorten(text: string): string {
  return text.length > longest ? `${text.slice(0, longest)}…` : text;
}
