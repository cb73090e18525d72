// A trace that is ended at any instant and in any way: the plugin has its place.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { lstatSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { text as readAll } from "node:stream/consumers";
import { test } from "node:test";
import { setTimeout as wait } from "node:timers/promises";
import { connect } from "@outrigger/engine";
import { startOutrigger } from "./command.ts";
import { scratch, type Scratch } from "./scratch.ts";
import { serveShelf } from "./served.ts";

for (const signal of ["SIGTERM", "SIGINT", "SIGHUP"] as const) {
  test(`${signal} at any instant of a trace's start leaves the plugin in its place`, async () => {
    await using place = await scratch();
    await using _shelf = await serveShelf(place, "mine");
    const own = inode(place);
    let taken = 0;
    for (let delay = 60; delay <= 600; delay += 60) {
      await using trace = startOutrigger(["trace", ...place.flags, "mine"]);
      await wait(delay);
      if (inode(place) !== own) taken++;
      await trace.stop(signal);
      assert.equal(inode(place), own);
      assert.deepEqual(readdirSync(place.plugins), ["mine.sock"], `after ${delay} ms`);
    }
    // Until one of them is known to have been ended at work.
    for (; taken === 0;) {
      await using trace = startOutrigger(["trace", ...place.flags, "mine"]);
      while (inode(place) === own) await wait(5);
      taken++;
      await trace.stop(signal);
      assert.equal(inode(place), own);
    }
    await answers(place);
  });
}

for (const end of ["throw new Error('crash')", "process.exit(3)", "Promise.reject(new Error('crash'))"]) {
  test(`a process that ends with ${end} while it traces leaves the plugin in its place`, async () => {
    await using place = await scratch();
    await using _shelf = await serveShelf(place, "mine");
    const own = inode(place);
    const script = `
      import { statSync } from "node:fs";
      import { traceSocket } from "@outrigger/inspector";
      const [path] = process.argv.slice(-1);
      const before = statSync(path).ino;
      await traceSocket(path, { plugin: "mine", publish() {}, say() {}, redactor: undefined });
      if (statSync(path).ino !== before) console.log("taken");
      setTimeout(() => { ${end} });`;
    const file = join(import.meta.dirname, "..");
    const args = ["--input-type=module", "-e", script, join(place.plugins, "mine.sock")];
    const child = spawn(process.execPath, args, { cwd: file, stdio: ["ignore", "pipe", "ignore"] });
    const [output] = await Promise.all([readAll(child.stdout), once(child, "exit")]);
    assert.equal(output, "taken\n");
    assert.notEqual(child.exitCode, 0);
    assert.equal(inode(place), own);
    assert.deepEqual(readdirSync(place.plugins), ["mine.sock"]);
  });
}

test("kill -9 at any instant is put right by the next trace", async () => {
  await using place = await scratch();
  await using _shelf = await serveShelf(place, "mine");
  const own = inode(place);
  for (let delay = 100; delay <= 700; delay += 100) {
    await using trace = startOutrigger(["trace", ...place.flags, "mine"]);
    await wait(delay);
    await trace.stop("SIGKILL");
  }
  await using last = startOutrigger(["trace", ...place.flags, "mine"]);
  const aside = `.outrigger-trace-${last.child.pid}-mine.sock`;
  while (inode(place) === own || readdirSync(place.plugins).sort().join(" ") !== `${aside} mine.sock`) await wait(5);
  await answers(place);
  assert.equal((await last.stop()).status, 0);
  assert.equal(inode(place), own);
  assert.deepEqual(readdirSync(place.plugins), ["mine.sock"]);
});

test("a recorder that is killed leaves whole lines", async () => {
  await using place = await scratch();
  await using _shelf = await serveShelf(place, "mine");
  const file = place.path("calls.jsonl");
  await using record = startOutrigger(["record", ...place.flags, file, "mine"]);
  const own = inode(place);
  while (inode(place) === own) await wait(5);
  const calling = callOn(place).catch(() => {});
  while (readFileSync(file, "utf8").length < 20_000) await wait(5);
  await record.stop("SIGKILL");
  await calling;
  const lines = readFileSync(file, "utf8").split("\n");
  assert.equal(lines.pop(), "");
  for (const line of lines) assert.ok(JSON.parse(line));
});

test("an output that nobody reads holds up no call, and the trace ends all the same", async () => {
  await using place = await scratch();
  await using _shelf = await serveShelf(place, "mine");
  const own = inode(place);
  await using trace = startOutrigger(["trace", "--full", ...place.flags, "mine"]);
  trace.child.stdout?.pause();
  while (inode(place) === own) await wait(5);
  await using connection = await connect(`unix://${join(place.plugins, "mine.sock")}`);
  // Much more than a pipe holds.
  for (let number = 0; number < 2000; number++) await connection.send("VolumeDriver.Get", { Name: `volume-${number}` });
  await trace.stop("SIGINT");
  assert.equal(inode(place), own);
});

test("a reader that leaves ends the trace", async () => {
  await using place = await scratch();
  await using _shelf = await serveShelf(place, "mine");
  const own = inode(place);
  await using trace = startOutrigger(["trace", ...place.flags, "mine"]);
  while (inode(place) === own) await wait(5);
  trace.child.stdout?.destroy();
  while (inode(place) !== own) {
    await answers(place);
    await wait(5);
  }
});

test("in front of a plugin, calls are passed on and shown in full", async () => {
  await using place = await scratch();
  await using _shelf = await serveShelf(place, "mine");
  const front = place.path("front.sock");
  await using trace = startOutrigger(["trace", "--full", "--listen", front, ...place.flags, "mine"]);
  while (lstatSync(front, { throwIfNoEntry: false }) === undefined) await wait(5);
  await using connection = await connect(`unix://${front}`);
  await connection.send("VolumeDriver.List", {});
  await trace.line(/^ {2}answer, 14 bytes$/);
  assert.match(
    (await trace.stop()).stdout,
    / {2}request, 3 bytes\n {4}\{\}\n {2}answer, 14 bytes\n {4}\{\n {6}"Volumes": \[\]\n {4}\}/,
  );
  assert.equal(lstatSync(front, { throwIfNoEntry: false }), undefined);
});

function inode(place: Scratch): number {
  return lstatSync(join(place.plugins, "mine.sock")).ino;
}

async function answers(place: Scratch): Promise<void> {
  await using connection = await connect(`unix://${join(place.plugins, "mine.sock")}`);
  assert.equal((await connection.send("VolumeDriver.List", {})).status, 200);
}

/** Calls until it is not answered. */
async function callOn(place: Scratch): Promise<void> {
  await using connection = await connect(`unix://${join(place.plugins, "mine.sock")}`);
  for (;;) await connection.send("VolumeDriver.List", {}, { deadlineMs: 2000 });
}
