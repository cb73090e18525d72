// Which calls are shown.
/** @import { CallRecord } from "../src/call-record.ts" */
import { objectsOf } from "./call-objects.js";
import { isFailure } from "./call-outcome.js";

/**
 * What a call has to be like to be shown; what is empty asks for nothing.
 *
 * @typedef {object} CallFilter
 * @property {string} text words that all have to be in it
 * @property {string} method
 * @property {string} plugin
 * @property {boolean} onlyFailures
 * @property {number} slowerThanMs
 */

/** The most of a body that is searched. */
const mostOfBody = 32 * 1024;

/** @type {WeakMap<CallRecord, string>} */
const searched = new WeakMap();

/**
 * Whether a filter lets a call through, as a function that is quick for many calls.
 *
 * @param {CallFilter} filter
 * @returns {(call: CallRecord) => boolean}
 */
export function matcherOf({ text, method, plugin, onlyFailures, slowerThanMs }) {
  const words = text.toLowerCase().split(/\s+/).filter(Boolean);
  return (call) =>
    (method === "" || call.method === method) &&
    (plugin === "" || call.plugin === plugin) &&
    (!onlyFailures || isFailure(call)) &&
    call.milliseconds >= slowerThanMs &&
    words.every((word) => textOf(call).includes(word));
}

/** @param {CallRecord} call */
function textOf(call) {
  const found = searched.get(call) ?? collect(call);
  searched.set(call, found);
  return found;
}

/** @param {CallRecord} call */
function collect(call) {
  const bodies = [call.request, call.reply].map((content) =>
    (content?.text ?? JSON.stringify(content?.json) ?? "").slice(0, mostOfBody),
  );
  const names = objectsOf(call).map(({ kind, name }) => `${kind} ${name}`);
  return [call.plugin, call.method, call.status, call.error, ...names, ...bodies].join("\n").toLowerCase();
}
