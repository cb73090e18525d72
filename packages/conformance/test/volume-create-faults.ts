// What volume plugins get wrong in making and removing volumes; see volume-answer-faults.ts.
import { mkdirSync, readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import type { IncomingMessage } from "node:http";
import type { Handlers } from "./model.ts";
import { countOf, type KnownFault, type ModelVolumes, type VolumeRequest } from "./volume-model.ts";

const create = "VolumeDriver.Create";
const remove = "VolumeDriver.Remove";

/** Faults by what the plugin does. */
export const volumeCreateFaults: Readonly<Record<string, KnownFault>> = {
  "Create fails": {
    fails: ["VOL-04"],
    handlers: (volumes) => createWith(volumes, ({ Name }) => assertNot(Name.endsWith("-new"))),
  },
  "Create needs options": {
    fails: ["VOL-05"],
    handlers: (volumes) => createWith(volumes, ({ Opts }) => assertNot(Opts === null)),
  },
  "Create needs the key Opts": {
    fails: ["VOL-06"],
    handlers: (volumes) => createWith(volumes, ({ Opts }) => assertNot(Opts === undefined)),
  },
  "Create takes any option": {
    fails: ["VOL-07"],
    handlers: (volumes) => ({ [create]: ({ Name, ID }: VolumeRequest) => volumes.create({ Name, ID }) }),
  },
  "Create does not say which option is wrong": {
    fails: ["VOL-07"],
    handlers: (volumes) => createWith(volumes, ({ Opts }) => assertNot(Object.keys(Opts ?? {}).length > 0)),
  },
  "Create of a name that exists fails": {
    fails: ["VOL-08"],
    handlers: (volumes) => createWith(volumes, ({ Name }) => assertNot(volumes.all.has(Name))),
  },
  "Create empties a volume that exists": {
    fails: ["VOL-08"],
    handlers: (volumes) => ({
      [create]: (request: VolumeRequest) => {
        const isThere = volumes.all.has(request.Name);
        volumes.create(request);
        if (isThere) empty(volumes, request.Name);
        return {};
      },
    }),
  },
  "Create with other options empties a volume": {
    fails: ["VOL-09"],
    handlers: (volumes) => ({
      [create]: (request: VolumeRequest) => {
        if (volumes.all.has(request.Name) && request.Opts?.["or-no-such-option"] !== undefined)
          empty(volumes, request.Name);
        return volumes.create(request);
      },
    }),
  },
  "Create leaves a volume behind where it fails": {
    fails: ["VOL-10"],
    handlers: (volumes) => ({
      [create]: (request: VolumeRequest) => {
        if (Object.keys(request.Opts ?? {}).length > 0 && !volumes.all.has(request.Name)) volumes.make(request.Name);
        return volumes.create(request);
      },
    }),
  },
  "Create mounts": {
    fails: ["VOL-11"],
    attachBy: "bind",
    handlers: (volumes) => ({
      [create]: async (request: VolumeRequest) => {
        const isThere = volumes.all.has(request.Name);
        volumes.create(request);
        if (!isThere) await volumes.attach(request.Name);
        return {};
      },
      [remove]: async (request: VolumeRequest) => {
        const volume = volumes.existing(request.Name);
        if (countOf(volume) === 0) await volumes.detach(request.Name);
        return volumes.remove(request);
      },
    }),
  },
  "a name is a path": {
    fails: ["VOL-51"],
    handlers: (volumes) => {
      volumes.check = () => {};
      volumes.make = (Name) => {
        mkdirSync(volumes.dataOf(Name), { recursive: true });
        volumes.all.set(Name, { Name, CreatedAt: new Date().toISOString(), holds: {} });
        volumes.save();
      };
      return {};
    },
  },
  "names are not told apart by case": {
    fails: ["VOL-52"],
    handlers: (volumes) => {
      volumes.placeOf = (name) => join(volumes.folder, "mnt", name.toLowerCase());
      return {};
    },
  },
  "Remove forgets nothing": {
    // To answer well and do nothing is no refusal either.
    fails: ["VOL-24", "VOL-46", "VOL-47", "VOL-50"],
    handlers: () => ({ [remove]: () => ({}) }),
  },
  "Remove takes a mounted volume away": {
    fails: ["VOL-47"],
    handlers: (volumes) => ({
      [remove]: async (request: VolumeRequest) => {
        volumes.existing(request.Name).holds = {};
        await volumes.detach(request.Name);
        return volumes.remove(request);
      },
    }),
  },
  "Remove of an unknown volume is not answered": {
    fails: ["VOL-48"],
    handlers: (volumes) => ({
      [remove]: (request: VolumeRequest, incoming: IncomingMessage) => {
        if (!volumes.all.has(request.Name)) incoming.socket.destroy();
        return volumes.remove(request);
      },
    }),
  },
  "Remove keeps the data, and Create finds it": {
    fails: ["VOL-50"],
    handlers: (volumes) => {
      volumes.make = (Name) => {
        mkdirSync(volumes.dataOf(Name), { recursive: true });
        volumes.all.set(Name, { Name, CreatedAt: new Date().toISOString(), holds: {} });
        volumes.save();
      };
      return {
        [remove]: ({ Name }: VolumeRequest) => {
          if (countOf(volumes.existing(Name)) > 0) throw new Error("in use");
          volumes.all.delete(Name);
          volumes.save();
          return {};
        },
      };
    },
  },
};

function createWith(volumes: ModelVolumes, check: (request: VolumeRequest) => void): Handlers {
  return {
    [create]: (request: VolumeRequest) => {
      check(request);
      return volumes.create(request);
    },
  };
}

function assertNot(wrong: boolean): void {
  if (wrong) throw new Error("refused");
}

function empty(volumes: ModelVolumes, name: string): void {
  for (const file of readdirSync(volumes.dataOf(name))) rmSync(`${volumes.dataOf(name)}/${file}`);
}
