import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { briefly, serveForTest, soon, temporaryFolder, volumePlugin } from "../test/fixture.ts";
import { RawClient } from "../test/raw-client.ts";
import { serve } from "./serve.ts";

test("one plugin is served in several places at once", async () => {
  await using folder = await temporaryFolder();
  const places = [{ unix: join(folder.path, "a.sock") }, { unix: join(folder.path, "b.sock") }, { tcp: "127.0.0.1:0" }];
  await using serving = await serve(volumePlugin(), { listen: places });
  assert.equal(serving.addresses.length, 3);
  for (const address of serving.addresses) {
    await using client = await RawClient.connect(address);
    assert.equal((await client.call("VolumeDriver.List", {}).answer()).status, 200);
  }
});

test("when one place cannot be had, none is kept", async () => {
  await using folder = await temporaryFolder();
  const listen = [{ unix: join(folder.path, "a.sock") }, { tcp: "nonsense" }];
  await assert.rejects(briefly(serve(volumePlugin(), { listen })), /"nonsense" is not an address/);
  assert.deepEqual(await readdir(folder.path), []);
});

test("several plugins live in one process", async () => {
  await using folder = await temporaryFolder();
  const plugins = ["a", "b", "c"].map((name) => ({ ...volumePlugin(), name }));
  const servings = await Promise.all(plugins.map((plugin) => serve(plugin, { pluginsDir: folder.path })));
  assert.deepEqual(await readdir(folder.path), ["a.sock", "b.sock", "c.sock"]);
  await servings[1]?.[Symbol.asyncDispose]();
  assert.deepEqual(await readdir(folder.path), ["a.sock", "c.sock"]);
  await Promise.all(servings.map((serving) => serving[Symbol.asyncDispose]()));
  assert.deepEqual(await readdir(folder.path), []);
});

test("a plugin that stops withdraws first, then lets running calls finish", async () => {
  const started = Promise.withResolvers<void>();
  const finish = Promise.withResolvers<void>();
  const create = (): Promise<void> => {
    started.resolve();
    return finish.promise;
  };
  await using plugin = await serveForTest(volumePlugin({ create }));
  await using busy = await plugin.connect();
  await using idle = await plugin.connect();
  await using fresh = await plugin.connect();
  await idle.call("VolumeDriver.List", {}).answer();
  busy.call("VolumeDriver.Create", { Name: "a" });
  await soon(started.promise);
  const closing = plugin.serving[Symbol.asyncDispose]();
  await Promise.all([idle.ended(), fresh.ended()]);
  assert.equal(existsSync(plugin.socket), false);
  finish.resolve();
  const answer = await busy.answer();
  assert.deepEqual([answer.status, answer.headers.get("connection")], [200, "close"]);
  await busy.ended();
  await closing;
  await soon(plugin.serving.closed);
});

test("calls that outlast the stop are aborted and told so", async () => {
  const { promise: aborted, resolve } = Promise.withResolvers<unknown>();
  const create = (_: unknown, { signal }: { signal: AbortSignal }): Promise<never> => {
    signal.addEventListener("abort", () => resolve(signal.reason));
    return new Promise(() => {});
  };
  await using plugin = await serveForTest(volumePlugin({ create }), { drainTimeoutMs: 50 });
  await using client = await plugin.connect();
  client.call("VolumeDriver.Create", { Name: "a" });
  // Answered behind the first one, so that has arrived.
  await plugin.call("VolumeDriver.List", {});
  const closing = plugin.serving[Symbol.asyncDispose]();
  const { status, body } = await client.answer();
  assert.deepEqual([status, JSON.parse(body)], [500, { Err: "the plugin is stopping; try again when it is back" }]);
  assert.match(String(await soon(aborted)), /stopping/);
  await closing;
});

test("a driver whose caller has gone is waited for as well", async () => {
  const started = Promise.withResolvers<void>();
  let done = false;
  const create = async (_: unknown, { signal }: { signal: AbortSignal }): Promise<void> => {
    const gone = new Promise((resolve) => signal.addEventListener("abort", resolve));
    started.resolve();
    await gone;
    await new Promise((resolve) => setTimeout(resolve, 50));
    done = true;
  };
  await using plugin = await serveForTest(volumePlugin({ create }));
  {
    await using client = await plugin.connect();
    client.call("VolumeDriver.Create", { Name: "a" });
    await soon(started.promise);
  }
  await plugin.serving[Symbol.asyncDispose]();
  assert.equal(done, true);
});

test("what was sent just before the stop is still answered", async () => {
  for (let round = 0; round < 20; round++) {
    await using plugin = await serveForTest(volumePlugin());
    const clients = await Promise.all(Array.from({ length: 5 }, () => plugin.connect()));
    for (const client of clients) client.call("VolumeDriver.List", {});
    const closing = plugin.serving[Symbol.asyncDispose]();
    for (const client of clients) {
      await using _ = client;
      assert.equal((await client.answer()).status, 200);
    }
    await closing;
  }
});

test("who calls just as the plugin stops is still answered, on a new connection as on an idle one", async () => {
  await using plugin = await serveForTest(volumePlugin());
  await using fresh = await plugin.connect();
  await using idle = await plugin.connect();
  await idle.call("VolumeDriver.List", {}).answer();
  const stopped = plugin.serving[Symbol.asyncDispose]();
  while (existsSync(plugin.socket)) await new Promise((resolve) => setImmediate(resolve));
  for (let turn = 0; turn < 20; turn++) await new Promise((resolve) => setImmediate(resolve));
  for (const client of [fresh, idle]) {
    const { status, headers } = await client.call("VolumeDriver.List", {}).answer();
    assert.equal(status, 200);
    assert.equal(headers.get("connection"), "close");
  }
  await stopped;
});

test("serving leaves no listener on the process behind", async () => {
  const events = ["exit", "SIGINT", "SIGTERM", "SIGHUP", "uncaughtException", "unhandledRejection"] as const;
  const before = events.map((event) => process.listenerCount(event));
  {
    await using _ = await serveForTest(volumePlugin());
    await using __ = await serveForTest(volumePlugin());
  }
  assert.deepEqual(
    events.map((event) => process.listenerCount(event)),
    before,
  );
});

for (const [option, value] of [
  ["callTimeoutMs", 0],
  ["callTimeoutMs", 2 ** 31],
  ["drainTimeoutMs", -1],
  ["receiveTimeoutMs", Number.NaN],
  ["maxBodyBytes", 0.5],
] as const) {
  test(`${option} of ${value} is refused`, async () => {
    await assert.rejects(
      briefly(serve(volumePlugin(), { [option]: value })),
      new RegExp(`${option} must be a whole number from`),
    );
  });
}
