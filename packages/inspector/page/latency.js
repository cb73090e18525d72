// How long calls took, method by method.
/** @import { CallRecord } from "../src/call-record.ts" */
import { isFailure } from "./call-outcome.js";
import { placeOnScale } from "./figures.js";

/** Two columns a decade, on the scale of the bars. */
export const columnCount = 12;

/**
 * The times of one method.
 *
 * @typedef {object} MethodLatency
 * @property {string} method
 * @property {number} count
 * @property {number} failures
 * @property {number} median milliseconds
 * @property {number} p95 milliseconds that 95 % did not exceed
 * @property {number} slowest
 * @property {readonly number[]} columns how many calls fell into each
 */

/**
 * The times of every method that was called, the one called most first.
 *
 * @param {readonly CallRecord[]} calls
 * @returns {MethodLatency[]}
 */
export function latencyOf(calls) {
  const byMethod = Map.groupBy(calls, ({ method }) => method);
  return [...byMethod]
    .map(([method, those]) => summary(method, those))
    .sort((one, other) => other.count - one.count || (one.method < other.method ? -1 : 1));
}

/**
 * @param {string} method
 * @param {readonly CallRecord[]} calls
 * @returns {MethodLatency}
 */
function summary(method, calls) {
  const times = calls.map(({ milliseconds }) => milliseconds).sort((one, other) => one - other);
  const columns = Array.from({ length: columnCount }, () => 0);
  for (const time of times) {
    const column = Math.min(columnCount - 1, Math.floor(placeOnScale(time) * columnCount));
    columns[column] = (columns[column] ?? 0) + 1;
  }
  return {
    method,
    count: calls.length,
    failures: calls.filter(isFailure).length,
    median: atRank(times, 0.5),
    p95: atRank(times, 0.95),
    slowest: atRank(times, 1),
    columns,
  };
}

/**
 * The smallest time that a share of all did not exceed.
 *
 * @param {readonly number[]} sorted
 * @param {number} share
 */
function atRank(sorted, share) {
  return sorted[Math.max(0, Math.ceil(sorted.length * share) - 1)] ?? 0;
}
