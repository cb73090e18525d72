import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { utimes } from "node:fs/promises";
import { test } from "node:test";
import { outrigger } from "./command.ts";
import { leaveSocket, scratch } from "./scratch.ts";
import { serveShelf } from "./served.ts";

test("a machine on which nothing is wrong is told in a line, with exit code 0", async () => {
  await using place = await scratch();
  await using _one = await serveShelf(place, "one");
  const { status, stdout, stderr } = await outrigger(["doctor", "--deadline", "20000", ...place.flags]);
  assert.equal(stderr, "");
  assert.equal(stdout, "nothing wrong; 1 plugin file, engine: no engine uses these folders\n");
  assert.equal(status, 0);
});

test("a finding is told with what it costs and the remedy, and exit code 1; --fix mends it and says so", async () => {
  await using place = await scratch();
  const dead = `${place.plugins}/dead.sock`;
  await leaveSocket(dead);
  const before = await outrigger(["doctor", ...place.flags]);
  assert.equal(before.status, 1);
  assert.match(before.stdout, /^error {2}dead-socket {2}\S+dead\.sock$/m);
  assert.match(before.stdout, /^ {2}cost {4}every `docker volume ls`.*15 s/m);
  assert.match(before.stdout, /^ {2}remedy {2}start the plugin again, or remove what it left: rm /m);
  assert.match(before.stdout, /^1 error; 1 plugin file/m);

  const minuteAgo = Date.now() / 1000 - 60;
  await utimes(dead, minuteAgo, minuteAgo);
  const fixing = await outrigger(["doctor", "--fix", ...place.flags]);
  assert.match(
    fixing.stdout,
    /^fixed {2}\S+dead\.sock: removed; nothing listened on it\nnothing wrong; 0 plugin files/,
  );
  assert.equal(fixing.status, 0);
  assert.equal(existsSync(dead), false);
});

test("--json keeps its shape", async () => {
  await using place = await scratch();
  await leaveSocket(`${place.plugins}/dead.sock`);
  const { status, stdout } = await outrigger(["doctor", "--json", "--fix", ...place.flags]);
  const report = JSON.parse(stdout) as { findings: object[]; repairs: object[] };
  assert.deepEqual(Object.keys(report).sort(), ["engine", "findings", "plugins", "repairs"]);
  assert.deepEqual(Object.keys(report.findings[0] ?? {}), [
    "id",
    "severity",
    "object",
    "what",
    "owner",
    "cost",
    "remedy",
  ]);
  // Just made, so it may belong to a plugin that is starting.
  assert.partialDeepStrictEqual(report.repairs, [{ object: `${place.plugins}/dead.sock`, done: false }]);
  assert.equal(status, 1);
});

test("a named folder that is not there is told by name, with exit code 3", async () => {
  for (const flag of ["--root", "--state-dir"]) {
    const { status, stderr } = await outrigger(["doctor", flag, "/nonexistent/folder"]);
    assert.equal(status, 3, flag);
    assert.equal(stderr, "outrigger: no such folder: /nonexistent/folder; make it, or name another\n");
  }
});
