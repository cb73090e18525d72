// Pages that do not read what is sent to them.
import assert from "node:assert/strict";
import { test } from "node:test";
import { createFeed } from "../src/feed.ts";
import { serveWebPage } from "../src/web/serve-web-page.ts";
import { about, ask, callOf, follow, isAdmitted, openPage, send, take, until } from "./web-client.ts";

test("a page that reads slowly gets the calls that are still kept, in order", async () => {
  const feed = createFeed();
  await using page = await serveWebPage({ feed, about, keep: 10 });
  const slow = await follow(page.url);
  await take(slow, 1);
  const quick = await follow(page.url);
  await take(quick, 1);
  const count = 400;
  const reply = { text: "x".repeat(20_000), bytes: 20_000 };
  const big = { request: reply, reply: { text: "y".repeat(40_000), bytes: 40_000 } };
  let newest = 0;
  for (let number = 1; number <= count; number += 1) {
    feed.publish(callOf(number, big));
    if (number % 5 === 0) while (newest < number) newest = Number((await take(quick, 1))[0]?.id);
  }
  const ids: number[] = [];
  while (ids.at(-1) !== count) ids.push(Number((await take(slow, 1))[0]?.id));
  assert.ok(ids.length < count, `${ids.length} of ${count} calls waited for a page that did not read`);
  assert.deepEqual(
    ids,
    [...ids].sort((one, other) => one - other),
  );
  assert.deepEqual(
    ids.slice(-10),
    Array.from({ length: 10 }, (_, index) => count - 9 + index),
  );
});

test("a page that reads nothing is let go", async () => {
  const feed = createFeed();
  await using page = await serveWebPage({ feed, about, stallMs: 20 });
  const headers = { cookie: await openPage(page.url) };
  // As many as may be open.
  const stuck = await Promise.all(Array.from({ length: 16 }, () => send(page.url, { path: "/events", headers })));
  assert.equal((await ask(page.url, { path: "/events", headers })).status, 503);
  const text = "x".repeat(60_000);
  for (let number = 1; number <= 300; number += 1) feed.publish(callOf(number, { reply: { text, bytes: 60_000 } }));
  await until("there is room for another", () => isAdmitted(page.url));
  for (const response of stuck) response.destroy();
});
