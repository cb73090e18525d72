import assert from "node:assert/strict";
import { mkdir, readdir, readFile, rename, stat, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { DriverError, RequestError } from "@outrigger/protocol";
import { call, createWithFile, gate, names, openStage, status, until } from "../test/stage.ts";

test("a volume is made, found, mounted, unmounted and removed", async () => {
  await using stage = await openStage();
  const { driver, root } = stage;
  await driver.create({ Name: "data", Opts: {} });
  assert.deepEqual(await names(stage), ["data"]);
  const found = await driver.get({ Name: "data" });
  assert.equal(found.Volume?.Name, "data");
  assert.match(found.Volume.CreatedAt ?? "", /^\d{4}-\d\d-\d\dT[\d:.]+Z$/);
  assert.equal(found.Volume.Mountpoint, "");

  const { Mountpoint } = await driver.mount({ Name: "data", ID: "a" });
  assert.ok(Mountpoint.startsWith(`${root}/volumes/data-`), Mountpoint);
  assert.equal((await driver.get({ Name: "data" }))?.Volume?.Mountpoint, Mountpoint);
  assert.equal((await driver.path({ Name: "data" }))?.Mountpoint, Mountpoint);
  await driver.unmount({ Name: "data", ID: "a" });
  assert.equal((await driver.path({ Name: "data" }))?.Mountpoint, "");

  await driver.remove({ Name: "data" });
  assert.deepEqual(await names(stage), []);
  await assert.rejects(driver.get({ Name: "data" }), /no such volume: "data"/);
  assert.deepEqual(await readdir(join(root, "volumes")), []);
});

test("Create of an existing name succeeds with the same options or none, and keeps the data", async () => {
  await using stage = await openStage();
  await stage.driver.create({ Name: "data", Opts: { size: "1GiB" } });
  const { Mountpoint } = await stage.driver.mount({ Name: "data", ID: "a" });
  await writeFile(join(Mountpoint, "file"), "kept");
  for (const Opts of [{ size: "1024MiB" }, {}, undefined]) await stage.driver.create({ Name: "data", Opts });
  await assert.rejects(stage.driver.create({ Name: "data", Opts: { size: "2GiB" } }), {
    name: "DriverError",
    message: /with size=1GiB, not size=2GiB/,
  });
  assert.equal(await readFile(join(Mountpoint, "file"), "utf8"), "kept");
  assert.deepEqual(
    stage.backend.done.filter((work) => work.startsWith("provision")),
    ["provision data"],
  );
});

test("names that differ in case alone are two volumes", async () => {
  await using stage = await openStage();
  await createWithFile(stage, "Data");
  await createWithFile(stage, "data");
  for (const Name of ["Data", "data"]) {
    const { Mountpoint } = await stage.driver.mount({ Name, ID: "a" });
    assert.equal(await readFile(join(Mountpoint, "file"), "utf8"), Name);
  }
});

test("a Create that fails leaves nothing behind, and the next one starts afresh", async () => {
  await using stage = await openStage();
  stage.backend.before = (work) =>
    work === "provision" ? Promise.reject(new Error("pool is full; add a disk")) : undefined;
  await assert.rejects(stage.driver.create({ Name: "data" }), {
    message: "volume data could not be created: pool is full; add a disk",
  });
  assert.deepEqual(await names(stage), []);
  await assert.rejects(stage.driver.get({ Name: "data" }), DriverError);
  assert.deepEqual(await readdir(join(stage.root, "volumes")), []);
  assert.deepEqual(stage.backend.done, ["provision data", "destroy data"]);
  stage.backend.before = () => {};
  await stage.driver.create({ Name: "data", Opts: { size: "1MiB" } });
  assert.deepEqual(await names(stage), ["data"]);
});

test("a Create whose undoing fails stays out of sight, and the next one undoes it first", async () => {
  await using stage = await openStage();
  stage.backend.before = (work) => Promise.reject(new Error(`no ${work}`));
  await assert.rejects(stage.driver.create({ Name: "data" }), /no provision; then .*no destroy/);
  assert.deepEqual(await names(stage), []);
  stage.backend.before = () => {};
  stage.backend.done.length = 0;
  await stage.driver.create({ Name: "data" });
  assert.deepEqual(stage.backend.done, ["destroy data", "provision data"]);
});

test("a Create with options that the backend does not know does nothing at all", async () => {
  await using stage = await openStage();
  await assert.rejects(stage.driver.create({ Name: "data", Opts: { sice: "1" } }), {
    name: "RequestError",
    message:
      'unknown option "sice"; did you mean "size"? known are from, labels, mode, on-remove, readonly, size, snap-keep, snap-schedule, subpath',
  });
  assert.deepEqual(stage.backend.done, []);
});

test("a folder that no record explains is not taken for a new volume", async () => {
  await using stage = await openStage();
  await createWithFile(stage, "data");
  const [folder = ""] = await readdir(join(stage.root, "volumes"));
  const path = join(stage.root, "volumes", folder);
  await rename(path, `${path}-aside`);
  await stage.driver.remove({ Name: "data" });
  await rename(`${path}-aside`, path);
  await assert.rejects(
    async () => stage.driver.create({ Name: "data" }),
    /no volume of this name is known.*move it elsewhere/,
  );
  assert.equal(await readFile(join(path, "data", "file"), "utf8"), "data");
});

test("a volume is attached once for ten Mounts at once, and detached after the last Unmount", async () => {
  await using stage = await openStage();
  await stage.driver.create({ Name: "data" });
  const ids = Array.from({ length: 10 }, (_, i) => `id${i}`);
  const mounts = await Promise.all(ids.map((ID) => stage.driver.mount({ Name: "data", ID })));
  assert.equal(new Set(mounts.map(({ Mountpoint }) => Mountpoint)).size, 1);
  for (const ID of ids) {
    assert.ok(stage.backend.attached.has("data"));
    await stage.driver.unmount({ Name: "data", ID });
  }
  assert.ok(!stage.backend.attached.has("data"));
  assert.equal(stage.backend.done.filter((work) => work.startsWith("detach")).length, 1);
});

test("docker cp, which mounts with the container's own id, does not unmount the container's volume", async () => {
  await using stage = await openStage();
  await stage.driver.create({ Name: "data" });
  for (let i = 0; i < 3; i++) await stage.driver.mount({ Name: "data", ID: "container" });
  await stage.driver.unmount({ Name: "data", ID: "container" });
  await stage.driver.unmount({ Name: "data", ID: "container" });
  assert.ok(stage.backend.attached.has("data"));
  assert.deepEqual((await status(stage, "data"))["holders"], [{ ID: "container", mounts: 1 }]);
  await stage.driver.unmount({ Name: "data", ID: "container" });
  assert.ok(!stage.backend.attached.has("data"));
});

test("Unmount of an unknown id or name succeeds and unmounts nothing", async () => {
  await using stage = await openStage();
  await stage.driver.create({ Name: "data" });
  await stage.driver.mount({ Name: "data", ID: "a" });
  await stage.driver.unmount({ Name: "data", ID: "b" });
  await stage.driver.unmount({ Name: "nothing", ID: "a" });
  assert.ok(stage.backend.attached.has("data"));
});

test("Mount of an unknown name is refused", async () => {
  await using stage = await openStage();
  await assert.rejects(stage.driver.mount({ Name: "../x", ID: "a" }), /no such volume: "\.\.\/x"/);
});

test("an id without end is refused", async () => {
  await using stage = await openStage();
  await stage.driver.create({ Name: "data" });
  await assert.rejects(stage.driver.mount({ Name: "data", ID: "x".repeat(257) }), RequestError);
});

test("a Mount that fails leaves nothing attached or held, and the next one works", async () => {
  await using stage = await openStage();
  await stage.driver.create({ Name: "data" });
  stage.backend.before = (work) =>
    work === "attach" ? Promise.reject(new Error("no route to store; start it")) : undefined;
  await assert.rejects(stage.driver.mount({ Name: "data", ID: "a" }), {
    message: "volume data could not be mounted: no route to store; start it",
  });
  assert.deepEqual(stage.backend.done.slice(-2), ["attach data", "detach data"]);
  const shown = await status(stage, "data");
  assert.equal(shown["state"], "degraded");
  assert.equal(shown["reason"], "could not be mounted: no route to store; start it");
  assert.deepEqual(shown["holders"], []);
  stage.backend.before = () => {};
  await stage.driver.mount({ Name: "data", ID: "a" });
  assert.equal((await status(stage, "data"))["reason"], undefined);
});

test("an Unmount whose detaching fails says so; the next Unmount detaches", async () => {
  await using stage = await openStage();
  await stage.driver.create({ Name: "data" });
  await stage.driver.mount({ Name: "data", ID: "a" });
  stage.backend.before = () => Promise.reject(new Error("target is busy"));
  await assert.rejects(
    async () => stage.driver.unmount({ Name: "data", ID: "a" }),
    /could not be unmounted: target is busy/,
  );
  assert.equal((await status(stage, "data"))["state"], "mounted");
  stage.backend.before = () => {};
  await stage.driver.unmount({ Name: "data", ID: "a" });
  assert.ok(!stage.backend.attached.has("data"));
});

test("Remove of a held volume is refused and names the holders", async () => {
  await using stage = await openStage();
  await createWithFile(stage, "data");
  const { Mountpoint } = await stage.driver.mount({ Name: "data", ID: "0123456789abcdef" });
  await assert.rejects(stage.driver.remove({ Name: "data" }), {
    message: "volume data is in use (mounted as 0123456789ab); stop the containers that use it first",
  });
  assert.equal(await readFile(join(Mountpoint, "file"), "utf8"), "data");
});

test("a Remove that fails keeps the volume, also over a restart", async () => {
  await using stage = await openStage();
  await createWithFile(stage, "data");
  stage.backend.before = (work) => (work === "destroy" ? Promise.reject(new Error("store is away")) : undefined);
  await assert.rejects(async () => stage.driver.remove({ Name: "data" }), /could not be removed: store is away/);
  stage.backend.before = () => {};
  await stage.restart();
  await stage.volumes.recovered;
  const { Mountpoint } = await stage.driver.mount({ Name: "data", ID: "a" });
  assert.equal(await readFile(join(Mountpoint, "file"), "utf8"), "data");
});

test("a removed name can be used again at once, and is empty", async () => {
  await using stage = await openStage();
  await createWithFile(stage, "data");
  await stage.driver.remove({ Name: "data" });
  await stage.driver.create({ Name: "data" });
  const { Mountpoint } = await stage.driver.mount({ Name: "data", ID: "a" });
  assert.deepEqual(await readdir(Mountpoint), []);
});

test("ten volumes are made, used and removed at once", async () => {
  await using stage = await openStage();
  const life = async (Name: string): Promise<void> => {
    await createWithFile(stage, Name);
    const { Mountpoint } = await stage.driver.mount({ Name, ID: "reader" });
    assert.equal(await readFile(join(Mountpoint, "file"), "utf8"), Name);
    await assert.rejects(stage.driver.remove({ Name }), /in use/);
    await stage.driver.unmount({ Name, ID: "reader" });
    await stage.driver.remove({ Name });
  };
  await Promise.all(Array.from({ length: 10 }, (_, i) => life(`volume-${i}`)));
  assert.deepEqual(await names(stage), []);
  assert.equal(stage.backend.attached.size, 0);
  assert.deepEqual(await readdir(join(stage.root, "volumes")), []);
});

test("Mounts and Unmounts of one volume at once end in the right count", async () => {
  await using stage = await openStage();
  await stage.driver.create({ Name: "data" });
  const uses = Array.from({ length: 50 }, async (_, i) => {
    await stage.driver.mount({ Name: "data", ID: `id${i % 7}` });
    if (i % 5 > 0) await stage.driver.unmount({ Name: "data", ID: `id${i % 7}` });
  });
  await Promise.all(uses);
  const { holders } = await status(stage, "data");
  // The plugin's own words, which the assertion checks.
  const total = (holders as { mounts: number }[]).reduce((sum, { mounts }) => sum + mounts, 0);
  assert.equal(total, 10);
  assert.ok(stage.backend.attached.has("data"));
});

test("a slow volume delays neither another volume nor Get and List", async () => {
  await using stage = await openStage();
  for (const Name of ["slow", "fast"]) await stage.driver.create({ Name });
  const slow = gate();
  stage.backend.before = (_work, volume) => (volume === "slow" ? slow.passed : undefined);
  const mounting = stage.driver.mount({ Name: "slow", ID: "a" });
  await stage.driver.mount({ Name: "fast", ID: "a" });
  await stage.driver.unmount({ Name: "fast", ID: "a" });
  await stage.driver.remove({ Name: "fast" });
  assert.deepEqual(await names(stage), ["slow"]);
  assert.equal((await status(stage, "slow"))["state"], "mounting");
  slow.open();
  await mounting;
});

test("a Mount that takes too long is answered in time, goes on, and is there for the retry", async () => {
  await using stage = await openStage();
  await stage.driver.create({ Name: "data" });
  const slow = gate();
  stage.backend.before = () => slow.passed;
  await assert.rejects(stage.driver.mount({ Name: "data", ID: "a" }, call({ withinMs: 50 })), {
    message: /^volume data is still being mounted after \d+ s; that goes on, so try again$/,
  });
  slow.open();
  await stage.driver.mount({ Name: "data", ID: "b" });
  assert.deepEqual(stage.backend.done.slice(1), ["attach data", "attach data"]);
  assert.deepEqual((await status(stage, "data"))["holders"], [{ ID: "b", mounts: 1 }]);
});

test("a Mount that nobody comes back for is detached after a while", async () => {
  await using stage = await openStage({ lingerMs: 20 });
  await stage.driver.create({ Name: "data" });
  const slow = gate();
  stage.backend.before = (work) => (work === "attach" ? slow.passed : undefined);
  const caller = new AbortController();
  const mounting = stage.driver.mount({ Name: "data", ID: "a" }, call({ signal: caller.signal }));
  await until("it is begun", () => stage.backend.done.at(-1) === "attach data");
  caller.abort();
  await assert.rejects(mounting);
  slow.open();
  await until("it is detached", () => stage.backend.done.at(-1) === "detach data");
  assert.deepEqual((await status(stage, "data"))["holders"], []);
});

test("a call that waited for its turn in vain does nothing when the turn comes, save Unmount", async () => {
  await using stage = await openStage();
  await stage.driver.create({ Name: "data" });
  await stage.driver.mount({ Name: "data", ID: "a" });
  const slow = gate();
  stage.backend.before = () => slow.passed;
  const first = stage.driver.mount({ Name: "data", ID: "b" });
  const soon = call({ withinMs: 30 });
  await assert.rejects(stage.driver.mount({ Name: "data", ID: "c" }, soon), /try again/);
  await assert.rejects(stage.driver.unmount({ Name: "data", ID: "a" }, soon), /try again/);
  await assert.rejects(stage.driver.remove({ Name: "data" }, soon), /try again/);
  slow.open();
  await first;
  await stage.driver.unmount({ Name: "data", ID: "unknown" });
  assert.deepEqual((await status(stage, "data"))["holders"], [{ ID: "b", mounts: 1 }]);
});

test("work that exceeds the backend's own limit is told to stop, and is undone", async () => {
  await using stage = await openStage({ backendTimeoutMs: 20 });
  await stage.driver.create({ Name: "data" });
  stage.backend.before = (work, _volume, signal) => (work === "attach" ? aborted(signal) : undefined);
  await assert.rejects(async () => stage.driver.mount({ Name: "data", ID: "a" }), /could not be mounted: .*timeout/);
  assert.deepEqual(stage.backend.done.slice(-2), ["attach data", "detach data"]);
});

test("closing stops work under way, detaches nothing, and leaves the rest to the next start", async () => {
  await using stage = await openStage();
  for (const Name of ["held", "begun"]) await stage.driver.create({ Name });
  await stage.driver.mount({ Name: "held", ID: "a" });
  stage.backend.before = (_work, _volume, signal) => aborted(signal);
  const begun = assert.rejects(async () => stage.driver.mount({ Name: "begun", ID: "a" }), /the plugin is stopping/);
  await until("it is begun", () => stage.backend.done.at(-1) === "attach begun");
  const closing = stage.restart();
  await begun;
  stage.backend.before = () => {};
  await closing;
  await stage.volumes.recovered;
  assert.deepEqual(
    stage.backend.done.filter((work) => work.startsWith("detach")),
    ["detach begun"],
  );
  assert.equal((await status(stage, "held"))["state"], "mounted");
  assert.equal((await status(stage, "begun"))["state"], "ready");
});

test("a backend that does not let go keeps neither closing nor the next start", async () => {
  await using stage = await openStage({ closeTimeoutMs: 20 });
  await stage.driver.create({ Name: "data" });
  stage.backend.before = () => new Promise(() => {});
  const mounting = assert.rejects(stage.driver.mount({ Name: "data", ID: "a" }, call({ withinMs: 200 })));
  await until("it is begun", () => stage.backend.done.at(-1) === "attach data");
  await stage.restart();
  assert.deepEqual(await names(stage), ["data"]);
  await mounting;
});

test("a mountpoint outside of the volume's folder, or reached through a link, is refused", async () => {
  await using stage = await openStage();
  await createWithFile(stage, "data");
  const { Mountpoint } = await stage.driver.mount({ Name: "data", ID: "a" });
  await stage.driver.unmount({ Name: "data", ID: "a" });
  await rename(Mountpoint, `${Mountpoint}-aside`);
  await assert.rejects(
    async () => stage.driver.mount({ Name: "data", ID: "a" }),
    /folder .*\/data is missing; put it back/,
  );
  await symlink("/etc", Mountpoint);
  await assert.rejects(stage.driver.mount({ Name: "data", ID: "a" }), /is not a folder but a link/);
  stage.backend.attach = async () => "/etc";
  await assert.rejects(async () => stage.driver.mount({ Name: "data", ID: "a" }), /mountpoint \/etc is outside/);
  stage.backend.attach = async ({ folder }) => `${folder}/../../volumes`;
  await assert.rejects(stage.driver.mount({ Name: "data", ID: "a" }), /is outside/);
});

test("the root is for the owner alone", async () => {
  await using stage = await openStage();
  await createWithFile(stage, "data");
  for (const name of ["", "volumes", "trash"])
    assert.equal((await stat(join(stage.root, name))).mode & 0o777, 0o700, name);
});

test("a second plugin on the same root is refused", async () => {
  await using stage = await openStage();
  await using other = await openStage();
  await assert.rejects(other.restart({ root: stage.root }), {
    name: "StoreError",
    message: /is in use by process \d+; stop that first/,
  });
  await other.restart();
});

test("volumes on roots that share a name live beside each other", async () => {
  await using one = await openStage();
  await using two = await openStage();
  await mkdir(join(one.root, "volumes", "stray"));
  await createWithFile(one, "data");
  assert.deepEqual(await names(two), []);
});

/** Rejects when the signal aborts, and not before. */
function aborted(signal: AbortSignal): Promise<never> {
  return new Promise((_resolve, reject) => {
    // The reason of a signal is whatever `abort` was given, which is an error throughout.
    signal.addEventListener("abort", () => reject(signal.reason as Error), { once: true });
  });
}
