// Between an engine and plugins good and bad: every byte gets through, and every call is told.
import assert from "node:assert/strict";
import { createConnection } from "node:net";
import { test } from "node:test";
import { answering, dial, exchange, rawPlugin, read, reply, request, stage, until, watch } from "../test/stage.ts";

test("requests and answers pass as they are, and each call is told", async () => {
  await using place = await stage();
  const answer = reply('{"Mountpoint":"/srv/data"}');
  await using plugin = await rawPlugin(place.path, answering(answer));
  await using watched = await watch(place.path);
  const sent = request("VolumeDriver.Mount", '{"Name":"data","ID":"a"}\n');
  assert.equal((await exchange(place.path, sent, answer.length)).toString(), answer);
  assert.equal(plugin.received().toString(), sent);
  const [record] = await watched.told(1);
  assert.ok(record);
  const { at, milliseconds, ...rest } = record;
  assert.match(at, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
  assert.ok(milliseconds > 0);
  assert.deepEqual(rest, {
    version: 1,
    number: 1,
    plugin: "example",
    method: "VolumeDriver.Mount",
    request: { json: { Name: "data", ID: "a" }, bytes: 25 },
    reply: { json: { Mountpoint: "/srv/data" }, bytes: 26 },
    status: 200,
    error: null,
    deadlineMs: 120_000,
  });
});

test("calls that follow each other on one connection are numbered as they arrived", async () => {
  await using place = await stage();
  await using _plugin = await rawPlugin(place.path, answering(reply("{}")));
  await using watched = await watch(place.path);
  const engine = await dial(place.path);
  for (const name of ["a", "b", "c"]) {
    engine.write(request("VolumeDriver.Remove", `{"Name":"${name}"}`));
    await read(engine, reply("{}").length);
  }
  engine.destroy();
  const records = await watched.told(3);
  assert.deepEqual(
    records.map(({ number, request }) => [number, request.json]),
    [
      [1, { Name: "a" }],
      [2, { Name: "b" }],
      [3, { Name: "c" }],
    ],
  );
});

test("an answer in chunks, with another before it, keeps its chunks and is told whole", async () => {
  await using place = await stage();
  const answer =
    'HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{"\r\nA\r\nErr":"no"}\r\n0\r\n\r\n';
  await using _plugin = await rawPlugin(place.path, answering(answer));
  await using watched = await watch(place.path);
  assert.equal(
    (await exchange(place.path, request("VolumeDriver.Get", '{"Name":"x"}'), answer.length)).toString(),
    answer,
  );
  const [record] = await watched.told(1);
  assert.deepEqual([record?.status, record?.reply, record?.error], [200, { json: { Err: "no" }, bytes: 12 }, "no"]);
});

for (const [title, answer, error] of [
  ["garbage", "hello, this is no HTTP\r\n\r\n", "what the plugin answered is not HTTP/1"],
  ["nothing", "", "no answer: the plugin closed the connection"],
  ["half an answer", "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{", "the plugin's answer was cut off"],
] as const) {
  test(`a plugin that answers ${title} reaches the engine as such, and is told as such`, async () => {
    await using place = await stage();
    await using _plugin = await rawPlugin(place.path, (socket) => void socket.once("data", () => socket.end(answer)));
    await using watched = await watch(place.path);
    assert.equal((await exchange(place.path, request("VolumeDriver.List", "{}"))).toString(), answer);
    const [record] = await watched.told(1);
    assert.equal(record?.method, "VolumeDriver.List");
    assert.equal(record.error, error);
  });
}

test("garbage from the engine's side reaches the plugin and is told as such", async () => {
  await using place = await stage();
  await using plugin = await rawPlugin(place.path, answering("what?"));
  await using watched = await watch(place.path);
  assert.equal((await exchange(place.path, "\u0000\u0001garbage", 5)).toString(), "what?");
  assert.equal(plugin.received().toString(), "\u0000\u0001garbage");
  const [record] = await watched.told(1);
  assert.equal(record?.error, "what the engine sent is not HTTP/1");
});

test("one that half-closes still gets its answer, and the plugin learns of it", async () => {
  await using place = await stage();
  await using _plugin = await rawPlugin(place.path, (socket) => void socket.on("end", () => socket.end(reply("{}"))));
  await using watched = await watch(place.path);
  const engine = await dial(place.path);
  engine.end(request("VolumeDriver.List", "{}"));
  assert.equal((await read(engine)).toString(), reply("{}"));
  assert.equal((await watched.told(1))[0]?.error, null);
});

test("an engine that gives up is gone for the plugin too, and the call is told", async () => {
  await using place = await stage();
  const gone = Promise.withResolvers<Error | null | undefined>();
  await using plugin = await rawPlugin(place.path, (socket) => {
    // Gone, and not only silent: nothing can be written to it any more.
    socket.on("end", () => socket.bytesRead > 0 && socket.write("x", gone.resolve));
  });
  await using watched = await watch(place.path);
  const engine = await dial(place.path);
  engine.write(request("VolumeDriver.Mount", '{"Name":"slow","ID":"a"}'));
  await until("the plugin has the call", () => plugin.received().length > 0);
  engine.destroy();
  assert.match(String(await gone.promise), /EPIPE/);
  assert.equal((await watched.told(1))[0]?.error, "no answer: the engine closed the connection");
});

test("a call that runs when the trace ends is still answered", async () => {
  await using place = await stage();
  await using plugin = await rawPlugin(place.path);
  const watched = await watch(place.path);
  const engine = await dial(place.path);
  engine.write(request("VolumeDriver.Mount", '{"Name":"slow","ID":"a"}'));
  await until("the plugin has the call", () => plugin.received().length > 0);
  const ending = watched[Symbol.asyncDispose]();
  await using direct = await rawPlugin(`${place.path}.other`);
  assert.ok(direct.server.listening);
  for (const socket of plugin.sockets) socket.write(reply('{"Mountpoint":"/x"}'));
  assert.match((await read(engine, 60)).toString(), /Mountpoint/);
  await ending;
  assert.equal((await watched.told(1))[0]?.status, 200);
  engine.destroy();
});

test("one that dialled just before the trace ended is answered, and told", async () => {
  await using place = await stage();
  await using _plugin = await rawPlugin(place.path, answering(reply("{}")));
  const watched = await watch(place.path);
  // In the queue of the trace's socket, for nobody has had time to take it out.
  const engine = createConnection(place.path);
  engine.write(request("VolumeDriver.List", "{}"));
  const ending = watched[Symbol.asyncDispose]();
  assert.equal((await read(engine, reply("{}").length)).toString(), reply("{}"));
  await ending;
  assert.equal((await watched.told(1))[0]?.status, 200);
  engine.destroy();
});

test("one that dialled before the trace ended, and asks only then, is answered", async () => {
  await using place = await stage();
  await using _plugin = await rawPlugin(place.path, answering(reply("{}")));
  const watched = await watch(place.path);
  const engine = await dial(place.path);
  const ending = watched[Symbol.asyncDispose]();
  await until("the plugin is in its place", () => watched.events.at(-1)?.kind === "given-back");
  engine.write(request("VolumeDriver.List", "{}"));
  assert.equal((await read(engine, reply("{}").length)).toString(), reply("{}"));
  await ending;
  engine.destroy();
});

test("connections that were there before are counted, and it is said when there is none left", async () => {
  await using place = await stage();
  await using _plugin = await rawPlugin(place.path, answering(reply("{}")));
  const early = await dial(place.path);
  await using watched = await watch(place.path);
  const unseen = (): string[] => watched.events.filter(({ kind }) => kind === "unseen").map(({ text }) => text);
  assert.match(unseen()[0] ?? "", /^1 connection from before/);
  early.destroy();
  await until("it is said", () => unseen().length === 2);
  assert.equal(unseen()[1], "all calls are seen now");
});

test("a body is kept up to the limit and passed on beyond it", async () => {
  await using place = await stage();
  const volumes = Array.from({ length: 5000 }, (_, index) => ({ Name: `volume-${index}` }));
  const answer = reply(JSON.stringify({ Volumes: volumes }));
  await using _plugin = await rawPlugin(place.path, answering(answer));
  await using watched = await watch(place.path, { bodyLimit: 1000 });
  assert.equal((await exchange(place.path, request("VolumeDriver.List", "{}"), answer.length)).toString(), answer);
  const [record] = await watched.told(1);
  assert.equal(record?.reply?.cut, true);
  assert.equal(record.reply.bytes, answer.length - answer.indexOf("{"));
  const { Volumes } = record.reply.json as { Volumes: unknown[] };
  assert.deepEqual(Volumes[0], { Name: "volume-0" });
  assert.ok(Volumes.length > 20 && Volumes.length < 60);
  assert.equal(record.error, null);
});
