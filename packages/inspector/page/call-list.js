/** @import { CallRecord } from "../src/call-record.ts" */

/** The latest calls in the order in which their requests came; they arrive in the order in which they were answered. */
export class CallList {
  /** @type {CallRecord[]} */
  #calls = [];
  #keep;

  /** @param {number} keep how many are kept */
  constructor(keep) {
    this.#keep = keep;
  }

  /** @returns {readonly CallRecord[]} all of them; the array is not to be changed */
  get calls() {
    return this.#calls;
  }

  /**
   * Adds a call at its place, and lets the oldest go where there are too many.
   *
   * @param {CallRecord} call
   */
  add(call) {
    let at = this.#calls.length;
    while (at > 0 && (this.#calls[at - 1]?.number ?? 0) > call.number) at -= 1;
    if (at === this.#calls.length) this.#calls.push(call);
    else this.#calls.splice(at, 0, call);
    if (this.#calls.length > this.#keep) this.#calls.shift();
  }
}
