import type { Driver } from "@outrigger/plugin";
import { RequestError, type volumeDriver } from "@outrigger/protocol";
import { findVolume, seeVolume, type House } from "./house.ts";
import { createVolume, removeVolume } from "./life.ts";
import { Caller } from "./turns.ts";
import { describeVolume, infoOf, statusOf } from "./volume-description.ts";

/** Whether an engine's cluster is to see one volume on all hosts, or one on each. */
export type Scope = "local" | "global";

// The engine's have 64 characters, and all of it is kept.
const longestId = 256;

/** The wire side: Get, List and Path answer at once from memory, the others in the volume's turn. */
export function createVolumeDriver(house: House, scope: Scope): Driver<typeof volumeDriver> {
  return {
    create({ Name, Opts }, call) {
      return createVolume(house, { name: Name, options: Opts ?? {} }, new Caller(call));
    },
    remove({ Name }, call) {
      return removeVolume(house, { name: Name }, new Caller(call));
    },
    async mount({ Name, ID }, call) {
      if (ID.length > longestId) {
        throw new RequestError(`ID has ${ID.length} characters; use ${longestId} at the most`);
      }
      return { Mountpoint: await findVolume(house, Name).mount(ID, new Caller(call)) };
    },
    unmount({ Name, ID }, call) {
      return house.all.get(Name)?.unmount(ID, new Caller(call));
    },
    path({ Name }) {
      return { Mountpoint: seeVolume(house, Name).shown.mountpoint ?? "" };
    },
    get({ Name }) {
      const volume = seeVolume(house, Name);
      const Status = statusOf(infoOf(volume, volume.shown, house.rules));
      return { Volume: { ...describeVolume(Name, volume.shown), Status } };
    },
    list() {
      const Volumes = [];
      for (const { name, listed } of house.all.seen())
        if (listed !== undefined) Volumes.push(describeVolume(name, listed));
      return { Volumes };
    },
    capabilities() {
      return { Capabilities: { Scope: scope } };
    },
  };
}
