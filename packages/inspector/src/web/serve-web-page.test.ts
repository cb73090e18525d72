import assert from "node:assert/strict";
import { connect } from "node:net";
import { test } from "node:test";
import { about, ask, callOf, follow, isAdmitted, openPage, take, until } from "../../test/web-client.ts";
import { createFeed } from "../feed.ts";
import { serveWebPage } from "./serve-web-page.ts";

test("the address with the token opens the page, and a cookie opens the rest", async () => {
  await using page = await serveWebPage({ feed: createFeed(), about });
  assert.match(page.url, /^http:\/\/127\.0\.0\.1:\d+\/\?token=[\w-]{32}$/);
  const opened = await ask(page.url, { path: pathOf(page.url) });
  assert.equal(opened.status, 200);
  assert.match(opened.body, /<title>Outrigger trace<\/title>/);
  const [cookie = ""] = opened.headers["set-cookie"] ?? [];
  assert.match(cookie, /^outrigger-\d+=[\w-]{32}; Path=\/; HttpOnly; SameSite=Strict$/);
  const script = await ask(page.url, { path: "/main.js", headers: { cookie: `other=1; ${cookie.split(";")[0]}` } });
  assert.equal(script.status, 200);
  assert.equal(script.headers["content-type"], "text/javascript; charset=utf-8");
});

test("nothing is shown without the token, or with it at another place", async () => {
  await using page = await serveWebPage({ feed: createFeed(), about });
  await using other = await serveWebPage({ feed: createFeed(), about });
  const cookie = await openPage(page.url);
  const token = cookie.split("=")[1] ?? "";
  const refused = [
    { path: "/" },
    { path: "/main.js" },
    { path: "/events" },
    { path: "/?token=" },
    { path: `/?token=${token.slice(1)}` },
    { path: pathOf(other.url) },
    { path: `/events?token=${token}` },
    { path: "/events", headers: { cookie: `outrigger=${token}` } },
    { path: "/events", headers: { cookie: await openPage(other.url) } },
  ];
  for (const question of refused) {
    const { status, body, headers } = await ask(page.url, question);
    assert.equal(status, 403, JSON.stringify(question));
    assert.equal(body, "outrigger: open the whole address that the command printed, with its token\n");
    assert.equal(headers["set-cookie"], undefined);
  }
});

test("a name that somebody else made lead here is refused, token or not", async () => {
  await using page = await serveWebPage({ feed: createFeed(), about });
  const { host, port } = new URL(page.url);
  const cookie = await openPage(page.url);
  for (const name of [
    "evil.example",
    `evil.example:${port}`,
    "127.0.0.1",
    `127.0.0.1.evil.example:${port}`,
    `${host}@x`,
  ]) {
    const asked = await ask(page.url, { path: pathOf(page.url), headers: { host: name, cookie } });
    assert.equal(asked.status, 403, name);
    assert.match(asked.body, /this page has the address http:\/\/127\.0\.0\.1:\d+\/ and no other name; open that/);
  }
  const local = { host: `LocalHost:${port}`, cookie };
  assert.equal((await ask(page.url, { headers: local })).status, 200);
  // HTTP/1.0 knows requests without a Host.
  for (const rest of ["HTTP/1.0\r\n", "HTTP/1.1\r\nHost: \r\nConnection: close\r\n"])
    assert.match(await sendRaw(page.url, `GET ${pathOf(page.url)} ${rest}\r\n`), /^HTTP\/1\.1 403 /);
});

test("every answer tells the browser to run, load and guess nothing else", async () => {
  await using page = await serveWebPage({ feed: createFeed(), about });
  const cookie = await openPage(page.url);
  const questions = [
    { path: "/", headers: { cookie } },
    { path: "/style.css", headers: { cookie } },
    { path: "/none", headers: { cookie } },
    { path: "/" },
    { path: "/", method: "POST", headers: { cookie } },
  ];
  const statuses: number[] = [];
  for (const question of questions) {
    const { status, headers } = await ask(page.url, question);
    statuses.push(status);
    const policy = String(headers["content-security-policy"]);
    for (const rule of ["default-src 'none'", "script-src 'self'", "style-src 'self'", "connect-src 'self'"])
      assert.ok(policy.split("; ").includes(rule), rule);
    assert.ok(policy.includes("frame-ancestors 'none'") && policy.includes("require-trusted-types-for 'script'"));
    assert.doesNotMatch(policy, /unsafe|\*|https?:/);
    assert.equal(headers["x-content-type-options"], "nosniff");
    assert.equal(headers["referrer-policy"], "no-referrer");
    assert.equal(headers["cross-origin-resource-policy"], "same-origin");
    assert.equal(headers["cache-control"], "no-store");
    assert.equal(headers["access-control-allow-origin"], undefined);
  }
  assert.deepEqual(statuses, [200, 200, 404, 403, 405]);
});

test("a path leads to a file of the page or nowhere", async () => {
  await using page = await serveWebPage({ feed: createFeed(), about });
  const cookie = await openPage(page.url);
  const paths = [
    "/index.html",
    "/tsconfig.json",
    "/../package.json",
    "/%2e%2e/package.json",
    "//main.js",
    "/main.js/",
    "*",
  ];
  for (const path of paths) assert.equal((await ask(page.url, { path, headers: { cookie } })).status, 404, path);
  const head = await ask(page.url, { method: "HEAD", path: "/style.css", headers: { cookie } });
  assert.equal(head.status, 200);
  assert.equal(head.body, "");
});

test("a page gets what it is about, the calls so far, and each call as it comes", async () => {
  const feed = createFeed();
  feed.publish(callOf(1));
  await using page = await serveWebPage({ feed, about });
  const events = await follow(page.url);
  const [first, second] = await take(events, 2);
  assert.deepEqual([first?.event, first?.data], ["about", about()]);
  assert.deepEqual([second?.id, second?.data], ["1", callOf(1)]);
  feed.publish(callOf(2, { error: "line\nfeed\r\n\r\nid: 99" }));
  const [third] = await take(events, 1);
  assert.deepEqual([third?.id, third?.data.error], ["2", "line\nfeed\r\n\r\nid: 99"]);
});

test("a page that connects again gets what it has not seen, whatever order calls were answered in", async () => {
  const feed = createFeed();
  await using page = await serveWebPage({ feed, about });
  for (const number of [1, 3, 2, 5, 4]) feed.publish(callOf(number));
  const seen = await take(await follow(page.url), 3);
  assert.deepEqual(seen.map(({ data }) => data.number).slice(1), [1, 3]);
  const resumed = await take(await follow(page.url, seen.at(-1)?.id), 4);
  assert.deepEqual(resumed.map(({ data }) => data.number).slice(1), [2, 5, 4]);
});

test("an event id that this server never gave means that nothing was seen", async () => {
  const feed = createFeed();
  feed.publish(callOf(1));
  await using page = await serveWebPage({ feed, about });
  for (const id of ["2", "-1", "x", "1e3", "9".repeat(40)]) {
    const [, call] = await take(await follow(page.url, id), 2);
    assert.equal(call?.id, "1", id);
  }
});

test("a call too large for a page is shortened and says so", async () => {
  const feed = createFeed();
  const json = { Name: "data", Opts: { deep: "x".repeat(1_000_000) } };
  feed.publish(callOf(1, { request: { json, bytes: 1_000_030 }, error: "e".repeat(1_000_000) }));
  feed.publish(callOf(2, { reply: { base64: "QUJD".repeat(100_000), bytes: 300_000 } }));
  await using page = await serveWebPage({ feed, about });
  const [, first, second] = await take(await follow(page.url), 3);
  assert.equal(first?.data.request.json, undefined);
  assert.equal(first?.data.request.text?.slice(0, 15), '{"Name":"data",');
  assert.deepEqual([first?.data.request.bytes, first?.data.request.cut], [1_000_030, true]);
  assert.deepEqual(first?.data.reply, callOf(1).reply);
  assert.equal(second?.data.reply?.cut, true);
  for (const call of [first, second]) assert.ok(JSON.stringify(call?.data).length < 64 * 1024);
});

test("no more than 16 pages are open at once, and a closed one makes room", async () => {
  await using page = await serveWebPage({ feed: createFeed(), about });
  const open = await Promise.all(Array.from({ length: 16 }, () => follow(page.url)));
  for (const events of open) await take(events, 1);
  const question = { path: "/events", headers: { cookie: await openPage(page.url) } };
  const refused = await ask(page.url, question);
  assert.equal(refused.status, 503);
  assert.match(refused.body, /16 pages are open already; close one/);
  await open[0]?.return(undefined);
  await until("there is room for another", () => isAdmitted(page.url));
});

test("disposing ends open pages and frees the port", async () => {
  const page = await serveWebPage({ feed: createFeed(), about });
  const events = await follow(page.url);
  await take(events, 1);
  const port = Number(new URL(page.url).port);
  await assert.rejects(serveWebPage({ feed: createFeed(), about, port }), {
    message: `the page cannot be served at port ${port} of 127.0.0.1: it is taken; choose another port, or 0 for any free one`,
  });
  await page[Symbol.asyncDispose]();
  await assert.rejects(take(events, 1));
  await using again = await serveWebPage({ feed: createFeed(), about, port });
  assert.notEqual(again.url, page.url);
});

test("the page can be on the loopback of IPv6", async () => {
  await using page = await serveWebPage({ feed: createFeed(), about, host: "::1" });
  assert.match(page.url, /^http:\/\/\[::1\]:\d+\//);
  const { port } = new URL(page.url);
  const answer = await sendRaw(
    page.url,
    `GET ${pathOf(page.url)} HTTP/1.1\r\nHost: [::1]:${port}\r\nConnection: close\r\n\r\n`,
  );
  assert.match(answer, /^HTTP\/1\.1 200 /);
});

function pathOf(url: string): string {
  return url.slice(url.indexOf("/?"));
}

async function sendRaw(url: string, text: string): Promise<string> {
  const { hostname, port } = new URL(url);
  const socket = connect({ host: hostname.replaceAll(/[[\]]/g, ""), port: Number(port) });
  socket.end(text);
  let answer = "";
  for await (const chunk of socket) answer += String(chunk);
  return answer;
}
