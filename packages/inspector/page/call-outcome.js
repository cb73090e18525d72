// How a call ended, in a word and in a line.
/** @import { CallRecord } from "../src/call-record.ts" */
import { countText } from "./figures.js";
import { field, fields } from "./json-fields.js";

/**
 * Whether a call failed.
 *
 * @param {CallRecord} call
 */
export function isFailure({ error, status }) {
  return error !== null || status === null || status >= 400;
}

/**
 * The outcome in a word: `ok`, `500`, `no answer`; in colour nothing else is said.
 *
 * @param {CallRecord} call
 */
export function outcomeWord(call) {
  if (call.status === null) return "no answer";
  if (!isFailure(call)) return "ok";
  // IpamDriver tells of errors with status 200.
  return call.status < 400 ? "error" : String(call.status);
}

/**
 * The outcome in a line: the error, or what the answer brought.
 *
 * @param {CallRecord} call
 */
export function outcomeLine({ error, reply }) {
  if (error !== null) return error;
  const found = fields(reply?.json).filter(([key]) => key !== "Err" && key !== "Error");
  const parts = found.flatMap(([key, value]) => {
    if (typeof value === "string") return value === "" ? [] : [value];
    if (Array.isArray(value)) return [listText(key, value)];
    if (typeof value === "boolean") return [`${key}: ${value ? "yes" : "no"}`];
    // VolumeDriver.Get, and capabilities of every protocol.
    const inner = field(value, "Mountpoint") ?? field(value, "Scope");
    return typeof inner === "string" && inner !== "" ? [inner] : [];
  });
  return parts.slice(0, 3).join(", ");
}

/**
 * @param {string} key
 * @param {readonly unknown[]} list
 */
function listText(key, list) {
  if (key === "Implements") return list.join(", ");
  return countText(list.length, key.replace(/s$/, "").toLowerCase());
}
