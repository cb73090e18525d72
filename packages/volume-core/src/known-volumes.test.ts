import assert from "node:assert/strict";
import { test } from "node:test";
import { createWithFile, names, openStage, status, type Stage } from "../test/stage.ts";
import { rests } from "./known-volumes.ts";
import type { StoredVolume } from "./volume-record.ts";

const idle: StoredVolume = { options: {}, createdAt: "2026-01-01T00:00:00.000Z", phase: "idle", holds: [] };
const busy: Readonly<Record<string, Partial<StoredVolume>>> = {
  "attached ones": { phase: "attached", mountpoint: "/x" },
  "ones half removed": { phase: "removing" },
  "ones in the middle of something": { intent: { kind: "resize", size: 1 } },
  "held ones": { holds: [["a", 1, 0]] },
  "ones with snapshots, which may be shown still": { snapshots: [{ name: "s", createdAt: idle.createdAt }] },
  "ones whose folder is not the usual": { folder: "other" },
  "ones with a schedule": { options: { "snap-schedule": "1h" } },
};

test("volumes rest that nothing has to be done about", () => {
  assert.equal(rests(idle), true);
  assert.equal(rests({ ...idle, options: { size: "1GiB" }, size: 1, backend: "dir" }), true);
  for (const [which, more] of Object.entries(busy)) assert.equal(rests({ ...idle, ...more }), false, which);
});

test("a volume at rest is shown, compared, used and removed like any other", async () => {
  await using stage = await openStage();
  for (const name of ["one", "two", "three"]) await createWithFile(stage, name);
  const tricky = { Name: "tricky", Opts: { labels: 'text="createdAt":"never"' } };
  await stage.driver.create(tricky);
  const before = [await listed(stage), await status(stage, "one")];
  await stage.restart();
  assert.deepEqual([await listed(stage), await status(stage, "one")], before);
  await stage.driver.remove(tricky);
  assert.deepEqual(await stage.volumes.check(), []);
  const other = async () => stage.driver.create({ Name: "one", Opts: { "on-remove": "keep" } });
  await assert.rejects(other, /volume one exists with on-remove=delete/);
  await stage.driver.create({ Name: "one" });
  await Promise.all(["a", "b"].map((ID) => stage.driver.mount({ Name: "two", ID })));
  await assert.rejects(async () => stage.driver.remove({ Name: "two" }), /mounted as a, b/);
  assert.equal(stage.volumes.find("one")?.state, "ready");
  assert.equal(stage.volumes.find("four"), undefined);
  await stage.driver.remove({ Name: "three" });
  await assert.rejects(async () => stage.driver.get({ Name: "three" }), /no such volume/);
  await stage.volumes.snapshot("one", "point");
  assert.deepEqual(stage.volumes.withSnapshots(), ["one"]);
  await stage.restart();
  assert.deepEqual(stage.volumes.withSnapshots(), ["one"]);
  assert.deepEqual(await names(stage), ["one", "two"]);
  assert.deepEqual((await status(stage, "two"))["holders"], [
    { ID: "a", mounts: 1, carried: 1 },
    { ID: "b", mounts: 1, carried: 1 },
  ]);
});

/** Everything that List says, by name. */
async function listed(stage: Stage): Promise<unknown> {
  const { Volumes } = await stage.driver.list({});
  return Volumes?.toSorted((a, b) => a.Name.localeCompare(b.Name));
}
