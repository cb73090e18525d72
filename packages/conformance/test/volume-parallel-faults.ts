// What volume plugins get wrong over a restart, and with many calls at once; see volume-answer-faults.ts.
import { mkdir } from "node:fs/promises";
import { setTimeout as wait } from "node:timers/promises";
import { readMounts, run } from "@outrigger/linux";
import { unlinkAll } from "./volume-chaos-faults.ts";
import { countOf, type KnownFault, type VolumeRequest } from "./volume-model.ts";

const mount = "VolumeDriver.Mount";
const unmount = "VolumeDriver.Unmount";

/** Faults by what the plugin does. */
export const volumeParallelFaults: Readonly<Record<string, KnownFault>> = {
  "SIGTERM unmounts what is used": {
    fails: ["VOL-39"],
    onStop: unlinkAll,
  },
  "an unused volume is forgotten at SIGTERM": {
    fails: ["VOL-21"],
    onStop: (volumes) => {
      for (const volume of volumes.all.values()) if (countOf(volume) === 0) volumes.all.delete(volume.Name);
      volumes.save();
    },
  },
  "an ID of before a restart is refused": {
    fails: ["VOL-40", "VOL-C03"],
    handlers: (volumes) => {
      const before = new Set([...volumes.all.values()].flatMap(({ holds }) => Object.keys(holds)));
      return {
        [mount]: (request: VolumeRequest) => {
          if (before.has(request.ID)) throw new Error("mounted by this id already");
          return volumes.mount(request);
        },
      };
    },
  },
  "each Mount mounts once more on top": {
    fails: ["VOL-41"],
    attachBy: "bind",
    handlers: (volumes) => {
      volumes.attach = async (name) => {
        await mkdir(volumes.placeOf(name), { recursive: true });
        await run(["mount", "--bind", volumes.dataOf(name), volumes.placeOf(name)]);
      };
      volumes.detach = async (name) => {
        const place = volumes.placeOf(name);
        while ((await readMounts()).some(({ mountpoint }) => mountpoint === place)) await run(["umount", place]);
      };
      return {};
    },
  },
  "of Mounts at once not all are counted": {
    fails: ["VOL-42"],
    handlers: (volumes) => {
      let count = 0;
      return {
        [mount]: async (request: VolumeRequest) => {
          if (!request.Name.endsWith("-busy")) return volumes.mount(request);
          const before = count;
          await wait(30);
          count = before + 1;
          await volumes.attach(request.Name);
          return { Mountpoint: volumes.placeOf(request.Name) };
        },
        [unmount]: async (request: VolumeRequest) => {
          if (!request.Name.endsWith("-busy")) return volumes.unmount(request);
          count -= 1;
          if (count <= 0) await volumes.detach(request.Name);
          return {};
        },
      };
    },
  },
  "several volumes mounted at once wait for each other for ever": {
    fails: ["VOL-56"],
    setting: { callLimitMs: 5000 },
    handlers: (volumes) => {
      let mounting = 0;
      return {
        [mount]: async (request: VolumeRequest) => {
          if (!request.Name.endsWith("-many")) return volumes.mount(request);
          mounting += 1;
          await wait(30);
          if (mounting > 1) await volumes.death.promise;
          mounting -= 1;
          return volumes.mount(request);
        },
      };
    },
  },
  "an ID is counted for all volumes together": {
    fails: ["VOL-57"],
    handlers: (volumes) => ({
      [unmount]: async (request: VolumeRequest) => {
        const others = [...volumes.all.values()].filter(({ Name }) => Name !== request.Name);
        for (const { Name, holds } of others) if (holds[request.ID]) await volumes.unmount({ ...request, Name });
        return volumes.unmount(request);
      },
    }),
  },
};
