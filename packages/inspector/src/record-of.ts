// From what went over the wire to what may be shown.
import type { Fields } from "@outrigger/protocol";
import type { SeenBody } from "./body-copy.ts";
import type { CallRecord, Content } from "./call-record.ts";
import type { SeenCall } from "./conversation.ts";
import { readJson } from "./cut-json.ts";
import { methodAt, type KnownMethod } from "./method-at.ts";
import { redacted, type Redactor } from "./redactor.ts";

/** Whose call it is, and what takes its secrets out; undefined where they are to be shown. */
export interface RecordOptions {
  readonly plugin: string;
  readonly redactor: Redactor | undefined;
}

/** How much of an error's text is repeated beside the answer that has it. */
const longestError = 1000;

/** Makes a call's record. */
export function recordOf(seen: SeenCall, { plugin, redactor }: RecordOptions): CallRecord {
  const known = methodAt(seen.path);
  const request = contentOf(seen.request, { fields: known?.method.request, redactor });
  const streams = known?.method.streams !== undefined && seen.status === 200;
  const reply = seen.reply && contentOf(seen.reply, { fields: known?.method.reply, redactor, streams });
  const error = errorOf(seen, reply, known);
  return {
    version: 1,
    number: seen.number,
    at: new Date(seen.at).toISOString(),
    plugin,
    method: redactor?.text(seen.path) ?? seen.path,
    request,
    reply,
    status: seen.status,
    error: error === null ? null : (redactor?.text(error) ?? error).slice(0, longestError),
    milliseconds: seen.milliseconds,
    deadlineMs: known?.method.deadlineMs ?? null,
  };
}

interface Reading {
  /** Undefined for a method that no protocol describes. */
  readonly fields: Fields | undefined;
  readonly redactor: Redactor | undefined;
  /** The body is what containers printed. */
  readonly streams?: boolean;
}

function contentOf({ copy, bytes }: SeenBody, { fields, redactor, streams = false }: Reading): Content {
  const size = { bytes, ...(bytes > copy.length && { cut: true as const }) };
  if (bytes === 0) return size;
  // Nothing tells what is secret in what a container prints.
  if (streams)
    return redactor === undefined ? { base64: copy.toString("base64"), ...size } : { text: redacted, ...size };
  const text = copy.toString("utf8");
  const json = readJson(text, { cut: size.cut === true });
  const secret = redactor !== undefined && hasSecrets(fields);
  if (json !== undefined) {
    const plain = redactor === undefined || (!secret && redactor.isPlain(text));
    return { json: plain ? json.value : redactor.message(json.value, fields), ...size };
  }
  if (secret) return { text: redacted, ...size };
  // Valid text, or cut off within a character.
  if (!text.slice(0, -1).includes("\ufffd")) return { text: redactor?.text(text) ?? text, ...size };
  return redactor === undefined ? { base64: copy.toString("base64"), ...size } : { text: redactor.text(text), ...size };
}

/** Whether the protocol calls anything in these fields secret, so that a text it cannot be found in is kept back whole. */
function hasSecrets(fields: Fields | undefined): boolean {
  return Object.values(fields ?? {}).some(
    (field) => field.secret === true || (field.type === "object" && hasSecrets(field.fields)),
  );
}

function errorOf(seen: SeenCall, reply: Content | null, known: KnownMethod | undefined): string | null {
  if (seen.failure !== null || reply === null) return seen.failure ?? "no answer";
  const said =
    known?.protocol.errorKeyIgnored === true && seen.status === 200 ? "" : saidIn(reply.json, known?.protocol.errorKey);
  if (said !== "") return said;
  if (seen.status !== 200) return reply.text?.trim() || `answered ${seen.status} without a reason`;
  const wanted = known !== undefined && known.method.streams === undefined;
  if (wanted && (reply.json === undefined || typeof reply.json !== "object" || Array.isArray(reply.json))) {
    return reply.bytes === 0 ? "answered 200 with an empty body" : "the answer is not a JSON object";
  }
  return null;
}

/** The plugin's own words: under the protocol's key, in any case, as Go reads it; failures by status have them under Err. */
function saidIn(json: unknown, errorKey = "Err"): string {
  if (typeof json !== "object" || json === null) return "";
  const keys = new Set([errorKey.toLowerCase(), "err"]);
  const found = Object.entries(json).findLast(
    ([key, value]) => keys.has(key.toLowerCase()) && value !== "" && value !== null,
  );
  return typeof found?.[1] === "string" ? found[1] : "";
}
