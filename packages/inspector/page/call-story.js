// What became of one object, call by call.
/** @import { CallRecord } from "../src/call-record.ts" */
/** @import { CallObject } from "./call-objects.js" */
import { isAbout } from "./call-objects.js";
import { effectOf } from "./call-effect.js";

/**
 * What is known of an object: `held by` → `3f2a9c1b77de`.
 *
 * @typedef {ReadonlyMap<string, string>} Known
 */

/**
 * One thing that a call changed.
 *
 * @typedef {object} Change
 * @property {string} what
 * @property {string | undefined} before
 * @property {string | undefined} after
 */

/**
 * One call of a story, and what it changed.
 *
 * @typedef {object} Step
 * @property {CallRecord} call
 * @property {readonly Change[]} changes
 */

/**
 * Tells the story of an object: all calls about it in the order in which they came, and what is known at the end.
 *
 * @param {readonly CallRecord[]} calls
 * @param {CallObject} object
 * @returns {{ steps: readonly Step[], known: Known }}
 */
export function tellStory(calls, object) {
  /** @type {Known} */
  let known = new Map();
  const steps = calls
    .filter((call) => isAbout(call, object))
    .map((call) => {
      const before = known;
      known = effectOf({ call, object, known });
      return { call, changes: changesBetween(before, known) };
    });
  return { steps, known };
}

/**
 * @param {Known} before
 * @param {Known} after
 * @returns {Change[]}
 */
function changesBetween(before, after) {
  return [...new Set([...before.keys(), ...after.keys()])]
    .map((what) => ({ what, before: before.get(what), after: after.get(what) }))
    .filter((change) => change.before !== change.after);
}
