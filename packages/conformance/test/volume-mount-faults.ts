// What volume plugins get wrong in mounting and counting; see volume-answer-faults.ts.
import { once } from "node:events";
import { existsSync, readdirSync, rmSync, symlinkSync } from "node:fs";
import type { IncomingMessage } from "node:http";
import { join } from "node:path";
import type { Handlers } from "./model.ts";
import { countOf, type KnownFault, type ModelVolumes, type VolumeRequest } from "./volume-model.ts";

const mount = "VolumeDriver.Mount";
const unmount = "VolumeDriver.Unmount";
const path = "VolumeDriver.Path";
const create = "VolumeDriver.Create";

/** Faults by what the plugin does. */
export const volumeMountFaults: Readonly<Record<string, KnownFault>> = {
  "Mount answers with nothing": {
    fails: ["VOL-27"],
    handlers: (volumes) => mountWith(volumes, { ending: "-path", path: () => "" }),
  },
  "Mount answers with what is not there": {
    fails: ["VOL-28"],
    handlers: (volumes) => mountWith(volumes, { ending: "-folder", path: (name) => `${volumes.placeOf(name)}-no` }),
  },
  "each ID has a path of its own": {
    // There is no one path for ten Mounts at once, nor one that Path could answer with.
    fails: ["VOL-29", "VOL-41", "VOL-44"],
    handlers: (volumes) => ({
      [mount]: async (request: VolumeRequest) => {
        await volumes.mount(request);
        const place = `${volumes.placeOf(request.Name)}-${request.ID}`;
        if (!existsSync(place)) symlinkSync(volumes.dataOf(request.Name), place);
        return { Mountpoint: place };
      },
    }),
  },
  "Mount makes a volume": {
    fails: ["VOL-30"],
    handlers: (volumes) => ({
      [mount]: async (request: VolumeRequest) => {
        volumes.create({ Name: request.Name, ID: "" });
        return volumes.mount(request);
      },
    }),
  },
  "a volume is mounted or not, and nobody counts": {
    // With the first to leave it is gone for all others.
    fails: ["VOL-31", "VOL-32", "VOL-42"],
    handlers: (volumes) => ({
      [unmount]: (request: VolumeRequest) =>
        volumes.turn(request.Name, async () => {
          const volume = volumes.existing(request.Name);
          if (volume.holds[request.ID] !== undefined) volume.holds = { [request.ID]: countOf(volume) > 0 ? 1 : 0 };
          return volumes.unmount(request);
        }),
    }),
  },
  "IDs are collected, not counted": {
    fails: ["VOL-32"],
    handlers: (volumes) => ({
      [mount]: async (request: VolumeRequest) => {
        const reply = await volumes.mount(request);
        volumes.existing(request.Name).holds[request.ID] = 1;
        return reply;
      },
    }),
  },
  "a second Mount with one ID is refused": {
    // As is one after a restart.
    fails: ["VOL-32", "VOL-33", "VOL-40"],
    handlers: (volumes) => ({
      [mount]: async (request: VolumeRequest) => {
        if ((volumes.existing(request.Name).holds[request.ID] ?? 0) > 0) throw new Error("mounted by this id already");
        return volumes.mount(request);
      },
    }),
  },
  "a second Mount with one ID counts twice": {
    // As does one after a restart.
    fails: ["VOL-33", "VOL-40"],
    handlers: (volumes) => ({
      [mount]: async (request: VolumeRequest) => {
        if ((volumes.existing(request.Name).holds[request.ID] ?? 0) > 0) await volumes.mount(request);
        return volumes.mount(request);
      },
    }),
  },
  "Unmount with any ID unmounts": {
    fails: ["VOL-34"],
    handlers: (volumes) => ({
      [unmount]: async (request: VolumeRequest) => {
        const volume = volumes.existing(request.Name);
        if (volume.holds[request.ID] !== undefined) return volumes.unmount(request);
        await volumes.detach(request.Name);
        volume.holds = {};
        return {};
      },
    }),
  },
  "Unmount with an unknown ID fails": {
    fails: ["VOL-34"],
    handlers: (volumes) => ({
      [unmount]: (request: VolumeRequest) => {
        if ((volumes.existing(request.Name).holds[request.ID] ?? 0) === 0) throw new Error("not mounted by this id");
        return volumes.unmount(request);
      },
    }),
  },
  "Unmount of an unknown volume is not answered": {
    fails: ["VOL-35"],
    handlers: (volumes) => ({
      [unmount]: (request: VolumeRequest, incoming: IncomingMessage) => {
        if (!volumes.all.has(request.Name)) incoming.socket.destroy();
        return volumes.unmount(request);
      },
    }),
  },
  "Unmount forgets a mount that it could not undo": {
    fails: ["VOL-36"],
    attachBy: "bind",
    handlers: (volumes) => ({
      [unmount]: async (request: VolumeRequest) => {
        try {
          return await volumes.unmount(request);
        } catch (error) {
          const volume = volumes.all.get(request.Name);
          if (volume !== undefined) volume.holds = {};
          throw error;
        }
      },
    }),
  },
  "Unmount hides that it failed": {
    fails: ["VOL-36"],
    attachBy: "bind",
    handlers: (volumes) => ({
      [unmount]: async (request: VolumeRequest) => {
        try {
          return await volumes.unmount(request);
        } catch {
          return {};
        }
      },
    }),
  },
  "Unmount leaves the mount": {
    // Whatever is released, the kernel still has it.
    fails: ["VOL-33", "VOL-36", "VOL-37", "VOL-39", "VOL-41", "VOL-42"],
    attachBy: "bind",
    handlers: (volumes) => {
      volumes.detach = async () => {};
      return {};
    },
  },
  "a Mount that failed is counted": {
    fails: ["VOL-37"],
    handlers: (volumes) => {
      const failed: VolumeRequest[] = [];
      return {
        [mount]: (request: VolumeRequest) => {
          if (!volumes.all.has(request.Name)) failed.push(request);
          return volumes.mount(request);
        },
        [create]: (request: VolumeRequest) => {
          volumes.create(request);
          for (const { Name, ID } of failed) if (Name === request.Name) volumes.existing(Name).holds[ID] = 1;
          return {};
        },
      };
    },
  },
  "a Mount whose caller has gone locks the volume": {
    fails: ["VOL-38"],
    handlers: (volumes) => {
      const locked = new Set<string>();
      return {
        [mount]: async (request: VolumeRequest, incoming: IncomingMessage) => {
          if (locked.has(request.Name)) throw new Error("still being mounted");
          if (request.Name.endsWith("-left")) {
            locked.add(request.Name);
            await once(incoming.socket, "close");
          }
          return volumes.mount(request);
        },
      };
    },
  },
  "a volume is emptied when it is released": {
    // All look for what was written before an Unmount.
    fails: ["VOL-08", "VOL-09", "VOL-36", "VOL-43"],
    handlers: (volumes) => ({
      [unmount]: async (request: VolumeRequest) => {
        const reply = await volumes.unmount(request);
        const folder = volumes.dataOf(request.Name);
        if (countOf(volumes.existing(request.Name)) === 0)
          for (const file of readdirSync(folder)) rmSync(join(folder, file));
        return reply;
      },
    }),
  },
  "Path answers with another path": {
    fails: ["VOL-44"],
    handlers: (volumes) => ({ [path]: ({ Name }: VolumeRequest) => ({ Mountpoint: volumes.dataOf(Name) }) }),
  },
  "Path fails for a volume that is not mounted": {
    fails: ["VOL-45"],
    handlers: (volumes) => ({
      [path]: ({ Name }: VolumeRequest) => {
        const place = volumes.placeIfHeld(volumes.existing(Name));
        if (place === "") throw new Error("not mounted");
        return { Mountpoint: place };
      },
    }),
  },
};

function mountWith(
  volumes: ModelVolumes,
  { ending, path }: { ending: string; path: (name: string) => string },
): Handlers {
  return {
    [mount]: async (request: VolumeRequest) => {
      const reply = await volumes.mount(request);
      return request.Name.endsWith(ending) ? { Mountpoint: path(request.Name) } : reply;
    },
  };
}
