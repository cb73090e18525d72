import assert from "node:assert/strict";
import { stat } from "node:fs/promises";
import { createConnection } from "node:net";
import { test } from "node:test";
import { openStage, quiet, send, type Raw } from "../test/stage.ts";
import type { Job } from "./jobs.ts";
import { openStorageApi } from "./storage-api.ts";

test("a volume is made, shown, measured and removed", async () => {
  await using stage = await openStage();
  const { client } = stage;
  await client.call({ method: "POST", path: "/v1/volumes", body: { name: "data", options: { labels: "team=web" } } });
  const [volume] = (await client.call({ path: "/v1/volumes", query: { label: "team=web" } })) as { name: string }[];
  assert.equal(volume?.name, "data");
  assert.deepEqual(await client.call({ path: "/v1/volumes", query: { label: "team=db" } }), []);
  await client.call({ method: "DELETE", path: "/v1/volumes/data" });
  assert.deepEqual(await client.call({ path: "/v1/volumes" }), []);
});

const refusals: [what: string, raw: Raw, status: number, detail: RegExp][] = [
  ["a mistyped field", { method: "POST", path: "/v1/volumes", body: '{"nam":"a"}' }, 400, /did you mean "name"/],
  ["a field of a prototype", { method: "POST", path: "/v1/volumes", body: '{"__proto__":{}}' }, 400, /unknown option/],
  ["what is no JSON", { method: "POST", path: "/v1/volumes", body: "{" }, 400, /no JSON/],
  ["what is no object", { method: "POST", path: "/v1/volumes", body: "[]" }, 400, /object/],
  [
    "an option that is no text",
    { method: "POST", path: "/v1/volumes", body: '{"name":"a","options":{"size":1}}' },
    400,
    /quotes/,
  ],
  [
    "an unknown option of a volume",
    { method: "POST", path: "/v1/volumes", body: '{"name":"a","options":{"siez":"1GiB"}}' },
    400,
    /did you mean "size"/,
  ],
  ["a hostile name", { method: "POST", path: "/v1/volumes", body: '{"name":"../../etc"}' }, 400, /name/],
  ["a body of a megabyte", { method: "POST", path: "/v1/volumes", body: " ".repeat(2 ** 20) }, 413, /longer/],
  ["an unknown path", { path: "/v1/volume" }, 404, /did you mean \/v1\/volumes/],
  ["a path out of the API", { path: "/v1/volumes/..%2f..%2fetc" }, 404, /no such volume/],
  ["a broken percent-encoding", { path: "/v1/volumes/%zz" }, 400, /percent/],
  ["a method that is not there", { method: "PUT", path: "/v1/volumes" }, 405, /GET, POST/],
  ["a query that is not known", { path: "/v1/volumes?lable=x" }, 400, /did you mean "label"/],
  ["a query that comes twice", { path: "/v1/volumes?label=x&label=y" }, 400, /twice/],
  ["another host's address", { path: "http://elsewhere/v1/volumes" }, 400, /has to be a path/],
  ["a volume that is not there", { path: "/v1/volumes/none/holders" }, 404, /no such volume/],
  ["an operation that is not there", { path: "/v1/operations/1" }, 404, /no such operation/],
  ["a backup without a repository", { method: "POST", path: "/v1/volumes/a/backups" }, 501, /backup-repository-file/],
  ["a snapshot that the backend cannot make", { method: "POST", path: "/v1/volumes/there/snapshots" }, 400, /snapshot/],
];

test("what is not right is refused with the reason, and the next request is served", async (t) => {
  await using stage = await openStage();
  await stage.volumes.create("there");
  for (const [what, raw, status, detail] of refusals) {
    await t.test(what, async () => {
      const answer = await send(stage.api.socket, raw);
      assert.equal(answer.status, status, JSON.stringify(answer.body));
      assert.match((answer.body as { detail: string }).detail, detail);
    });
  }
  assert.equal((await send(stage.api.socket, { path: "/v1/volumes" })).status, 200);
});

test("a client that never ends its request keeps nobody waiting", async () => {
  await using stage = await openStage();
  const idle = createConnection(stage.api.socket);
  idle.on("error", () => {});
  idle.write("POST /v1/volumes HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n{");
  try {
    assert.deepEqual(await stage.client.call({ path: "/v1/volumes" }), []);
  } finally {
    idle.destroy();
  }
});

test("long work is an operation that can be followed to its end, failed work too", async () => {
  await using stage = await openStage();
  await stage.volumes.create("data");
  const body = { name: "copy" };
  await assert.rejects(
    stage.client.follow({ method: "POST", path: "/v1/volumes/data/clone", body }, () => {}),
    /clone|from/,
  );
  const [job] = (await stage.client.call({ path: "/v1/operations" })) as Job[];
  assert.deepEqual([job?.kind, job?.state, job?.volume], ["clone", "failed", "data"]);
});

test("removing a volume in use is refused with 409, and works when it is free", async () => {
  await using stage = await openStage();
  await stage.volumes.create("data");
  const folder = await stage.volumes.openVolume("data");
  assert.equal((await send(stage.api.socket, { method: "DELETE", path: "/v1/volumes/data" })).status, 409);
  await folder[Symbol.asyncDispose]();
  assert.equal((await send(stage.api.socket, { method: "DELETE", path: "/v1/volumes/data" })).status, 204);
});

test("events are sent as they happen", async () => {
  await using stage = await openStage();
  const stop = new AbortController();
  const events = stage.client.events({ path: "/v1/events", signal: stop.signal });
  const first = events.next();
  // The listener is there once the reply has begun, which nothing shows from outside: so volumes are made until it hears.
  const heard = new AbortController();
  void first.then(() => heard.abort());
  for (let at = 0; !heard.signal.aborted; at++) await stage.volumes.create(`data${at}`);
  assert.equal(((await first).value as { action: string }).action, "create");
  stop.abort();
  await events.next();
});

test("the socket is root's alone, is gone after closing, and is never taken from a live one", async () => {
  await using stage = await openStage();
  assert.equal((await stat(stage.api.socket)).mode & 0o777, 0o600);
  const { root, volumes: verbs } = stage;
  await assert.rejects(openStorageApi({ name: "stage", root, verbs, log: quiet() }), /already serves/);
  await stage.api[Symbol.asyncDispose]();
  await assert.rejects(stat(stage.api.socket), /ENOENT/);
});

test("metrics count volumes by state, and holders by volume", async () => {
  await using stage = await openStage();
  await stage.volumes.create("data");
  const { body } = await send(stage.api.socket, { path: "/metrics" });
  assert.match(String(body), /^outrigger_volumes\{plugin="stage",state="ready"\} 1$/m);
  assert.match(String(body), /^outrigger_volume_holders\{plugin="stage",volume="data"\} 0$/m);
});
