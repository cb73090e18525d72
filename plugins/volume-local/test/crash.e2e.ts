// kill -9 at every step of the engine's calls, and again at every step of the recovery. Any time at all: see soak.e2e.ts.
import assert from "node:assert/strict";
import { readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { test } from "node:test";
import type { Client } from "@outrigger/engine";
import type { volumeDriver } from "@outrigger/protocol";
import { steps, type Step } from "@outrigger/volume-core";
import { startPlugin, temporaryPlace } from "./plugin-process.ts";
import { connectVolumes, serveVolumes, type Place } from "./serve-volumes.ts";

type Driver = Client<typeof volumeDriver>;

const Name = "data";
const ID = "container";

/** What leads up to each call, the call, and what has to hold after it was cut short at a step. */
interface Cut {
  readonly before: (driver: Driver) => Promise<void>;
  readonly call: (driver: Driver) => Promise<unknown>;
  readonly after: (driver: Driver, step: Step) => Promise<void>;
}

const cuts: Record<string, Cut> = {
  create: {
    before: async () => {},
    call: (driver) => driver.create({ Name }),
    after: async (driver, step) => {
      assert.deepEqual(await namesOf(driver), step === "create: done" ? [Name] : []);
      await createWithFile(driver);
    },
  },
  mount: {
    before: createWithFile,
    call: (driver) => driver.mount({ Name, ID }),
    after: async (driver, step) => {
      assert.equal(await holdsOf(driver), step === "mount: done" ? 1 : 0);
      await driver.mount({ Name, ID });
      for (let holds = await holdsOf(driver); holds > 0; holds--) await driver.unmount({ Name, ID });
    },
  },
  unmount: {
    before: async (driver) => {
      await createWithFile(driver);
      await driver.mount({ Name, ID });
    },
    call: (driver) => driver.unmount({ Name, ID }),
    after: async (driver) => assert.equal(await holdsOf(driver), 0),
  },
  remove: {
    before: createWithFile,
    call: (driver) => driver.remove({ Name }),
    after: async (driver) => {
      assert.deepEqual(await namesOf(driver), []);
      await createWithFile(driver);
    },
  },
};

for (const step of steps) {
  const kind = step.startsWith("trash") ? "remove" : (step.split(":")[0] ?? "");
  // The other steps are for other backends: see kill-matrix.ts.
  if (!Object.hasOwn(cuts, kind)) continue;
  test(`killed at "${step}", and again at each step of its recovery, the plugin loses and leaks nothing`, async () => {
    const cut = cuts[kind];
    assert.ok(cut, kind);
    await using place = await temporaryPlace();
    await inProcess(place, cut.before);
    await callUntilKilled(place, { step, call: cut.call });
    await recoverUntilWhole(place);
    await inProcess(place, async (driver) => {
      await cut.after(driver, step);
      await assertWhole(driver, place.root);
    });
  });
}

async function inProcess(place: Place, use: (driver: Driver) => Promise<void>): Promise<void> {
  await using served = await serveVolumes(place);
  await served.volumes.recovered;
  await using client = await connectVolumes(place);
  await use(client.driver);
}

async function callUntilKilled(place: Place, { step, call }: { step: Step; call: Cut["call"] }): Promise<void> {
  await using plugin = await startPlugin({ ...place, dieAt: step });
  assert.ok(plugin);
  await using client = await connectVolumes(place);
  const called = call(client.driver);
  // The trash is emptied behind the answer's back; any other step comes before it.
  await (step.startsWith("trash") ? called.catch(() => {}) : assert.rejects(called));
  await plugin.killed;
}

/** Starts the plugin again and again, killed at each step of its recovery, until there is no further step. */
async function recoverUntilWhole(place: Place): Promise<void> {
  for (let dieInRecovery = 1; dieInRecovery < 20; dieInRecovery++) {
    await using plugin = await startPlugin({ ...place, dieInRecovery });
    if (plugin !== undefined) return;
  }
  assert.fail("the recovery has no end");
}

/** The one volume is idle and holds its file, nothing but its folder is there, and it can be removed. */
async function assertWhole(driver: Driver, root: string): Promise<void> {
  assert.deepEqual((await statusOf(driver)).state, "ready");
  const { Mountpoint } = await driver.mount({ Name, ID: "reader" });
  assert.equal(await readFile(join(Mountpoint, "file"), "utf8"), Name);
  await driver.unmount({ Name, ID: "reader" });
  assert.equal((await readdir(join(root, "volumes"))).length, 1);
  await driver.remove({ Name });
  assert.deepEqual(await readdir(join(root, "volumes")), []);
  while ((await readdir(join(root, "trash"))).length > 0) await sleep(2);
}

async function createWithFile(driver: Driver): Promise<void> {
  await driver.create({ Name });
  const { Mountpoint } = await driver.mount({ Name, ID: "writer" });
  await writeFile(join(Mountpoint, "file"), Name);
  await driver.unmount({ Name, ID: "writer" });
}

async function namesOf(driver: Driver): Promise<string[]> {
  return ((await driver.list()).Volumes ?? []).map(({ Name }) => Name).sort();
}

interface ShownStatus {
  readonly state: string;
  readonly holders: readonly { readonly ID: string; readonly mounts: number }[];
}

async function statusOf(driver: Driver, name = Name): Promise<ShownStatus> {
  // The plugin's own words, which the assertions on them check.
  return (await driver.get({ Name: name })).Volume?.Status as unknown as ShownStatus;
}

async function holdsOf(driver: Driver, name = Name): Promise<number> {
  return (await statusOf(driver, name)).holders.reduce((sum, { mounts }) => sum + mounts, 0);
}
