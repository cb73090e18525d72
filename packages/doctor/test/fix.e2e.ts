import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { link, lstat, readdir, readFile, rename, utimes } from "node:fs/promises";
import { createConnection } from "node:net";
import { once } from "node:events";
import { join } from "node:path";
import { test } from "node:test";
import { answerAs, leaveSocket, scratch, type Scratch } from "./scratch.ts";
import type { Finding } from "../src/finding.ts";
import { fix, takeAway, type Repair } from "../src/fix.ts";

/** Tells the doctor that something is dead, whether it is or not. */
function claim(id: string, object: string): Finding {
  return { id, object, severity: "error", what: "", cost: "", remedy: "" };
}

async function repair(at: Scratch, id: string, file: string): Promise<Repair> {
  const [only, ...others] = await fix([claim(id, file)], at.here);
  assert.ok(only !== undefined && others.length === 0);
  return only;
}

async function age(file: string): Promise<void> {
  const minuteAgo = Date.now() / 1000 - 60;
  await utimes(file, minuteAgo, minuteAgo);
}

test("a dead socket is removed, and nothing else is left in the folder", async () => {
  await using at = await scratch();
  const path = join(at.plugins, "dead.sock");
  await leaveSocket(path);
  assert.deepEqual(await repair(at, "dead-socket", path), {
    object: path,
    done: true,
    what: "removed; nothing listened on it",
  });
  assert.equal(existsSync(path), false);
});

test("a socket that somebody listens on, that is young, or that is no socket stays", async () => {
  await using at = await scratch();
  const live = join(at.plugins, "live.sock");
  await at.listen(live, answerAs("VolumeDriver"));
  await age(live);
  const young = join(at.plugins, "young.sock");
  await leaveSocket(young);
  await utimes(young, new Date(), new Date());
  const file = await at.write("run/docker/plugins/file.sock", "");
  await age(file);
  const repairs = await fix(
    [live, young, file].map((path) => claim("dead-socket", path)),
    at.here,
  );
  const reasons = [/a process has it bound|something listens/, /less than 10 s ago/, /not a socket/];
  for (const [index, reason] of reasons.entries()) {
    assert.equal(repairs[index]?.done, false);
    assert.match(repairs[index].what, reason);
  }
  for (const path of [live, young, file]) assert.ok(existsSync(path), path);
});

test("a plugin that takes a dead socket's place between the two looks keeps it", async () => {
  await using at = await scratch();
  const path = join(at.plugins, "reborn.sock");
  await leaveSocket(path);
  const repairing = repair(at, "dead-socket", path);
  // A plugin of ours replaces the file in one step; this is the same with two.
  const next = `${path}.next`;
  await at.listen(next, answerAs("VolumeDriver"));
  await rename(next, path);
  const { done } = await repairing;
  assert.equal(done, false);
  assert.ok(existsSync(path));
});

test("a socket that is another file than the one that was looked at is put back, and goes on listening", async () => {
  await using at = await scratch();
  const path = join(at.plugins, "new.sock");
  await at.listen(path, answerAs("VolumeDriver"));
  const { dev, ino } = await lstat(path, { bigint: true });
  const isDone = async (): Promise<boolean> => true;
  assert.equal(await takeAway(path, { file: { dev, ino: ino + 1n }, isDone }), false);
  assert.equal(await takeAway(path, { file: { dev, ino }, isDone: async () => false }), false, "for it listens");
  assert.deepEqual(await readdir(at.plugins), ["new.sock"]);
  const connection = createConnection(path);
  await once(connection, "connect");
  connection.destroy();
});

test("a socket whose plugin stopped listening and still has a connection stays", async () => {
  await using at = await scratch();
  const path = join(at.plugins, "draining.sock");
  const server = await at.listen(path, answerAs("VolumeDriver"));
  const connection = createConnection(path);
  await once(server, "connection");
  // Closing removes the file under the name that it was made with.
  await link(path, `${path}.kept`);
  server.close();
  await rename(`${path}.kept`, path);
  await age(path);
  const { done, what } = await repair(at, "dead-socket", path);
  assert.equal(done, false);
  assert.match(what, /still connected/);
  connection.destroy();
});

test("a .spec file that leads nowhere is set aside with its text, and not over another one", async () => {
  await using at = await scratch();
  const text = `unix://${at.path("run/none.sock")}\n`;
  const file = await at.write("etc/docker/plugins/gone.spec", text);
  const taken = await at.write("etc/docker/plugins/taken.spec", "tcp://127.0.0.1:1\n");
  await at.write("etc/docker/plugins/taken.spec.unused", "mine");
  for (const one of [file, taken]) await age(one);
  const [moved, refused] = await fix([claim("dead-address", file), claim("dead-address", taken)], at.here);
  assert.equal(moved?.done, true);
  assert.equal(await readFile(`${file}.unused`, "utf8"), text);
  assert.equal(existsSync(file), false);
  assert.equal(refused?.done, false);
  assert.ok(existsSync(taken));
  assert.equal(await readFile(`${taken}.unused`, "utf8"), "mine");
  assert.deepEqual(
    (await readdir(at.specs)).filter((name) => name.startsWith(".")),
    [],
  );
});

test("a .spec file of a package, of another machine, or of a plugin that is back stays", async () => {
  await using at = await scratch();
  await at.listen(at.path("run/back.sock"), answerAs("VolumeDriver"));
  const files = [
    await at.write("usr/lib/docker/plugins/packaged.spec", `unix://${at.path("run/none.sock")}`),
    await at.write("etc/docker/plugins/far.spec", "tcp://192.0.2.1:4000"),
    await at.write("etc/docker/plugins/back.spec", `unix://${at.path("run/back.sock")}`),
  ];
  for (const file of files) await age(file);
  const repairs = await fix(
    files.map((file) => claim("dead-address", file)),
    at.here,
  );
  assert.deepEqual(
    repairs.map(({ done }) => done),
    [false, false, false],
  );
  for (const file of files) assert.ok(existsSync(file), file);
});

test("findings of other kinds are not touched", async () => {
  await using at = await scratch();
  const file = await at.write("run/docker/plugins/file", "");
  assert.deepEqual(await fix([claim("open-socket", file), claim("stolen-socket", file)], at.here), []);
});
