import assert from "node:assert/strict";
import { test } from "node:test";
import type { CallRecord } from "./call-record.ts";
import { createFeed } from "./feed.ts";

test("a feed keeps the latest calls, oldest first", () => {
  const feed = createFeed({ keep: 3 });
  for (const number of [1, 2, 3, 4, 5]) feed.publish(call(number));
  assert.deepEqual(numbers(feed.records()), [3, 4, 5]);
});

test("each subscriber sees every call from its subscription on, in order", async () => {
  const feed = createFeed();
  feed.publish(call(1));
  const stop = new AbortController();
  const subscriptions = [feed.subscribe(stop.signal), feed.subscribe(stop.signal)];
  const seen = subscriptions.map((subscription) => Array.fromAsync(subscription));
  for (const number of [2, 3]) feed.publish(call(number));
  await new Promise((resolve) => setImmediate(resolve));
  feed.publish(call(4));
  stop.abort();
  for (const records of await Promise.all(seen)) assert.deepEqual(numbers(records), [2, 3, 4]);
});

test("a slow subscriber loses the oldest calls and is told how many, and holds up nobody", async () => {
  const feed = createFeed({ keep: 2 });
  const stop = new AbortController();
  const slow = feed.subscribe(stop.signal);
  for (const number of [1, 2, 3, 4, 5]) feed.publish(call(number));
  assert.equal(slow.lost, 3);
  stop.abort();
  assert.deepEqual(numbers(await Array.fromAsync(slow)), [4, 5]);
});

test("a subscriber that leaves its loop is forgotten", async () => {
  const feed = createFeed({ keep: 1 });
  const subscription = feed.subscribe();
  feed.publish(call(1));
  for await (const record of subscription) {
    assert.equal(record.number, 1);
    break;
  }
  for (const number of [2, 3, 4]) feed.publish(call(number));
  assert.equal(subscription.lost, 0);
});

test("a subscription with a signal that was aborted before ends at once", async () => {
  const feed = createFeed();
  const subscription = feed.subscribe(AbortSignal.abort());
  feed.publish(call(1));
  assert.deepEqual(await Array.fromAsync(subscription), []);
});

function numbers(records: readonly CallRecord[]): number[] {
  return records.map(({ number }) => number);
}

function call(number: number): CallRecord {
  return {
    version: 1,
    number,
    at: "2026-01-01T00:00:00.000Z",
    plugin: "example",
    method: "VolumeDriver.List",
    request: { json: {}, bytes: 2 },
    reply: { json: {}, bytes: 2 },
    status: 200,
    error: null,
    milliseconds: 1,
    deadlineMs: 60_000,
  };
}
