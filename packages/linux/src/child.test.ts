import assert from "node:assert/strict";
import { test } from "node:test";
import { startChild } from "./child.ts";

test("disposing ends a child and what it started, also when SIGTERM is ignored", async () => {
  const child = await startChild(["sh", "-c", "trap '' TERM; sleep 1002 & echo ready; wait"], { graceMs: 200 });
  await until(() => child.output().includes("ready"));
  await child[Symbol.asyncDispose]();
  assert.deepEqual(await child.ended, { code: null, signal: "SIGKILL" });
  await until(() => !groupExists(child.pid));
});

test("a child's output is kept and handed on, its input written", async () => {
  const chunks: Buffer[] = [];
  await using child = await startChild(["cat"], { onOutput: (chunk) => chunks.push(chunk) });
  child.stdin.end("line\n");
  assert.deepEqual(await child.ended, { code: 0, signal: null });
  assert.equal(child.output(), "line\n");
  assert.equal(Buffer.concat(chunks).toString(), "line\n");
});

test("a child that cannot start is named", async () => {
  await assert.rejects(startChild(["outrigger-no-such-command"]), /outrigger-no-such-command could not be started/);
});

function groupExists(pid: number): boolean {
  try {
    return process.kill(-pid, 0);
  } catch {
    return false;
  }
}

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setImmediate(resolve));
}
