import assert from "node:assert/strict";
import { rename } from "node:fs/promises";
import { test } from "node:test";
import { failure } from "../test/failure.ts";
import { testClock } from "../test/test-clock.ts";
import { answer, rawPlugin } from "../test/raw-plugin.ts";
import { scratch } from "../test/scratch.ts";
import { connect } from "./connect.ts";
import { engineRetry, systemClock } from "./retry.ts";

test("the engine tries at 0, 1, 3, 7 and 15 s and gives up", async () => {
  const clock = testClock();
  await using connection = await connect("unix:///nowhere/at-all.sock", { retry: "engine", clock });
  const error = await failure(connection.call("VolumeDriver.List"));
  assert.equal(error.code, "unreachable");
  assert.deepEqual(clock.waits, [1000, 2000, 4000, 8000]);
  assert.equal(clock.now(), 15_000);
});

test("an attempt that took 29 s or more is the last", () => {
  const error = new Error("x");
  assert.equal(engineRetry({ attempt: 1, elapsedMs: 28_999, error }), 1000);
  assert.equal(engineRetry({ attempt: 1, elapsedMs: 29_000, error }), undefined);
  assert.equal(engineRetry({ attempt: 5, elapsedMs: 15_000, error }), undefined);
});

test("after the first request that was sent, the engine's retries are empty", async () => {
  const clock = testClock();
  await using plugin = await rawPlugin(({ body }, socket) => {
    if (body === "") return answer({ Err: "a name is needed" }, "400 Bad Request");
    return void socket.destroy();
  });
  await using connection = await connect(plugin.url, { retry: "engine", clock });
  const error = await failure(connection.call("VolumeDriver.Create", { Name: "v" }));
  assert.equal(error.message, "VolumeDriver.Create: a name is needed");
  assert.deepEqual(
    plugin.requests.map(({ body }) => body),
    ['{"Name":"v"}\n', ""],
  );
  assert.match(plugin.requests[1]?.head ?? "", /\r\nContent-Length: 0\r\n/);
});

test("a request that was never sent is tried again whole", async () => {
  await using at = await scratch();
  const [path, later] = [await at.path("run/p.sock"), await at.path("run/later.sock")];
  await using plugin = await rawPlugin(() => answer({}), { socket: later });
  const clock = testClock((wait) => (wait === 2000 ? rename(later, path) : undefined));
  await using connection = await connect(`unix://${path}`, { retry: "engine", clock });
  await connection.call("VolumeDriver.Create", { Name: "v" });
  assert.deepEqual(clock.waits, [1000, 2000]);
  assert.equal(plugin.requests[0]?.body, '{"Name":"v"}\n');
});

test("an answer is never retried, whatever it says", async () => {
  for (const reply of [answer("", "503 Later"), answer("no JSON"), "HTTP/1.1 204 No Content\r\n\r\n"]) {
    const clock = testClock();
    await using plugin = await rawPlugin(() => reply);
    await using connection = await connect(plugin.url, { retry: "engine", clock });
    await failure(connection.call("VolumeDriver.List"));
    assert.deepEqual([clock.waits, plugin.requests.length], [[], 1]);
  }
});

test("an answer that breaks off is not retried either", async () => {
  const clock = testClock();
  const half = "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n{";
  await using plugin = await rawPlugin((_, socket) => void socket.end(half));
  await using connection = await connect(plugin.url, { retry: "engine", clock });
  assert.equal((await failure(connection.call("VolumeDriver.List"))).code, "broken");
  assert.deepEqual([clock.waits, plugin.requests.length], [[], 1]);
});

test("a silent plugin is retried after each deadline", async () => {
  const clock = testClock();
  await using plugin = await rawPlugin(() => undefined);
  await using connection = await connect(plugin.url, { retry: "engine", clock, deadlineMs: 20 });
  assert.equal((await failure(connection.call("VolumeDriver.Get", { Name: "v" }))).code, "deadline");
  assert.deepEqual(clock.waits, [1000, 2000, 4000, 8000]);
});

test("a caller's own policy decides, and sends the whole body each time", async () => {
  const clock = testClock();
  await using plugin = await rawPlugin((_, socket) => void socket.destroy());
  await using connection = await connect(plugin.url, { clock });
  const seen: number[] = [];
  const retry = ({ attempt }: { attempt: number }): number | undefined => {
    seen.push(attempt);
    return attempt < 3 ? 5 : undefined;
  };
  await failure(connection.call("VolumeDriver.Get", { Name: "v" }, { retry }));
  assert.deepEqual(
    [seen, clock.waits],
    [
      [1, 2, 3],
      [5, 5],
    ],
  );
  assert.deepEqual(
    plugin.requests.map(({ body }) => body),
    ['{"Name":"v"}\n', '{"Name":"v"}\n', '{"Name":"v"}\n'],
  );
});

test("without a policy nothing is retried", async () => {
  const clock = testClock();
  await using connection = await connect("unix:///nowhere/at-all.sock", { clock });
  await failure(connection.call("VolumeDriver.List"));
  assert.deepEqual(clock.waits, []);
});

test("an abort ends the wait between two attempts", async () => {
  const controller = new AbortController();
  const reason = new Error("enough");
  await using connection = await connect("unix:///nowhere/at-all.sock", { retry: "engine" });
  const call = connection.call("VolumeDriver.List", undefined, { signal: controller.signal });
  const waiting = systemClock.wait(20).then(() => controller.abort(reason));
  await assert.rejects(call, reason);
  await waiting;
});
