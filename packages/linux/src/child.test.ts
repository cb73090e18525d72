import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { test } from "node:test";
import { startChild } from "./child.ts";
import type { NamespacesOf } from "./namespaces.ts";

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

test("disposing ends a stopped child, and does not wait for what left its group", async () => {
  const child = await startChild(["sh", "-c", "setsid sleep 1003 & echo $!; kill -STOP $$"]);
  await until(() => child.output() !== "");
  await child[Symbol.asyncDispose]();
  process.kill(Number(child.output()), "SIGKILL");
  assert.deepEqual(await child.ended, { code: null, signal: "SIGTERM" });
});

/** Why no namespaces can be made here. On CI that is no reason to skip. */
const skip = process.getuid?.() !== 0 && process.env.CI !== "true" && "making namespaces needs root";

test(
  "a child in a PID namespace has its own id, gets signals itself and ends with its own code",
  { skip },
  async () => {
    await using holder = await holdPidNamespace();
    const script = "trap 'echo bye; exit 7' TERM; echo pid $$; while :; do sleep 0.01; done";
    await using child = await startChild(["sh", "-c", script], { within: holder });
    await until(() => child.output() !== "");
    assert.match(child.output(), /^pid [2-9]\n/);
    assert.match(await readFile(`/proc/${child.pid}/cmdline`, "utf8"), /^sh\0-c\0trap/);
    child.kill("SIGTERM");
    assert.deepEqual(await child.ended, { code: 7, signal: null });
    assert.match(child.output(), /bye/);
  },
);

test("a child in a PID namespace can be stopped, go on, and be killed while it is stopped", { skip }, async () => {
  await using holder = await holdPidNamespace();
  await using child = await startChild(["cat"], { within: holder });
  child.kill("SIGSTOP");
  await until(() => stateOf(child.pid) === "T");
  child.kill("SIGCONT");
  child.stdin.write("on");
  await until(() => child.output() === "on");
  child.kill("SIGSTOP");
  child.kill("SIGKILL");
  assert.deepEqual(await child.ended, { code: null, signal: "SIGKILL" });
});

test("a command that is not there ends with code 127 in a PID namespace", { skip }, async () => {
  await using holder = await holdPidNamespace();
  await using child = await startChild(["outrigger-no-such-command"], { within: holder });
  assert.equal((await child.ended).code, 127);
  assert.match(child.output(), /outrigger-no-such-command/);
});

async function holdPidNamespace(): Promise<NamespacesOf & AsyncDisposable> {
  const holder = await startChild(["unshare", "--pid", "--fork", "--kill-child", "sh", "-c", "echo up; exec cat"], {
    graceMs: 0,
  });
  await until(() => holder.output() !== "");
  const children = await readFile(`/proc/${holder.pid}/task/${holder.pid}/children`, "utf8");
  return {
    pid: Number(children),
    namespaces: ["pid"],
    [Symbol.asyncDispose]: () => holder[Symbol.asyncDispose](),
  };
}

/** The one letter that proc(5) has for it. */
function stateOf(pid: number): string | undefined {
  return /\) (\S)/.exec(readFileSync(`/proc/${pid}/stat`, "utf8"))?.[1];
}

function groupExists(pid: number): boolean {
  try {
    return process.kill(-pid, 0);
  } catch {
    return false;
  }
}

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setTimeout(resolve, 5));
}
