import assert from "node:assert/strict";
import { readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { connect } from "@outrigger/engine";
import { outrigger, startOutrigger } from "./command.ts";
import { refusalOf } from "./refusal.ts";
import { isTraced, leaveSocket, scratch } from "./scratch.ts";
import { serveShelf } from "./served.ts";
import { createCommand as replayCommand } from "../src/replay.ts";
import { createCommand as recordCommand } from "../src/record.ts";
import { createCommand } from "../src/trace.ts";

test("calls are shown without their secrets, and the plugin has its place back at the end", async () => {
  await using place = await scratch();
  await using _shelf = await serveShelf(place, "mine");
  const before = statSync(join(place.plugins, "mine.sock")).ino;
  await using trace = startOutrigger(["trace", ...place.flags, "mine"]);
  await until(() => statSync(join(place.plugins, "mine.sock")).ino !== before);
  await call(join(place.plugins, "mine.sock"), "VolumeDriver.Create", {
    Name: "data",
    Opts: { password: "hunter22", size: "1G" },
  });
  const line = await trace.line(/Create/);
  assert.match(
    line,
    /^\d\d:\d\d:\d\d\.\d{3} mine VolumeDriver\.Create data \{"Opts":\{"password":"\[redacted\]","size":"1G"\}\}: ok \(.* of 120 s\)$/,
  );
  await call(join(place.plugins, "mine.sock"), "VolumeDriver.Get", { Name: "nix" });
  assert.match(await trace.line(/Get/), / mine VolumeDriver\.Get nix: 500 no volume "nix"; create it first \(/);
  const { status, stderr } = await trace.stop("SIGINT");
  assert.equal(status, 0);
  assert.match(stderr, /mine: calls at .*mine\.sock are shown\nmine: .*mine\.sock is the plugin's again\n$/);
  assert.equal(statSync(join(place.plugins, "mine.sock")).ino, before);
  assert.deepEqual(readdirSync(place.plugins), ["mine.sock"]);
});

test("all live plugins are recorded, and what was recorded is replayed with its differences", async () => {
  await using place = await scratch();
  await leaveSocket(join(place.plugins, "dead.sock"));
  const file = place.path("calls.jsonl");
  await using _one = await serveShelf(place, "one");
  await using _two = await serveShelf(place, "two");
  await using record = startOutrigger(["record", "--json", ...place.flags, file]);
  await until(() => isTraced(place, "one") && isTraced(place, "two"));
  await call(join(place.plugins, "one.sock"), "VolumeDriver.Create", { Name: "data", Opts: { token: "hunter22" } });
  await call(join(place.plugins, "two.sock"), "VolumeDriver.Get", { Name: "data" });
  await call(join(place.plugins, "one.sock"), "VolumeDriver.Get", { Name: "data" });
  await until(() => readFileSync(file, "utf8").split("\n").length >= 5);
  const { status, stdout, stderr } = await record.stop("SIGTERM");
  assert.equal(status, 0, stderr);
  assert.deepEqual(JSON.parse(stdout), { file, calls: 3 });
  assert.match(stderr, /recording one, two into /);
  const text = readFileSync(file, "utf8");
  assert.doesNotMatch(text, /hunter22/);

  const replay = ["replay", "--json", ...place.flags, file, "one"];
  const same = await outrigger([...replay, "--plugin", "one"]);
  assert.equal(same.status, 0, same.stderr);
  const lines = same.stdout
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line) as { outcome?: string; summary?: unknown });
  assert.deepEqual(
    lines.map(({ outcome }) => outcome),
    ["same", "same", undefined],
  );
  assert.deepEqual(lines.at(-1)?.summary, { same: 2, different: 0, skipped: 0, redacted: 1 });

  const other = await outrigger(["replay", ...place.flags, file, "one", "--plugin", "two"]);
  assert.equal(other.status, 1);
  assert.match(other.stdout, /different 3 VolumeDriver\.Get data.*\n {2}status: 500 when recorded, now 200\n/);
  assert.match(other.stdout, /1 call replayed: 0 the same, 1 different; 0 skipped\n$/);
});

test("what cannot be traced, recorded or replayed is said, with the way out", async () => {
  await using place = await scratch();
  await leaveSocket(join(place.plugins, "dead.sock"));
  const notes = await place.write("notes", "milk\n");
  for (const [command, args, message, status] of [
    [createCommand, ["dead"], /nothing listens at .*dead\.sock; start the plugin first/, 3],
    [createCommand, ["ded"], /no plugin "ded" in .*dead/, 3],
    [createCommand, [], /no plugin listens in /, 3],
    [createCommand, ["tcp://127.0.0.1:1"], /not reached through a socket file.*--listen tcp:/, 2],
    [createCommand, ["--listen", "tcp://0.0.0.0:4001", "dead"], /0\.0\.0\.0 is open to other machines/, 2],
    [createCommand, ["--listen", "/x.sock"], /name one plugin/, 2],
    [createCommand, ["--put-back", "dead"], /leave the plugin out/, 2],
    [recordCommand, [notes, "dead"], /notes:1: is not JSON|is not the beginning of a recording/, 3],
    [recordCommand, [place.path("no/such"), "dead"], /cannot record into .*ENOENT.*; name another file/, 3],
    [replayCommand, [], /name a recording and a plugin/, 2],
    [replayCommand, [place.path("none"), "dead"], /no such file: .*; make one with outrigger record/, 3],
    [replayCommand, [notes, "dead"], /notes:1: /, 3],
  ] as const) {
    const flags = args.length === 0 && command === replayCommand ? [] : place.flags;
    const refusal = await refusalOf(command(), [...flags, ...args]);
    assert.match(refusal.message, message);
    assert.equal(refusal.status, status, refusal.message);
  }
  assert.equal(readFileSync(notes, "utf8"), "milk\n");
  assert.deepEqual(readdirSync(place.plugins), ["dead.sock"]);
});

async function call(socket: string, method: string, request: object): Promise<void> {
  await using connection = await connect(`unix://${socket}`);
  await connection.send(method, request);
}

async function until(holds: () => boolean): Promise<void> {
  const limit = performance.now() + 30_000;
  while (!holds()) {
    if (performance.now() > limit) throw new Error(`waited 30 s in vain: ${String(holds)}`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}
