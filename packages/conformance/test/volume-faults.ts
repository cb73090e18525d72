// What volume plugins get wrong in what they say, make and remove: each a small change of the model, and the cases that
// fail for it. Where a fault would leave nothing to judge, it concerns the one volume whose name ends as its case has it.
import { mkdirSync, readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import type { IncomingMessage } from "node:http";
import type { Handlers } from "./model.ts";
import { countOf, type KnownFault, type ModelVolumes, type VolumeRequest } from "./volume-model.ts";

const create = "VolumeDriver.Create";
const remove = "VolumeDriver.Remove";
const get = "VolumeDriver.Get";
const list = "VolumeDriver.List";
const capabilities = "VolumeDriver.Capabilities";

/** Faults by what the plugin does. */
export const volumeFaults: Readonly<Record<string, KnownFault>> = {
  "the scope is swarm": {
    fails: ["VOL-01"],
    handlers: () => ({ [capabilities]: () => ({ Capabilities: { Scope: "swarm" } }) }),
  },
  "the scope is another at each call": {
    fails: ["VOL-02"],
    handlers: () => {
      let calls = 0;
      return { [capabilities]: () => ({ Capabilities: { Scope: (calls += 1) % 2 === 0 ? "local" : "Global" } }) };
    },
  },
  "Capabilities starts the plugin's state anew, at last": {
    fails: ["VOL-03"],
    handlers: (volumes) => {
      let calls = 0;
      return {
        [capabilities]: () => {
          if ((calls += 1) === 40) volumes.all.clear();
          return {};
        },
      };
    },
  },
  "Get makes a volume up": {
    // A volume whose Create failed is one that was never made.
    fails: ["VOL-12", "VOL-10"],
    handlers: (volumes) => {
      const seen = new Set<string>();
      return {
        [create]: (request: VolumeRequest) => {
          const made = volumes.create(request);
          seen.add(request.Name);
          return made;
        },
        [get]: ({ Name }: VolumeRequest) => ({
          Volume: seen.has(Name) ? volumes.describe(volumes.existing(Name)) : { Name },
        }),
      };
    },
  },
  "Get answers with small letters": {
    fails: ["VOL-13"],
    handlers: (volumes) => getWith(volumes, ({ Name }) => ({ Name: Name.toLowerCase() })),
  },
  "Get has an empty CreatedAt": {
    fails: ["VOL-14"],
    handlers: (volumes) => getWith(volumes, () => ({ CreatedAt: "" })),
  },
  "Get has a list for Status": { fails: ["VOL-15"], handlers: (volumes) => getWith(volumes, () => ({ Status: [] })) },
  "Get has an object for Mountpoint": {
    fails: ["VOL-16"],
    handlers: (volumes) => getWith(volumes, () => ({ Mountpoint: {} })),
  },
  "Get fails for a volume that is mounted": {
    // A mounted volume whose Remove was refused is there, too.
    fails: ["VOL-18", "VOL-47"],
    handlers: (volumes) => ({
      [get]: ({ Name }: VolumeRequest) => {
        const volume = volumes.existing(Name);
        if (countOf(volume) > 0) throw new Error("busy");
        return { Volume: volumes.describe(volume) };
      },
    }),
  },
  "Get is slow": {
    fails: ["VOL-19"],
    handlers: (volumes) => ({
      [get]: async ({ Name }: VolumeRequest) => {
        if (Name.endsWith("-quick")) await wait(1100);
        return { Volume: volumes.describe(volumes.existing(Name)) };
      },
    }),
  },
  "Get is refused when there were many": {
    fails: ["VOL-20"],
    handlers: (volumes) => {
      let calls = 0;
      return {
        [get]: ({ Name }: VolumeRequest) => {
          if (Name.endsWith("-boot")) assertNot((calls += 1) > 40);
          return { Volume: volumes.describe(volumes.existing(Name)) };
        },
      };
    },
  },
  "List has an empty CreatedAt": {
    fails: ["VOL-22"],
    handlers: (volumes) => ({
      [list]: () => ({
        Volumes: [...volumes.all.values()].map((volume) => ({ ...volumes.describe(volume), CreatedAt: "" })),
      }),
    }),
  },
  "List needs a body": {
    fails: ["VOL-23"],
    handlers: (volumes) => ({
      [list]: (_: VolumeRequest, incoming: IncomingMessage) => {
        if (incoming.headers["content-length"] === "0") throw new Error("unexpected end of JSON input");
        return listOf(volumes, () => true);
      },
    }),
  },
  "List loses every third volume": {
    // Both look for each of several volumes.
    fails: ["VOL-24", "VOL-52"],
    handlers: (volumes) => ({ [list]: () => listOf(volumes, (_, index) => index % 3 !== 2) }),
  },
  "List knows removed volumes": {
    fails: ["VOL-24", "VOL-25", "VOL-46"],
    handlers: (volumes) => {
      const removed: string[] = [];
      return {
        [remove]: (request: VolumeRequest) => {
          volumes.remove(request);
          removed.push(request.Name);
          return {};
        },
        [list]: () => ({ Volumes: [...listOf(volumes, () => true).Volumes, ...removed.map((Name) => ({ Name }))] }),
      };
    },
  },
  "List has a volume that Get does not know": {
    fails: ["VOL-25"],
    handlers: (volumes) => ({
      [list]: () => ({ Volumes: [...listOf(volumes, () => true).Volumes, { Name: "ghost" }] }),
    }),
  },
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

function getWith(volumes: ModelVolumes, change: (request: VolumeRequest) => object): Handlers {
  return {
    [get]: (request: VolumeRequest) => ({
      Volume: { ...volumes.describe(volumes.existing(request.Name)), ...change(request) },
    }),
  };
}

function createWith(volumes: ModelVolumes, check: (request: VolumeRequest) => void): Handlers {
  return {
    [create]: (request: VolumeRequest) => {
      check(request);
      return volumes.create(request);
    },
  };
}

function listOf(
  volumes: ModelVolumes,
  keep: (name: string, index: number) => boolean,
): { readonly Volumes: readonly object[] } {
  const all = [...volumes.all.values()].filter(({ Name }, index) => keep(Name, index));
  return { Volumes: all.map((volume) => volumes.describe(volume)) };
}

function assertNot(wrong: boolean): void {
  if (wrong) throw new Error("refused");
}

function empty(volumes: ModelVolumes, name: string): void {
  for (const file of readdirSync(volumes.dataOf(name))) rmSync(`${volumes.dataOf(name)}/${file}`);
}
