import assert from "node:assert/strict";
import { createServer } from "node:net";
import { join } from "node:path";
import { test } from "node:test";
import { serveForTest, temporaryFolder, volumePlugin } from "../test/fixture.ts";
import { engineRequest, RawClient } from "../test/raw-client.ts";
import { Connections } from "./connections.ts";
import { Dispatcher } from "./dispatcher.ts";
import { HttpFront } from "./http-front.ts";
import { connectionOptions, listenOn } from "./listen-on.ts";

/** Notes whether a connection came to node:http. */
class WatchedFront extends HttpFront {
  taken = 0;
  override accept(...args: Parameters<HttpFront["accept"]>): void {
    this.taken++;
    super.accept(...args);
  }
}

/** A plugin on a socket of its own whose use of node:http can be seen. */
async function serveWatched(): Promise<AsyncDisposable & { http: WatchedFront; connect: () => Promise<RawClient> }> {
  const folder = await temporaryFolder();
  const http = new WatchedFront(new Dispatcher(volumePlugin()), { maxBodyBytes: 1000, receiveMs: 30_000 });
  const connections = new Connections(http);
  const server = createServer(connectionOptions, (socket) => connections.accept(socket));
  const path = join(folder.path, "watched.sock");
  await listenOn(server, { path });
  return {
    http,
    connect: () => RawClient.connect(`unix://${path}`),
    [Symbol.asyncDispose]: async () => {
      connections.destroy();
      await new Promise((resolve) => server.close(resolve));
      await folder[Symbol.asyncDispose]();
    },
  };
}

/** Read from Go's net/http as moby/moby pkg/plugins/client.go uses it. */
const fromEngines: readonly [what: string, head: string][] = [
  ["a unix socket", "Host: plugin.moby.localhost\r\nUser-Agent: Go-http-client/1.1\r\nContent-Length: 14\r\n"],
  ["a unix socket before 20.10.26", "Host: \r\nUser-Agent: Go-http-client/1.1\r\nContent-Length: 14\r\n"],
  ["TCP", "Host: 127.0.0.1:4000\r\nUser-Agent: Go-http-client/1.1\r\nContent-Length: 14\r\n"],
];
const accept = "Accept: application/vnd.docker.plugins.v1.2+json\r\n";

for (const [what, head] of fromEngines) {
  test(`what the engine sends on ${what} is answered without node:http`, async () => {
    await using plugin = await serveWatched();
    await using client = await plugin.connect();
    const last = what === "TCP" ? "Accept-Encoding: gzip\r\n\r\n" : "\r\n";
    client.send(`POST /VolumeDriver.Get HTTP/1.1\r\n${head}${accept}${last}{"Name":"ab"}\n`);
    assert.deepEqual(JSON.parse((await client.answer()).body), { Volume: { Name: "ab" } });
    assert.equal(plugin.http.taken, 0);
  });
}

test("a body that comes in pieces is answered without node:http", async () => {
  await using plugin = await serveWatched();
  await using client = await plugin.connect();
  const bytes = engineRequest("VolumeDriver.Get", '{"Name":"data"}');
  for (let cut = bytes.length - 15; cut < bytes.length; cut++) {
    client.send(bytes.subarray(0, cut));
    await new Promise(setImmediate);
    client.send(bytes.subarray(cut));
    assert.deepEqual(JSON.parse((await client.answer()).body), { Volume: { Name: "data" } });
  }
  assert.equal(plugin.http.taken, 0);
});

test("calls sent in one go are answered in order without node:http", async () => {
  await using plugin = await serveWatched();
  await using client = await plugin.connect();
  const names = ["a", "b", "ä"];
  client.send(Buffer.concat(names.map((Name) => engineRequest("VolumeDriver.Get", JSON.stringify({ Name })))));
  for (const Name of names) assert.deepEqual(JSON.parse((await client.answer()).body), { Volume: { Name } });
  assert.equal(plugin.http.taken, 0);
});

const others: readonly [what: string, change: (text: string) => string][] = [
  ["one more header", (text) => text.replace("\r\n\r\n", "\r\nConnection: close\r\n\r\n")],
  ["HTTP/1.0", (text) => text.replace("HTTP/1.1", "HTTP/1.0")],
  ["another client's name", (text) => text.replace("Go-http-client/1.1", "curl/8")],
  ["a head that comes in pieces", (text) => text.slice(0, 40)],
  ["a body over the limit", () => engineRequest("VolumeDriver.Get", "x".repeat(1001)).toString()],
];
for (const [what, change] of others) {
  test(`${what} is node:http's business, also on a connection that was used before`, async () => {
    await using plugin = await serveWatched();
    await using client = await plugin.connect();
    await client.call("VolumeDriver.Get", { Name: "a" }).answer();
    const bytes = engineRequest("VolumeDriver.Get", '{"Name":"b"}').toString();
    client.send(change(bytes));
    while (plugin.http.taken === 0) await new Promise(setImmediate);
    if (bytes.startsWith(change(bytes))) client.send(bytes.slice(change(bytes).length));
    await client.answer();
  });
}

test("a second call during the first is answered after it, and each is made once", async () => {
  const gate = Promise.withResolvers<void>();
  const names: string[] = [];
  const create = async ({ Name }: { readonly Name: string }): Promise<void> => {
    names.push(Name);
    if (names.length === 2) gate.resolve();
    await gate.promise;
  };
  await using plugin = await serveForTest(volumePlugin({ create }));
  await using client = await plugin.connect();
  client.call("VolumeDriver.Create", { Name: "a" });
  while (names.length === 0) await new Promise(setImmediate);
  client.call("VolumeDriver.Create", { Name: "b" }).call("VolumeDriver.Get", { Name: "c" });
  assert.equal((await client.answer()).body, "{}");
  assert.equal((await client.answer()).body, "{}");
  assert.match((await client.answer()).body, /"c"/);
  assert.deepEqual(names, ["a", "b"]);
});

test("a call that runs when the plugin stops is answered, and its connection closed", async () => {
  const gate = Promise.withResolvers<void>();
  const started = Promise.withResolvers<void>();
  const create = (): Promise<void> => (started.resolve(), gate.promise);
  await using plugin = await serveForTest(volumePlugin({ create }));
  await using idle = await plugin.connect();
  await idle.call("VolumeDriver.List", {}).answer();
  await using client = await plugin.connect();
  client.call("VolumeDriver.Create", { Name: "a" });
  await started.promise;
  const stopped = plugin.serving[Symbol.asyncDispose]();
  await idle.ended();
  gate.resolve();
  const answer = await client.answer();
  assert.equal(answer.body, "{}");
  assert.equal(answer.headers.get("connection"), "close");
  await stopped;
});

test("a body that does not come in time is refused with 408", async () => {
  await using plugin = await serveForTest(volumePlugin(), { receiveTimeoutMs: 100 });
  await using client = await plugin.connect();
  client.send(engineRequest("VolumeDriver.Get", '{"Name":"data"}').subarray(0, -1));
  assert.equal((await client.answer()).status, 408);
  await client.ended();
});

test("a request of the engine's cut off by a half-close is refused", async () => {
  await using plugin = await serveForTest(volumePlugin());
  await using client = await plugin.connect();
  client.send(engineRequest("VolumeDriver.Get", '{"Name":"data"}').subarray(0, -1)).socket.end();
  assert.equal((await client.answer()).status, 400);
});

test("a caller that does not read its answers is not read from, and loses none", async () => {
  const Volumes = Array.from({ length: 100 }, (_, index) => ({ Name: `volume ${index}` }));
  let calls = 0;
  const list = (): { Volumes: typeof Volumes } => (calls++, { Volumes });
  await using plugin = await serveForTest(volumePlugin({ list }));
  await using client = await plugin.connect();
  client.socket.pause();
  const sent = 3000;
  client.send(Buffer.concat(Array.from({ length: sent }, () => engineRequest("VolumeDriver.List", "{}"))));
  for (let before = -1; before < calls; await plugin.call("VolumeDriver.Get", { Name: "a" })) before = calls;
  assert.ok(calls > 0 && calls < sent / 2, `${calls} calls were made for a caller that reads nothing`);
  client.socket.resume();
  for (let i = 0; i < sent; i++) assert.equal((await client.answer()).status, 200);
});
