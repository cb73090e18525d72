// What the lines of a recording must be.
import type { CallRecord, Content } from "./call-record.ts";
import { readJson } from "./cut-json.ts";
import { InspectorError } from "./inspector-error.ts";

/** The first line of a recording, and of each session that was added to it. */
export interface RecordingHeader {
  readonly outriggerRecording: 1;
  readonly madeAt: string;
  readonly plugins: readonly string[];
  readonly secrets: "redacted" | "shown";
  /** What it is a recording of. */
  readonly about?: string;
}

/** Reads such a line; `place` is where it stands. Throws `InspectorError`. */
export function parseHeader(line: string, place: string): RecordingHeader {
  const value = parseJson(line, place);
  if (!isObject(value) || !("outriggerRecording" in value)) {
    throw bad(
      place,
      'is not the beginning of a recording, which has "outriggerRecording"; name a file that outrigger record made',
    );
  }
  if (value["outriggerRecording"] !== 1) throw newer(place, value["outriggerRecording"]);
  const { madeAt, plugins, secrets, about } = value;
  return {
    outriggerRecording: 1,
    madeAt: typeof madeAt === "string" ? madeAt : "",
    plugins: Array.isArray(plugins) ? plugins.map(String) : [],
    secrets: secrets === "shown" ? "shown" : "redacted",
    ...(typeof about === "string" && { about }),
  };
}

/** Reads any line but the first. Throws `InspectorError`. */
export function parseLine(line: string, place: string): CallRecord | RecordingHeader {
  const value = parseJson(line, place);
  if (!isObject(value)) throw bad(place, "is not an object");
  if ("outriggerRecording" in value) return parseHeader(line, place);
  if (value["version"] !== 1) throw newer(place, value["version"]);
  const { number, at, plugin, method, request, reply, status, error, milliseconds, deadlineMs } = value;
  check(typeof number === "number", place, "number is not a number");
  check(typeof at === "string", place, "at is not a text");
  check(typeof plugin === "string", place, "plugin is not a text");
  check(typeof method === "string", place, "method is not a text");
  check(
    status === null || (Number.isInteger(status) && typeof status === "number"),
    place,
    "status is neither a number nor null",
  );
  check(error === null || typeof error === "string", place, "error is neither a text nor null");
  check(typeof milliseconds === "number", place, "milliseconds is not a number");
  check(
    deadlineMs === null || (typeof deadlineMs === "number" && deadlineMs > 0),
    place,
    "deadlineMs is neither a number nor null",
  );
  return {
    version: 1,
    number,
    at,
    plugin,
    method,
    request: parseContent(request, place, "request"),
    reply: reply === null ? null : parseContent(reply, place, "reply"),
    status,
    error,
    milliseconds,
    deadlineMs,
  };
}

function parseContent(value: unknown, place: string, what: string): Content {
  check(isObject(value), place, `${what} is not an object`);
  const { json, text, base64, bytes, cut } = value;
  check(typeof bytes === "number", place, `${what}.bytes is not a number`);
  check(text === undefined || typeof text === "string", place, `${what}.text is not a text`);
  check(base64 === undefined || typeof base64 === "string", place, `${what}.base64 is not a text`);
  return {
    ...("json" in value && { json }),
    ...(text !== undefined && { text }),
    ...(base64 !== undefined && { base64 }),
    bytes,
    ...(cut === true && { cut }),
  };
}

function parseJson(line: string, place: string): unknown {
  const read = readJson(line, { cut: false });
  if (read === undefined) throw bad(place, "is not JSON; remove the line");
  return read.value;
}

function check(holds: boolean, place: string, why: string): asserts holds {
  if (!holds) throw bad(place, `is not a call: ${why}; remove the line`);
}

function bad(place: string, why: string): InspectorError {
  return new InspectorError("bad-recording", `${place}: ${why}`);
}

function newer(place: string, version: unknown): InspectorError {
  return new InspectorError(
    "unknown-version",
    `${place}: is of version ${JSON.stringify(version)}, and this outrigger knows version 1; use a newer one`,
  );
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
