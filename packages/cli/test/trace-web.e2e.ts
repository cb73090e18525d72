import assert from "node:assert/strict";
import { join } from "node:path";
import { test } from "node:test";
import type { CallRecord } from "@outrigger/inspector";
import { outrigger, startOutrigger } from "./command.ts";
import { scratch } from "./scratch.ts";
import { serveShelf } from "./served.ts";

test("trace --web --from shows a recording on the page, its sessions one after the other", async () => {
  await using place = await scratch();
  const header = { outriggerRecording: 1, madeAt: "2026-01-02T03:04:05.000Z", plugins: [], secrets: "redacted" };
  const lines = [header, callOf(1), callOf(2), header, callOf(1)].map((line) => `${JSON.stringify(line)}\n`);
  const file = await place.write("calls.jsonl", `${lines.join("")}{"version":`);
  await using command = startOutrigger(["trace", "--web", "--json", "--from", file]);
  const events = await eventsOf(await command.line(/"url"/), 3);
  assert.match(events, new RegExp(`event: about\\ndata: {"plugins":\\[{"name":"data",.*"recording":"${file}"`));
  assert.deepEqual(numbersIn(events), [1, 2, 3]);
  const { status, stderr } = await command.stop("SIGINT");
  assert.equal(status, 0);
  assert.match(stderr, /calls\.jsonl:6: is cut off/);
});

test("trace --web shows the calls of a plugin that runs, and gives its place back", async () => {
  await using place = await scratch();
  await using _serving = await serveShelf(place, "books");
  const socket = join(place.plugins, "books.sock");
  await using command = startOutrigger(["trace", "--web", "--plugins-dir", place.plugins, "books"]);
  const url = await command.line(/^http:\/\/127\.0\.0\.1:\d+\/\?token=/);
  const first = await outrigger(["call", socket, "Plugin.Activate"]);
  assert.equal(first.status, 0, first.stderr);
  const events = await eventsOf(url, 1);
  assert.match(
    events,
    /"plugins":\[{"name":"books","address":"unix:\/\/[^"]+books\.sock","implements":\["VolumeDriver",/,
  );
  assert.match(events, /"method":"Plugin\.Activate"/);
  assert.equal((await command.stop("SIGTERM")).status, 0);
  assert.equal((await outrigger(["call", socket, "Plugin.Activate"])).status, 0);
});

test("what the page's flags cannot mean is refused", async () => {
  await using place = await scratch();
  const none = join(place.plugins, "none.jsonl");
  const refusals: [string[], 2 | 3, RegExp][] = [
    [["--port", "1"], 2, /say --web too/],
    [["--web", "--full"], 2, /leave --full out/],
    [["--web", "--put-back"], 2, /leave --web out/],
    [["--web", "--from", none, "books"], 2, /leave the plugin out/],
    [["--web", "--from", none], 3, /no such file: .*none\.jsonl; make one with outrigger record/],
    [["--web", "--from", await place.write("other", "{}\n")], 3, /other:1/],
  ];
  await Promise.all(
    refusals.map(async ([flags, code, message]) => {
      const { status, stderr } = await outrigger(["trace", ...flags]);
      assert.match(stderr, message);
      assert.equal(status, code, flags.join(" "));
    }),
  );
});

function callOf(number: number): CallRecord {
  return {
    version: 1,
    number,
    at: "2026-01-02T03:04:05.678Z",
    plugin: "data",
    method: "VolumeDriver.Get",
    request: { json: { Name: "data" }, bytes: 15 },
    reply: { json: { Err: "no such volume" }, bytes: 24 },
    status: 500,
    error: "no such volume",
    milliseconds: 0.5,
    deadlineMs: 60_000,
  };
}

/** Opens the page as a browser does, and reads its events until so many calls have come. */
async function eventsOf(line: string, calls: number): Promise<string> {
  const url = line.replace(/^\{"url":"|"\}$/g, "");
  const opened = await fetch(url);
  assert.equal(opened.status, 200);
  const cookie = opened.headers.getSetCookie()[0]?.split(";")[0] ?? "";
  const { body } = await fetch(new URL("/events", url), { headers: { cookie } });
  assert.ok(body);
  let text = "";
  for await (const chunk of body.pipeThrough(new TextDecoderStream())) {
    text += chunk;
    if (numbersIn(text).length >= calls && text.endsWith("\n\n")) break;
  }
  return text;
}

function numbersIn(events: string): number[] {
  return [...events.matchAll(/"number":(\d+)/g)].map(([, number]) => Number(number));
}
