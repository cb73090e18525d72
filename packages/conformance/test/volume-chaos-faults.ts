// What volume plugins get wrong when they are killed; see volume-answer-faults.ts.
import { existsSync, readdirSync, renameSync, rmSync, unlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { countOf, ModelVolumes, type KnownFault, type VolumeRequest } from "./volume-model.ts";

const mount = "VolumeDriver.Mount";
const unmount = "VolumeDriver.Unmount";
const create = "VolumeDriver.Create";
const remove = "VolumeDriver.Remove";

/** Faults by what the plugin does. */
export const volumeChaosFaults: Readonly<Record<string, KnownFault>> = {
  "what is known is written at SIGTERM alone": {
    // All but VOL-C04 look for what was there before the kill, or its name is not free again.
    fails: ["VOL-C01", "VOL-C02", "VOL-C03", "VOL-C05", "VOL-C06", "VOL-C07", "VOL-C08"],
    onStart: (volumes) => {
      volumes.save = () => {};
    },
    onStop: (volumes) => ModelVolumes.prototype.save.call(volumes),
  },
  "a start after kill -9 unmounts what is used": {
    fails: ["VOL-C02"],
    onStart: (volumes) => {
      if (!existsSync(join(volumes.folder, "ended-well"))) unlinkAll(volumes);
      rmSync(join(volumes.folder, "ended-well"), { force: true });
    },
    onStop: (volumes) => writeFileSync(join(volumes.folder, "ended-well"), ""),
  },
  "a Remove is written at SIGTERM alone": {
    fails: ["VOL-C04", "VOL-C08"],
    handlers: (volumes) => ({
      [remove]: ({ Name }: VolumeRequest) => {
        if (countOf(volumes.existing(Name)) > 0) throw new Error("in use");
        volumes.all.delete(Name);
        rmSync(volumes.dataOf(Name), { recursive: true });
        return {};
      },
    }),
    onStop: (volumes) => volumes.save(),
  },
  "Create is killed between its record and its folder": {
    fails: ["VOL-C05"],
    handlers: (volumes) => ({
      [create]: halfDone(volumes, async (request, pause) => {
        volumes.create(request);
        const folder = volumes.dataOf(request.Name);
        renameSync(folder, `${folder}-half`);
        await pause;
        renameSync(`${folder}-half`, folder);
        return {};
      }),
    }),
  },
  "Mount is killed while it moves the data": {
    fails: ["VOL-C06"],
    handlers: (volumes) => ({
      [mount]: halfDone(volumes, async (request, pause) => {
        const folder = volumes.dataOf(request.Name);
        const isThere = existsSync(folder);
        if (isThere) renameSync(folder, `${folder}-half`);
        await pause;
        if (isThere) renameSync(`${folder}-half`, folder);
        return volumes.mount(request);
      }),
    }),
  },
  "Unmount is killed while it moves the data": {
    fails: ["VOL-C07"],
    handlers: (volumes) => ({
      [unmount]: halfDone(volumes, async (request, pause) => {
        const folder = volumes.dataOf(request.Name);
        const isThere = existsSync(folder);
        if (isThere) renameSync(folder, `${folder}-half`);
        await pause;
        if (isThere) renameSync(`${folder}-half`, folder);
        return volumes.unmount(request);
      }),
    }),
  },
  "Remove is killed between the data and its record": {
    fails: ["VOL-C08"],
    handlers: (volumes) => ({
      [remove]: halfDone(volumes, async (request, pause) => {
        if (countOf(volumes.existing(request.Name)) > 0) throw new Error("in use");
        const folder = volumes.dataOf(request.Name);
        for (const file of readdirSync(folder)) rmSync(join(folder, file));
        await pause;
        return volumes.remove(request);
      }),
    }),
  },
};

/** Takes every volume's mountpoint away. */
export function unlinkAll(volumes: ModelVolumes): void {
  for (const name of readdirSync(join(volumes.folder, "mnt"))) unlinkSync(volumes.placeOf(name));
}

/** Of calls for several volumes at once, the first comes to its end; the others are in their middle until the kill. */
function halfDone(
  volumes: ModelVolumes,
  work: (request: VolumeRequest, pause: Promise<unknown>) => Promise<object>,
): (request: VolumeRequest) => Promise<object> {
  let running = 0;
  let second = Promise.withResolvers<void>();
  const killed = volumes.death.promise.then(() => {
    throw new Error("dead");
  });
  killed.catch(() => {});
  return async (request) => {
    if (!request.Name.endsWith("-amid")) return work(request, Promise.resolve());
    running += 1;
    const isFirst = running === 1;
    if (!isFirst) second.resolve();
    try {
      return await work(request, isFirst ? Promise.race([second.promise, wait(50)]) : killed);
    } finally {
      running -= 1;
      if (isFirst) second = Promise.withResolvers<void>();
    }
  };
}
