// kill -9 at random moments, of the plugin, of the commands that it runs, and of its recovery, over all backends and verbs.
import assert from "node:assert/strict";
import { mkdir, readdir } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { readLoopDevices, readMounts } from "@outrigger/linux";
import { scratch } from "./scratch.ts";
import { SoakPlugins, type SoakPlace, type SoakPlugin, type Victim } from "./soak-plugin-process.ts";
import { SoakVolume } from "./soak-volume.ts";

/** How long to go on, whichever comes first. */
export interface SoakOptions {
  readonly kills: number;
  readonly seconds: number;
  readonly seed: number;
  readonly onProgress?: (report: SoakReport) => void;
}

/** What was done. */
export interface SoakReport {
  readonly kills: Readonly<Record<Victim | "recovery", number>>;
  /** Calls that were answered. */
  readonly calls: number;
  readonly seconds: number;
}

const mebi = 2 ** 20;
/** The most calls that are answered, and the longest wait for them, between two kills; then some milliseconds more. */
const most = { calls: 8, waitMs: 1500, moreMs: 100 };

/** Kills until it is enough, and looks after each kill that nothing is lost, and at the end that nothing is left. */
export async function soak(options: SoakOptions): Promise<SoakReport> {
  await using folder = await scratch();
  const place: SoakPlace = {
    root: join(folder.path, "root"),
    pluginsDir: join(folder.path, "plugins"),
    poolSize: 512 * mebi,
  };
  const random = randomFrom(options.seed);
  const volumes = soakVolumes(options.seed);
  const kills = { plugin: 0, commands: 0, both: 0, recovery: 0 };
  const began = performance.now();
  const report = (): SoakReport => ({
    kills: { ...kills },
    calls: countCalls(volumes),
    seconds: (performance.now() - began) / 1000,
  });
  const enough = (): boolean =>
    countKills(report()) >= options.kills || performance.now() - began > options.seconds * 1000;
  await using plugins = await SoakPlugins.open(place, join(folder.path, "compiled"));
  while (!enough()) {
    const plugin = await plugins.next();
    try {
      if (random() < 0.2) {
        await sleep(random() * 60);
        kills.recovery++;
        await plugin.kill9(random() < 0.5 ? "plugin" : "both");
      } else await useUntilKilled(plugin, { volumes, random, kills });
    } catch (error) {
      await plugin.kill9("both");
      throw error;
    }
    options.onProgress?.(report());
  }
  await assertNothingLost(plugins, { volumes, trash: join(place.root, "trash") });
  await assertNothingLeft(place);
  return report();
}

/** All kills of a soak. */
export function countKills({ kills }: SoakReport): number {
  return kills.plugin + kills.commands + kills.both + kills.recovery;
}

function countCalls(volumes: readonly SoakVolume[]): number {
  return volumes.reduce((sum, { calls }) => sum + calls, 0);
}

interface Surroundings {
  readonly volumes: readonly SoakVolume[];
  readonly random: () => number;
  readonly kills: Record<Victim | "recovery", number>;
}

async function useUntilKilled(plugin: SoakPlugin, { volumes, random, kills }: Surroundings): Promise<void> {
  await plugin.do("recovered");
  const used = Promise.all(volumes.map((volume) => volume.use(plugin, () => kills.commands)));
  for (;;) {
    const until = countCalls(volumes) + Math.floor(random() * (most.calls + 1));
    const limit = performance.now() + most.waitMs;
    // What goes wrong meanwhile ends it at once.
    while (countCalls(volumes) < until && performance.now() < limit) await Promise.race([sleep(2), used]);
    await Promise.race([sleep(random() * most.moreMs), used]);
    const chance = random();
    const victim = chance < 0.25 ? "commands" : chance < 0.6 ? "both" : "plugin";
    kills[victim]++;
    await plugin.kill9(victim);
    if (victim !== "commands") break;
  }
  await used;
}

/** Every volume, after one more start. */
async function assertNothingLost(
  plugins: SoakPlugins,
  { volumes, trash }: { volumes: readonly SoakVolume[]; trash: string },
): Promise<void> {
  await using plugin = await plugins.next();
  await plugin.do("recovered");
  for (const volume of volumes) await volume.finish(plugin);
  assert.deepEqual(await plugin.do("list"), [], "records");
  assert.deepEqual(await plugin.do("check"), [], "findings");
  // Emptied behind the calls, and by the next start where this one ends before.
  for (const limit = performance.now() + 30_000; (await readdir(trash)).length > 0; await sleep(20)) {
    assert.ok(performance.now() < limit, "the trash is not emptied");
  }
}

/** No mount, loop device, subvolume, folder or socket is left, but the pool's own. */
async function assertNothingLeft({ root, pluginsDir }: SoakPlace): Promise<void> {
  const pool = join(root, "pool");
  const mounts = (await readMounts()).map(({ mountpoint }) => mountpoint).filter((path) => path.startsWith(root));
  assert.deepEqual(mounts, [pool], "mounts");
  const loops = (await readLoopDevices()).map(({ file }) => file).filter((file) => file.startsWith(root));
  assert.deepEqual(loops, [join(root, "pool.btrfs")], "loop devices");
  assert.deepEqual(await readdir(join(root, "volumes")), [], "folders");
  assert.deepEqual(await readdir(join(root, "trash")), [], "trash");
  assert.deepEqual(await readdir(join(pool, "volumes")), [], "subvolumes");
  await mkdir(pluginsDir, { recursive: true });
  assert.deepEqual(await readdir(pluginsDir), [], "sockets");
}

function soakVolumes(seed: number): SoakVolume[] {
  const given = [
    { name: "dir", options: { backend: "dir" }, snapshots: false },
    { name: "dir-trash", options: { backend: "dir", "on-remove": "trash" }, snapshots: false },
    { name: "tmpfs", options: { backend: "tmpfs" }, snapshots: false, sizes: [2 * mebi, 4 * mebi] },
    { name: "btrfs", options: { backend: "btrfs" }, snapshots: true, sizes: [16 * mebi, 24 * mebi] },
    {
      name: "btrfs-trash",
      options: { backend: "btrfs", "on-remove": "trash" },
      snapshots: true,
      sizes: [16 * mebi, 24 * mebi],
    },
    { name: "image", options: { backend: "image", fs: "ext4" }, snapshots: true, sizes: [16 * mebi, 24 * mebi] },
    {
      name: "image-trash",
      options: { backend: "image", fs: "ext4", "on-remove": "trash" },
      snapshots: true,
      sizes: [16 * mebi, 24 * mebi],
    },
  ];
  return given.map((one, index) => new SoakVolume({ ...one, random: randomFrom(seed + 1 + index) }));
}

/** Numbers from 0 up to 1, the same for one seed: a linear congruential generator modulo 2^31 - 1. */
function randomFrom(seed: number): () => number {
  const modulus = 2 ** 31 - 1;
  let state = (seed % (modulus - 1)) + 1;
  for (let i = 0; i < 3; i++) state = (state * 48_271) % modulus;
  return () => {
    state = (state * 48_271) % modulus;
    return state / modulus;
  };
}
