// kill -9 at every step of every verb; the next start has to leave nothing lost, nothing leaked, and nothing half done.
import assert from "node:assert/strict";
import { readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { after, test } from "node:test";
import { readLoopDevices, readMounts } from "@outrigger/linux";
import { steps } from "@outrigger/volume-core";
import { startVolumes, type Commander, type Place } from "./commander.ts";
import { scratch } from "./scratch.ts";

/** A verb that is cut short: what leads up to it, the verb, and what has to hold after the next start. */
interface Cut {
  /** The steps that it goes through begin with this. */
  readonly steps: string;
  readonly before: (volumes: Commander) => Promise<void>;
  readonly call: (volumes: Commander) => Promise<readonly [verb: string, ...args: unknown[]]>;
  /** `done`: it was killed after the outcome was recorded. */
  readonly after: (volumes: Commander, done: boolean) => Promise<void>;
}

/** What to try the matrix on. */
export interface MatrixOptions {
  readonly backend: string;
  /** Of the volumes. */
  readonly options: Readonly<Record<string, string>>;
  /** What its volumes can do beside being made, mounted and removed. */
  readonly verbs: readonly ("snapshot" | "restore" | "resize" | "clone")[];
  readonly poolSize?: number;
  /** Verbs that are tried elsewhere. */
  readonly without?: readonly string[];
}

const size = 24 * 2 ** 20;

/** One test for each verb of the backend, which kills a process at each of its steps. */
export async function testKills({ backend, options, verbs, poolSize, without = [] }: MatrixOptions): Promise<void> {
  const folder = await scratch();
  after(() => folder[Symbol.asyncDispose]());
  const place = { root: join(folder.path, "root"), standardBackend: backend, poolSize };

  const make = async (volumes: Commander, more: Readonly<Record<string, string>> = {}): Promise<void> => {
    await volumes.do("create", "data", { ...options, ...more });
    await write(volumes, "kept");
  };
  const cuts: Record<string, Cut> = {
    create: {
      steps: "create:",
      before: async () => {},
      call: async () => ["create", "data", options],
      after: async (volumes, done) => {
        assert.deepEqual(await volumes.list(), done ? ["data"] : []);
        if (done) await write(volumes, "kept");
        else await make(volumes);
      },
    },
    mount: {
      steps: "mount:",
      before: make,
      call: async () => ["mount", "data", "container"],
      after: async (volumes, done) => {
        assert.equal(await mountsOf(volumes), done ? 1 : 0);
        if (done) await volumes.do("unmount", "data", "container");
      },
    },
    unmount: {
      steps: "unmount:",
      before: async (volumes) => {
        await make(volumes);
        await volumes.do("mount", "data", "container");
      },
      call: async () => ["unmount", "data", "container"],
      after: async (volumes) => assert.equal(await mountsOf(volumes), 0),
    },
    remove: {
      steps: "remove:",
      before: make,
      call: async () => ["remove", "data"],
      after: async (volumes) => {
        assert.deepEqual(await volumes.list(), []);
        await make(volumes);
      },
    },
    "set aside": {
      steps: "set aside:",
      before: (volumes) => make(volumes, { "on-remove": "trash" }),
      call: async () => ["remove", "data"],
      after: async (volumes, done) => {
        assert.deepEqual([await volumes.list(), (await volumes.removed()).length], done ? [[], 1] : [["data"], 0]);
        for (const { id } of await volumes.removed()) await volumes.do("bringBack", id);
      },
    },
    "bring back": {
      steps: "bring back:",
      before: async (volumes) => {
        await make(volumes, { "on-remove": "trash" });
        await volumes.do("remove", "data");
      },
      call: async (volumes) => ["bringBack", (await volumes.removed())[0]?.id],
      after: async (volumes, done) => {
        assert.deepEqual([await volumes.list(), (await volumes.removed()).length], done ? [["data"], 0] : [[], 1]);
        for (const { id } of await volumes.removed()) await volumes.do("bringBack", id);
      },
    },
    purge: {
      steps: "purge:",
      before: async (volumes) => {
        await make(volumes, { "on-remove": "trash" });
        await volumes.do("remove", "data");
      },
      call: async (volumes) => ["purge", (await volumes.removed())[0]?.id],
      after: async (volumes) => {
        assert.deepEqual([await volumes.list(), await volumes.removed()], [[], []]);
        await make(volumes);
      },
    },
    ...(verbs.includes("snapshot") && {
      snapshot: {
        steps: "snapshot:",
        before: async (volumes) => {
          await make(volumes);
          await volumes.do("mount", "data", "container");
        },
        call: async () => ["snapshot", "data", "point"],
        after: async (volumes, done) => {
          assert.deepEqual(await snapshotsOf(volumes), done ? ["point"] : []);
          await volumes.do("unmount", "data", "container");
        },
      },
      drop: {
        steps: "drop:",
        before: async (volumes) => {
          await make(volumes);
          await volumes.do("snapshot", "data", "point");
        },
        call: async () => ["removeSnapshot", "data", "point"],
        after: async (volumes) => assert.deepEqual(await snapshotsOf(volumes), []),
      },
    }),
    ...(verbs.includes("restore") && {
      restore: {
        steps: "restore:",
        before: async (volumes) => {
          await make(volumes);
          await volumes.do("snapshot", "data", "point");
          await write(volumes, "changed");
        },
        call: async () => ["restore", "data", "point"],
        after: async (volumes) => assert.deepEqual(await snapshotsOf(volumes), ["point"]),
      },
    }),
    ...(verbs.includes("resize") && {
      resize: {
        steps: "resize:",
        before: make,
        call: async () => ["resize", "data", size],
        after: async (volumes) => assert.equal((await volumes.inspect("data")).sizeBytes, size),
      },
    }),
    ...(verbs.includes("clone") && {
      clone: {
        steps: "create:",
        before: make,
        call: async () => ["clone", "data", "copy"],
        after: async (volumes, done) => {
          assert.deepEqual(await volumes.list(), done ? ["copy", "data"] : ["data"]);
          if (!done) return;
          assert.equal(await read(volumes, "copy"), "kept");
          await volumes.do("remove", "copy");
        },
      },
    }),
  };

  for (const [verb, cut] of Object.entries(cuts)) {
    if (without.includes(verb)) continue;
    const instants = steps.filter((step) => step.startsWith(cut.steps));
    assert.ok(instants.length > 0, cut.steps);
    test(`${backend}: killed at each of the ${instants.length} steps of ${verb}, volumes lose and leak nothing`, async () => {
      let volumes = await startVolumes(place);
      try {
        for (const step of instants) {
          await cut.before(volumes);
          await volumes.killedAt(step, ...(await cut.call(volumes)));
          volumes = await startVolumes(place);
          await cut.after(volumes, step.endsWith(": done"));
          await assertWhole(volumes, { place, step });
        }
      } finally {
        await volumes[Symbol.asyncDispose]();
      }
    });
  }
}

/** The one volume holds its file, there is nothing besides, and it can be removed without a trace. */
async function assertWhole(volumes: Commander, { place, step }: { place: Place; step: string }): Promise<void> {
  assert.equal(await read(volumes), "kept", step);
  assert.equal((await volumes.inspect("data")).state, "ready", step);
  assert.deepEqual(await volumes.check(), [], step);
  await volumes.do("remove", "data");
  for (const { id } of await volumes.removed()) await volumes.do("purge", id);
  assert.deepEqual(await volumes.check(), [], step);
  assert.deepEqual(await readdir(join(place.root, "volumes")), [], step);
  const pool = join(place.root, "pool");
  const mounts = (await readMounts()).map(({ mountpoint }) => mountpoint).filter((path) => path.startsWith(place.root));
  assert.deepEqual(mounts, place.poolSize === undefined ? [] : [pool], step);
  if (place.poolSize !== undefined) assert.deepEqual(await readdir(join(pool, "volumes")), [], step);
  const loops = (await readLoopDevices()).filter(({ file }) => file.startsWith(join(place.root, "volumes")));
  assert.deepEqual(loops, [], step);
}

async function write(volumes: Commander, text: string): Promise<void> {
  // What `mount` answers.
  const { Mountpoint } = (await volumes.do("mount", "data", "writer")) as { Mountpoint: string };
  await writeFile(join(Mountpoint, "file"), text, { flush: true });
  await volumes.do("unmount", "data", "writer");
}

async function read(volumes: Commander, name = "data"): Promise<string> {
  // What `mount` answers.
  const { Mountpoint } = (await volumes.do("mount", name, "reader")) as { Mountpoint: string };
  const text = await readFile(join(Mountpoint, "file"), "utf8").catch(() => "");
  await volumes.do("unmount", name, "reader");
  return text;
}

async function mountsOf(volumes: Commander): Promise<number> {
  return (await volumes.inspect("data")).holders.reduce((sum, { mounts }) => sum + mounts, 0);
}

async function snapshotsOf(volumes: Commander): Promise<string[]> {
  return (await volumes.inspect("data")).snapshots.map(({ name }) => name);
}
