import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import type { logDriver } from "@outrigger/protocol";
import { serveForTest, soon } from "../test/fixture.ts";
import { definePlugin, type Call, type Driver, type Plugin } from "./define-plugin.ts";

type ReadLogs = NonNullable<Driver<typeof logDriver>["readLogs"]>;

const request = { Info: { ContainerID: "c".repeat(64) }, Config: { Follow: true } };

function logPlugin(readLogs: ReadLogs): Plugin {
  return definePlugin({
    name: "log",
    drivers: { LogDriver: { startLogging: () => {}, stopLogging: () => {}, readLogs } },
  });
}

/** A source that tells when its reader made it stop. */
function source(pull: (call: Call) => AsyncGenerator<Uint8Array>): { readLogs: ReadLogs; stopped: Promise<unknown> } {
  const { promise: stopped, resolve } = Promise.withResolvers<unknown>();
  const readLogs: ReadLogs = async function* (_, call) {
    try {
      yield* pull(call);
    } finally {
      resolve(call.signal.reason);
    }
  };
  return { readLogs, stopped };
}

test("a stream arrives piece by piece, as its driver yields it", async () => {
  const steps = [Promise.withResolvers<void>(), Promise.withResolvers<void>()] as const;
  const plugin = logPlugin(async function* () {
    yield Buffer.from("one\n");
    await steps[0].promise;
    yield Buffer.from("two\n");
    await steps[1].promise;
  });
  await using served = await serveForTest(plugin);
  await using client = await served.connect();
  client.call("LogDriver.ReadLogs", request);
  await client.text((text) => text.endsWith("one\n\r\n"));
  steps[0].resolve();
  await client.text((text) => text.endsWith("two\n\r\n"));
  steps[1].resolve();
  const answer = await client.answer();
  assert.equal(answer.status, 200);
  assert.equal(answer.body, "one\ntwo\n");
  assert.equal((await client.call("LogDriver.StopLogging", { File: "/x" }).answer()).status, 200);
});

test("the head of a stream does not wait for its first byte", async () => {
  const { readLogs, stopped } = source(async function* ({ signal }) {
    await aborted(signal);
    yield Buffer.from("never");
  });
  await using served = await serveForTest(logPlugin(readLogs));
  {
    await using client = await served.connect();
    const head = await client.call("LogDriver.ReadLogs", request).text((text) => text.includes("\r\n\r\n"));
    assert.match(head, /^HTTP\/1\.1 200 OK\r\n/);
    assert.ok(head.endsWith("\r\n\r\n"));
  }
  assert.match(String(await soon(stopped)), /hung up/);
});

test("a stream that fails before its first byte is answered with 500 and Err", async () => {
  const failing: readonly ReadLogs[] = [
    () => {
      throw new Error("no log");
    },
    async () => {
      throw new Error("no log");
    },
    // oxlint-disable-next-line require-yield
    async function* () {
      throw new Error("no log");
    },
    async function* () {
      await readFile("/nonexistent").catch(() => {});
      yield assert.fail("no log");
    },
  ];
  for (const readLogs of failing) {
    await using served = await serveForTest(logPlugin(readLogs));
    const { status, body } = await served.call("LogDriver.ReadLogs", request);
    assert.deepEqual([status, body], [500, '{"Err":"no log"}']);
  }
});

test("a driver that answers something else than a stream has failed", async () => {
  for (const returned of [undefined, {}, Buffer.from("x"), ["x"]]) {
    await using served = await serveForTest(logPlugin(() => returned as never));
    const { status, body } = await served.call("LogDriver.ReadLogs", request);
    assert.equal(status, 500);
    assert.match(body, /async iterable of bytes/);
  }
});

test("a stream that fails after its first byte is cut, not ended", async () => {
  const plugin = logPlugin(async function* () {
    yield Buffer.from("one\n");
    throw new Error("disk broke");
  });
  await using served = await serveForTest(plugin);
  await using client = await served.connect();
  const text = await client.call("LogDriver.ReadLogs", request).text();
  assert.match(text, /one\n\r\n$/);
  assert.doesNotMatch(text, /\r\n0\r\n/);
});

test("a stream of something else than bytes is cut", async () => {
  const plugin = logPlugin(async function* () {
    yield Buffer.from("one\n");
    yield "two\n" as never;
  });
  await using served = await serveForTest(plugin);
  await using client = await served.connect();
  assert.doesNotMatch(await client.call("LogDriver.ReadLogs", request).text(), /two|\r\n0\r\n/);
});

test("a reader that leaves ends the driver's generator, even one that waits", async () => {
  const { readLogs, stopped } = source(async function* ({ signal }) {
    yield Buffer.from("one\n");
    await aborted(signal);
  });
  await using served = await serveForTest(logPlugin(readLogs));
  {
    await using client = await served.connect();
    await client.call("LogDriver.ReadLogs", request).text((text) => text.includes("one"));
  }
  await soon(stopped);
});

test("a driver is not asked for more than its reader takes", async () => {
  let yielded = 0;
  const { readLogs, stopped } = source(async function* () {
    while (yielded < 1000) {
      yielded++;
      yield Buffer.alloc(64 * 1024);
    }
  });
  await using served = await serveForTest(logPlugin(readLogs));
  {
    await using client = await served.connect();
    client.socket.pause();
    client.call("LogDriver.ReadLogs", request);
    await unchanged(() => yielded);
    assert.ok(yielded < 100, `${yielded} pieces of 64 KiB`);
  }
  await soon(stopped);
});

test("a stream has no deadline, and ends when the plugin stops", async () => {
  let deadline = 0;
  const { readLogs, stopped } = source(async function* (call) {
    deadline = call.deadline;
    yield Buffer.from("one\n");
    await aborted(call.signal);
  });
  await using served = await serveForTest(logPlugin(readLogs), { callTimeoutMs: 20 });
  await using client = await served.connect();
  await client.call("LogDriver.ReadLogs", request).text((text) => text.includes("one"));
  assert.equal(deadline, Infinity);
  await served.serving[Symbol.asyncDispose]();
  assert.match(String(await soon(stopped)), /stopping/);
  assert.doesNotMatch(await client.text(), /\r\n0\r\n/);
});

test("a stream's end is reported with its bytes", async () => {
  const records: [number, unknown][] = [];
  const plugin = logPlugin(async function* () {
    yield Buffer.from("one\n");
    yield Buffer.from("two\n");
  });
  const hooks = {
    onCallEnd: (record: { answerBytes: number; error?: unknown }) =>
      void records.push([record.answerBytes, record.error]),
  };
  await using served = await serveForTest(plugin, { hooks });
  await served.call("LogDriver.ReadLogs", request);
  assert.deepEqual(records, [[8, undefined]]);
});

/** Resolves when a counter has begun to count, and stopped. */
async function unchanged(count: () => number): Promise<void> {
  for (let before = 0; before === 0 || count() !== before;) {
    before = count();
    await sleep(20);
  }
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => signal.addEventListener("abort", () => resolve()));
}
