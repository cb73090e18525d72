import assert from "node:assert/strict";
import { test } from "node:test";
import { callOf } from "../test/web-client.ts";
import { countText, placeOnScale, shareText, sizeText, timeText } from "./figures.js";
import { columnCount, latencyOf } from "./latency.js";

test("times have three digits at most and a unit that suits", () => {
  const texts = [0, 0.17, 6.074, 37.25, 412.4, 999.4, 1000, 12_340, 60_000, 120_000, 900_000].map(timeText);
  assert.deepEqual(texts, [
    "0 ms",
    "0.17 ms",
    "6.07 ms",
    "37.3 ms",
    "412 ms",
    "999 ms",
    "1 s",
    "12.3 s",
    "60 s",
    "120 s",
    "15 min",
  ]);
});

test("a share of the deadline is a percentage, and past it a word", () => {
  assert.equal(shareText(6, 120_000), "< 0.1 % of 120 s");
  assert.equal(shareText(300, 60_000), "0.5 % of 60 s");
  assert.equal(shareText(30_000, 60_000), "50 % of 60 s");
  assert.equal(shareText(60_000, 60_000), "100 % of 60 s");
  assert.equal(shareText(60_500, 60_000), "over 60 s");
  assert.equal(shareText(5, null), "no deadline");
});

test("sizes and counts have their unit", () => {
  assert.deepEqual([0, 1023, 1024, 5 * 1024 * 1024].map(sizeText), ["0 B", "1023 B", "1 KiB", "5 MiB"]);
  assert.deepEqual([countText(1, "call"), countText(2310, "call")], ["1 call", "2,310 calls"]);
});

test("the scale goes from a tenth of a millisecond to a hundred seconds, a decade in each sixth", () => {
  assert.deepEqual([0, 0.1, 100_000, 1e9].map(placeOnScale), [0, 0, 1, 1]);
  assert.ok(Math.abs(placeOnScale(100) - 0.5) < 1e-9);
});

test("each method has its median, its 95th percentile, its slowest and its failures", () => {
  const gets = Array.from({ length: 100 }, (_, index) => callOf(index, { milliseconds: 100 - index, method: "V.Get" }));
  const failed = callOf(200, { method: "V.Mount", milliseconds: 0.05, error: "no", status: 500 });
  const [first, second] = latencyOf([...gets, failed]);
  assert.deepEqual(
    [first?.method, first?.count, first?.median, first?.p95, first?.slowest],
    ["V.Get", 100, 50, 95, 100],
  );
  assert.equal(
    first?.columns.reduce((sum, column) => sum + column),
    100,
  );
  assert.deepEqual(
    [second?.method, second?.failures, second?.columns[0], second?.columns.length],
    ["V.Mount", 1, 1, columnCount],
  );
});
