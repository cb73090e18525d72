// Who gets the socket, of several that start at once.
import assert from "node:assert/strict";
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { serve } from "../src/serve.ts";
import { ServeError } from "../src/serve-error.ts";
import { leaveDeadSocket } from "./dead-socket.ts";
import { temporaryFolder, volumePlugin } from "./fixture.ts";
import { startProcess } from "./process.ts";
import { RawClient } from "./raw-client.ts";

test("of several that start at the same instant on a dead socket, exactly one serves", async () => {
  for (let round = 0; round < 20; round++) {
    await using folder = await temporaryFolder();
    const path = join(folder.path, "a.sock");
    if (round % 2 === 0) await leaveDeadSocket(path);
    const results = await Promise.allSettled(
      Array.from({ length: 8 }, () => serve(volumePlugin(), { listen: { unix: path } })),
    );
    const winners = results.flatMap((result) => (result.status === "fulfilled" ? [result.value] : []));
    await using stack = new AsyncDisposableStack();
    for (const winner of winners) stack.use(winner);
    const errors = results.flatMap((result) => (result.status === "rejected" ? [result.reason as unknown] : []));
    assert.equal(winners.length, 1);
    for (const error of errors) {
      assert.ok(error instanceof ServeError && error.code === "address-in-use", String(error));
      assert.match(error.message, /another process|already serves/);
    }
    assert.deepEqual(await readdir(folder.path), ["a.sock"]);
    await using client = await RawClient.connect(winners[0]?.addresses[0] ?? "");
    assert.equal((await client.call("VolumeDriver.List", {}).answer()).status, 200);
    await winners[0]?.[Symbol.asyncDispose]();
    assert.deepEqual(await readdir(folder.path), []);
  }
});

test("of several processes that start at the same instant on a dead socket, exactly one serves", async () => {
  await using folder = await temporaryFolder();
  const path = join(folder.path, "a.sock");
  await leaveDeadSocket(path);
  const starting = Array.from({ length: 4 }, () => startProcess({ serve: { listen: { unix: path } } }));
  const results = await Promise.allSettled(starting);
  await using processes = new AsyncDisposableStack();
  const winners = results.flatMap((result) => (result.status === "fulfilled" ? [processes.use(result.value)] : []));
  assert.equal(winners.length, 1);
  for (const result of results) {
    if (result.status === "rejected")
      assert.match(String(result.reason), /another process is about to|a process already serves/);
  }
  await using client = await RawClient.connect(`unix://${path}`);
  assert.equal((await client.call("VolumeDriver.List", {}).answer()).status, 200);
  assert.deepEqual(await readdir(folder.path), ["a.sock"]);
});
