// What a start makes of a volume whose last run stopped in the middle.
import assert from "node:assert/strict";
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { openStore } from "@outrigger/store";
import { createWithFile, names, openStage, status, type Stage } from "../test/stage.ts";
import { parseStored, type Phase } from "./volume-record.ts";

const outcomes: Record<Phase, { readonly state?: string; readonly done: readonly string[] }> = {
  creating: { done: ["destroy data"] },
  idle: { state: "ready", done: [] },
  attaching: { state: "ready", done: ["detach data"] },
  attached: { state: "ready", done: ["detach data"] },
  detaching: { state: "ready", done: ["detach data"] },
  removing: { done: ["destroy data"] },
};

for (const [phase, { state, done }] of Object.entries(outcomes)) {
  test(`a volume found ${phase} is ${state ?? "gone"} after the start`, async () => {
    await using stage = await openStage();
    await createWithFile(stage, "data");
    // A key of `outcomes` is a phase.
    await restartWith(stage, phase as Phase);
    await stage.volumes.recovered;
    assert.deepEqual(stage.backend.done, done);
    assert.deepEqual(await names(stage), state === undefined ? [] : ["data"]);
    if (state !== undefined) assert.equal((await status(stage, "data"))["state"], state);
    assert.equal((await readdir(join(stage.root, "volumes"))).length, state === undefined ? 0 : 1);
    assert.deepEqual(await readdir(join(stage.root, "trash")), []);
  });
}

test("List and Get answer while a recovery hangs, and another volume is used", async () => {
  await using stage = await openStage();
  await createWithFile(stage, "data");
  await createWithFile(stage, "other");
  await restartWith(stage, "attaching", (_work, volume) => (volume === "data" ? new Promise(() => {}) : undefined));
  assert.deepEqual(await names(stage), ["data", "other"]);
  assert.equal((await status(stage, "data"))["state"], "mounting");
  await stage.driver.mount({ Name: "other", ID: "a" });
});

test("a recovery that fails is said, and the next call tries again", async () => {
  await using stage = await openStage();
  await createWithFile(stage, "data");
  await restartWith(stage, "detaching", () => Promise.reject(new Error("store is away")));
  await stage.volumes.recovered;
  assert.match(
    String((await status(stage, "data"))["reason"]),
    /stopped while detaching and could not be brought in order: store is away/,
  );
  stage.backend.before = () => {};
  await stage.driver.mount({ Name: "data", ID: "a" });
  assert.deepEqual(stage.backend.done, ["detach data", "detach data", "attach data"]);
});

test("a volume that was being removed is gone from the first call on, though its recovery hangs", async () => {
  await using stage = await openStage();
  await createWithFile(stage, "data");
  const { promise: hung, resolve } = Promise.withResolvers<void>();
  await restartWith(stage, "removing", () => hung);
  assert.deepEqual(await names(stage), []);
  await assert.rejects(async () => stage.driver.get({ Name: "data" }), /no such volume/);
  const created = stage.driver.create({ Name: "data" });
  resolve();
  await created;
  assert.deepEqual(await names(stage), ["data"]);
});

test("a volume whose removal cannot be finished is there again, with the reason", async () => {
  await using stage = await openStage();
  await createWithFile(stage, "data");
  await restartWith(stage, "removing", () => Promise.reject(new Error("store is away")));
  await stage.volumes.recovered;
  assert.match(String((await status(stage, "data"))["reason"]), /stopped while removing .*: store is away/);
  stage.backend.before = () => {};
  await stage.driver.remove({ Name: "data" });
  assert.deepEqual(await names(stage), []);
});

test("a start brings the backend up that has volumes, though there is nothing to bring in order", async () => {
  await using stage = await openStage();
  let opened = 0;
  Object.assign(stage.backend, { open: async () => void (opened += 1) });
  await stage.restart();
  await stage.volumes.recovered;
  assert.equal(opened, 0);
  await createWithFile(stage, "data");
  await stage.restart();
  opened = 0;
  await stage.restart();
  await stage.volumes.recovered;
  assert.equal(opened, 1);
});

/** Restarts the plugin with a record as a killed run leaves it. */
async function restartWith(stage: Stage, phase: Phase, before = stage.backend.before): Promise<void> {
  const { Mountpoint } = await stage.driver.mount({ Name: "data", ID: "a" });
  await stage.driver.unmount({ Name: "data", ID: "a" });
  await stage.volumes[Symbol.asyncDispose]();
  {
    await using store = openStore({ file: join(stage.root, "state.db") });
    const volumes = store.table("volumes", parseStored);
    const record = volumes.get("data");
    assert.ok(record);
    volumes.set("data", { ...record, phase, ...(phase === "attached" && { mountpoint: Mountpoint }) });
  }
  stage.backend.done.length = 0;
  stage.backend.before = before;
  await stage.restart();
}
