// What can be done with volumes beside the engine's calls.
import assert from "node:assert/strict";
import { mkdir, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { createWithFile, gate, names, openStage, until, type Stage } from "../test/stage.ts";
import type { VolumeEvent } from "./index.ts";

test("a snapshot keeps the data, is restored, shown, and removed", async () => {
  await using stage = await openStage();
  const { volumes } = stage;
  await createWithFile(stage, "data");
  const made = await volumes.snapshot("data", "before");
  assert.deepEqual(volumes.snapshots("data"), [made]);
  await write(stage, "data", "changed");
  await volumes.restore("data", "before");
  assert.equal(await read(stage, "data"), "data");
  {
    await using opened = await volumes.openSnapshot("data", "before");
    assert.equal(await readFile(join(opened.path, "file"), "utf8"), "data");
    await assert.rejects(volumes.removeSnapshot("data", "before"), /is being read; try again when that is over/);
    await assert.rejects(volumes.remove("data"), /is being read/);
  }
  await volumes.removeSnapshot("data", "before");
  assert.deepEqual(volumes.snapshots("data"), []);
  await assert.rejects(volumes.restore("data", "before"), /volume data has no snapshot before; it has none/);
});

test("snapshots without a name are called after the time, and never alike", async () => {
  await using stage = await openStage();
  await createWithFile(stage, "data");
  const made = [await stage.volumes.snapshot("data"), await stage.volumes.snapshot("data")];
  for (const { name } of made) assert.match(name, /^\d{8}T\d{6}Z(-2)?$/);
  assert.equal(new Set(made.map(({ name }) => name)).size, 2);
  await assert.rejects(stage.volumes.snapshot("data", made[0]?.name), { name: "RequestError", message: /already/ });
  await assert.rejects(stage.volumes.snapshot("data", "../x"), /snapshot name "\.\.\/x" is not allowed/);
});

test("a snapshot that fails leaves none, and the volume as it was", async () => {
  await using stage = await openStage();
  await createWithFile(stage, "data");
  stage.backend.before = (work) => (work === "snapshot" ? Promise.reject(new Error("no room")) : undefined);
  await assert.rejects(stage.volumes.snapshot("data", "a"), /volume data could not get snapshot a: no room/);
  assert.deepEqual(stage.volumes.snapshots("data"), []);
  assert.equal(stage.backend.done.at(-1), "dropSnapshot data");
  assert.equal(await read(stage, "data"), "data");
});

test("a volume in use is not restored, and the holder is named", async () => {
  await using stage = await openStage();
  await createWithFile(stage, "data");
  await stage.volumes.snapshot("data", "a");
  await stage.driver.mount({ Name: "data", ID: "container" });
  await assert.rejects(stage.volumes.restore("data", "a"), /in use \(mounted as container\)/);
});

test("a clone has the source's data and options, by the verb and by docker volume create", async () => {
  await using stage = await openStage();
  await stage.driver.create({ Name: "data", Opts: { size: "1MiB", labels: "a=b" } });
  await write(stage, "data", "source");
  await stage.volumes.snapshot("data", "point");
  await write(stage, "data", "later");
  const clone = await stage.volumes.clone({ volume: "data", options: { labels: "c=d" } }, "copy");
  assert.deepEqual([clone.sizeBytes, clone.labels, clone.from], [2 ** 20, { c: "d" }, "data"]);
  await stage.driver.create({ Name: "old", Opts: { from: "data@point" } });
  await stage.driver.create({ Name: "old", Opts: { from: "data@point" } });
  assert.deepEqual([await read(stage, "copy"), await read(stage, "old")], ["later", "source"]);
  await assert.rejects(stage.volumes.clone({ volume: "data" }, "copy"), /volume copy is there already/);
  await assert.rejects(
    async () => stage.driver.create({ Name: "x", Opts: { from: "none" } }),
    /no such volume: "none"/,
  );
  await assert.rejects(async () => stage.driver.create({ Name: "x", Opts: { from: "data@no" } }), /no snapshot no/);
  assert.deepEqual(await names(stage), ["copy", "data", "old"]);
});

test("two volumes that are to be each other's clones are both refused, and nothing hangs", async () => {
  await using stage = await openStage();
  const made = await Promise.allSettled([
    stage.driver.create({ Name: "a", Opts: { from: "b" } }),
    stage.driver.create({ Name: "b", Opts: { from: "a" } }),
  ]);
  assert.deepEqual(
    made.map(({ status }) => status),
    ["rejected", "rejected"],
  );
  assert.deepEqual(await names(stage), []);
});

test("a source is not removed while it is cloned, and other volumes are used meanwhile", async () => {
  await using stage = await openStage();
  await createWithFile(stage, "data");
  await createWithFile(stage, "other");
  const cloning = gate();
  stage.backend.before = (work) => (work === "clone" ? cloning.passed : undefined);
  const clone = stage.volumes.clone({ volume: "data" }, "copy");
  await until("it is being cloned", () => stage.backend.done.includes("clone copy"));
  const removed = stage.volumes.remove("data");
  await stage.driver.mount({ Name: "other", ID: "a" });
  assert.deepEqual(await names(stage), ["data", "other"]);
  cloning.open();
  await clone;
  await removed;
  assert.equal(await read(stage, "copy"), "data");
});

test("a size is changed and shown, also after a restart, and a second Create may name the first one", async () => {
  await using stage = await openStage();
  await stage.driver.create({ Name: "data", Opts: { size: "1MiB" } });
  assert.equal((await stage.volumes.resize("data", 2 ** 21)).sizeBytes, 2 ** 21);
  await stage.restart();
  assert.equal(stage.volumes.inspect("data").sizeBytes, 2 ** 21);
  await stage.driver.create({ Name: "data", Opts: { size: "1MiB" } });
  for (const size of [0, -1, 1.5, Number.NaN]) await assert.rejects(stage.volumes.resize("data", size), /is none/);
});

test("a size that the backend cannot give is answered, and the old one stays", async () => {
  await using stage = await openStage();
  await stage.driver.create({ Name: "data", Opts: { size: "1MiB" } });
  stage.backend.before = (work) => (work === "resize" ? Promise.reject(new Error("disk is full")) : undefined);
  await assert.rejects(stage.volumes.resize("data", 2 ** 40), /could not be made 1099511627776 bytes large.*full/);
  assert.equal(stage.volumes.inspect("data").sizeBytes, 2 ** 20);
  assert.equal(stage.volumes.inspect("data").state, "degraded");
});

for (const policy of ["trash", "keep"] as const) {
  test(`with on-remove=${policy} a removed volume can be brought back, and its name is free at once`, async () => {
    await using stage = await openStage();
    await stage.driver.create({ Name: "data", Opts: { "on-remove": policy } });
    await write(stage, "data", "first");
    await stage.driver.remove({ Name: "data" });
    assert.deepEqual(await names(stage), []);
    await stage.driver.create({ Name: "data" });
    await write(stage, "data", "second");
    await stage.restart();
    const [removed] = stage.volumes.removed();
    assert.ok(removed);
    assert.equal(removed.until === undefined, policy === "keep");
    await assert.rejects(stage.volumes.bringBack(removed.id), /volume data is there already; .*another name/);
    await stage.volumes.bringBack(removed.id, { name: "again" });
    assert.deepEqual([await read(stage, "again"), await read(stage, "data")], ["first", "second"]);
    assert.deepEqual(stage.volumes.removed(), []);
    assert.deepEqual(await stage.volumes.check(), []);
  });
}

test("what is in the trash is deleted when its time has come, and on demand", async () => {
  await using stage = await openStage({ trashKeepMs: 1, upkeepMs: 5 });
  await stage.driver.create({ Name: "data", Opts: { "on-remove": "trash" } });
  await stage.driver.create({ Name: "kept", Opts: { "on-remove": "keep" } });
  await stage.driver.remove({ Name: "data" });
  await stage.driver.remove({ Name: "kept" });
  await until("it is deleted", () => stage.volumes.removed().length === 1);
  const [kept] = stage.volumes.removed();
  assert.equal(kept?.name, "kept");
  await stage.volumes.purge(kept.id);
  assert.deepEqual([stage.volumes.removed(), await readdir(join(stage.root, "volumes"))], [[], []]);
  await assert.rejects(stage.volumes.purge(kept.id), /no removed volume has the id/);
});

test("scheduled snapshots are made when they are due, and the oldest beyond snap-keep go", async () => {
  await using stage = await openScheduled();
  const first = await stage.untilSnapshots(1);
  stage.advance(hour);
  const second = await stage.untilSnapshots(2);
  assert.equal(second[0], first[0]);
  await stage.volumes.snapshot("data", "by-hand");
  stage.advance(hour);
  const third = await stage.untilSnapshots(3, (names) => !names.includes(first[0] ?? ""));
  assert.deepEqual(third.slice(0, 2), [second[1], "by-hand"]);
});

test("a clock that jumps back or forth makes one snapshot each time, and deletes nothing early", async () => {
  await using stage = await openScheduled();
  await stage.driver.create({ Name: "gone", Opts: { "on-remove": "trash" } });
  await stage.driver.remove({ Name: "gone" });
  const before = await stage.untilSnapshots(1);
  stage.advance(-1000 * hour);
  const back = await stage.untilSnapshots(2);
  await stage.rounds(5);
  assert.deepEqual(stage.snapshotNames(), back);
  assert.ok(back.includes(before[0] ?? ""));
  stage.advance(1006 * hour);
  const forth = await stage.untilSnapshots(2, (names) => names.join() !== back.join());
  await stage.rounds(5);
  assert.deepEqual(stage.snapshotNames(), forth);
  assert.equal(forth[0], back[1], "the one made last before stays");
  assert.equal(stage.volumes.removed().length, 1, "its seven days are not over");
});

test("a volume whose snapshot hangs keeps no other one's from being made", async () => {
  await using stage = await openStage({ upkeepMs: 5 });
  const held = gate();
  // Also where the test fails, for closing waits for what is under way.
  using _opened = { [Symbol.dispose]: held.open };
  stage.backend.before = (work, volume) => (work === "snapshot" && volume === "hung" ? held.passed : undefined);
  for (const Name of ["hung", "well"]) await stage.driver.create({ Name, Opts: { "snap-schedule": "1h" } });
  await until("the other has one", () => stage.volumes.snapshots("well").length === 1);
  assert.deepEqual(stage.volumes.snapshots("hung"), []);
  held.open();
  await until("it has one, too", () => stage.volumes.snapshots("hung").length === 1);
});

const hour = 3_600_000;

/** A volume with a snapshot each hour, of which two stay, and a clock of its own. */
async function openScheduled() {
  let now = Date.now();
  // Each round of upkeep looks at the clock.
  let looks = 0;
  const clock = (): number => {
    looks++;
    return now;
  };
  const stage = await openStage({ upkeepMs: 2, now: clock });
  await stage.driver.create({ Name: "data", Opts: { "snap-schedule": "1h", "snap-keep": "2" } });
  const snapshotNames = (): string[] => stage.volumes.snapshots("data").map(({ name }) => name);
  return {
    driver: stage.driver,
    volumes: stage.volumes,
    snapshotNames,
    advance: (by: number): void => void (now += by),
    async untilSnapshots(count: number, also: (names: string[]) => boolean = () => true): Promise<string[]> {
      await until(`${count} snapshots`, () => snapshotNames().length === count && also(snapshotNames()));
      return snapshotNames();
    },
    async rounds(count: number): Promise<void> {
      const from = looks;
      await until(`${count} rounds`, () => looks >= from + 2 * count);
    },
    [Symbol.asyncDispose]: () => stage[Symbol.asyncDispose](),
  };
}

test("a volume whose folder goes away while it is mounted is called lost, and ready when it is back", async () => {
  await using stage = await openStage({ upkeepMs: 5 });
  await stage.driver.create({ Name: "data" });
  const { Mountpoint } = await stage.driver.mount({ Name: "data", ID: "a" });
  await rm(Mountpoint, { recursive: true });
  await until("it is lost", () => stage.volumes.inspect("data").state === "lost");
  assert.match(stage.volumes.inspect("data").reason ?? "", /is not there any more/);
  await mkdir(Mountpoint);
  await until("it is well", () => stage.volumes.inspect("data").state === "mounted");
});

test("a holder that will never unmount is released", async () => {
  await using stage = await openStage();
  await stage.driver.create({ Name: "data" });
  for (let i = 0; i < 2; i++) await stage.driver.mount({ Name: "data", ID: "gone" });
  await assert.rejects(stage.volumes.release("data", "other"), /not held by "other"/);
  await stage.volumes.release("data", "gone");
  assert.deepEqual(stage.volumes.inspect("data").holders, []);
  assert.ok(!stage.backend.attached.has("data"));
});

test("events tell what begins and how it ends, until the reader leaves", async () => {
  await using stage = await openStage();
  const stop = new AbortController();
  const events = stage.volumes.events({ signal: stop.signal });
  await stage.driver.create({ Name: "data" });
  await stage.volumes.snapshot("data", "a");
  stage.backend.before = (work) => (work === "attach" ? Promise.reject(new Error("no")) : undefined);
  await assert.rejects(stage.driver.mount({ Name: "data", ID: "a" }));
  stop.abort();
  const seen: VolumeEvent[] = [];
  for await (const event of events) seen.push(event);
  assert.deepEqual(
    seen.map(({ volume, action, outcome, snapshot }) => [volume, action, outcome, snapshot ?? ""].join(" ").trim()),
    [
      "data create begun",
      "data create done",
      "data snapshot begun a",
      "data snapshot done a",
      "data mount begun",
      "data mount failed",
    ],
  );
});

test("check finds what is missing, what is unknown and what is wrong, and gc takes the unknown away", async () => {
  await using stage = await openStage();
  for (const name of ["gone", "lost", "wrong", "well"]) await createWithFile(stage, name);
  assert.deepEqual(await stage.volumes.check(), []);
  const folder = async (name: string): Promise<string> => {
    const found = (await readdir(join(stage.root, "volumes"))).find((entry) => entry.startsWith(`${name}-`));
    return join(stage.root, "volumes", found ?? "");
  };
  await rm(await folder("gone"), { recursive: true });
  await writeFile(join(await folder("wrong"), "volume.json"), "no JSON");
  await mkdir(join(stage.root, "volumes", "stray", "data"), { recursive: true });
  await writeFile(join(stage.root, "volumes", "stray", "data", "file"), "of somebody");
  await writeFile(join(stage.root, "volumes", "note"), "no folder");
  const found = await stage.volumes.check();
  assert.deepEqual(found.map(({ kind, volume = "" }) => `${kind}: ${volume}`).sort(), [
    "folder missing: gone",
    "folder unknown: ",
    "folder unknown: ",
    "label wrong: wrong",
  ]);
  const listed = await stage.volumes.gc();
  assert.ok(listed.length === 2 && listed.every(({ kind, done }) => kind === "folder unknown" && !done));
  const applied = await stage.volumes.gc({ apply: true });
  assert.equal(applied.filter(({ done }) => done).length, 1);
  assert.match(applied.find(({ done }) => !done)?.remedy ?? "", /note is no folder.*move it elsewhere/);
  assert.equal((await stage.volumes.gc()).length, 1);
});

test("a folder without a label that gc takes away can be brought back until its time has come", async () => {
  let now = Date.now();
  await using stage = await openStage({ now: () => now, upkeepMs: 5 });
  const folder = join(stage.root, "volumes", "stray");
  await mkdir(join(folder, "data"), { recursive: true });
  await writeFile(join(folder, "data", "file"), "of somebody");
  await stage.volumes.gc({ apply: true });
  await stage.volumes.bringBack("stray", { name: "found" });
  assert.equal(await read(stage, "found"), "of somebody");
  await stage.volumes.remove("found", { policy: "trash" });
  now += 8 * 86_400_000;
  await until("it is deleted", async () => (await readdir(join(stage.root, "volumes"))).length === 0);
});

test("a removed volume whose bringing back was cut short stays removed when the state file is lost later", async () => {
  let dead = false;
  const onStep = (step: string): void => {
    if (step !== "bring back: labelled" || dead) return;
    dead = true;
    throw new Error("cut short");
  };
  await using stage = await openStage({ onStep });
  await createWithFile(stage, "data");
  await stage.volumes.remove("data", { policy: "trash" });
  const [removed] = stage.volumes.removed();
  assert.ok(removed);
  await assert.rejects(stage.volumes.bringBack(removed.id), /cut short/);
  await stage.volumes[Symbol.asyncDispose]();
  for (const file of ["state.db", "state.db.good"]) await rm(join(stage.root, file));
  await stage.restart();
  assert.deepEqual([await names(stage), stage.volumes.removed().map(({ name }) => name)], [[], ["data"]]);
});

for (const [damage, spoil] of Object.entries({
  damaged: (file: string) => writeFile(file, "x".repeat(8192)),
  "damaged, with its copy,": async (file: string) => {
    await writeFile(file, "x".repeat(8192));
    await writeFile(`${file}.good`, "x".repeat(8192));
  },
  deleted: (file: string) => rm(file),
})) {
  test(`a state file that was ${damage} costs no volume, no snapshot, no size and no data`, async () => {
    await using stage = await openStage();
    await createWithFile(stage, "early");
    await stage.restart();
    await stage.driver.create({ Name: "late", Opts: { size: "1MiB", "on-remove": "trash" } });
    await write(stage, "late", "late");
    await stage.volumes.snapshot("late", "point");
    await stage.volumes.resize("late", 2 ** 21);
    await stage.driver.create({ Name: "trashed", Opts: { "on-remove": "trash" } });
    await stage.driver.remove({ Name: "trashed" });
    await createWithFile(stage, "removed");
    await stage.driver.remove({ Name: "removed" });
    await stage.volumes[Symbol.asyncDispose]();
    await spoil(join(stage.root, "state.db"));
    await stage.restart();
    await stage.volumes.recovered;
    assert.deepEqual(await names(stage), ["early", "late"]);
    assert.deepEqual([await read(stage, "early"), await read(stage, "late")], ["early", "late"]);
    const { sizeBytes, snapshots, state } = stage.volumes.inspect("late");
    assert.deepEqual([sizeBytes, snapshots.map(({ name }) => name), state], [2 ** 21, ["point"], "ready"]);
    assert.deepEqual(
      stage.volumes.removed().map(({ name }) => name),
      ["trashed"],
    );
    assert.deepEqual(await stage.volumes.check(), []);
  });
}

async function write(stage: Stage, name: string, text: string): Promise<void> {
  await using opened = await stage.volumes.openVolume(name);
  await writeFile(join(opened.path, "file"), text);
}

async function read(stage: Stage, name: string): Promise<string> {
  await using opened = await stage.volumes.openVolume(name);
  return await readFile(join(opened.path, "file"), "utf8");
}
