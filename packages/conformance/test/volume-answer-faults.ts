// What volume plugins get wrong in what they say: each a small change of the model, and the cases that fail for it. Where a
// fault would leave nothing to judge, it concerns the one volume whose name ends as its case has it.
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
export const volumeAnswerFaults: Readonly<Record<string, KnownFault>> = {
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
};

function getWith(volumes: ModelVolumes, change: (request: VolumeRequest) => object): Handlers {
  return {
    [get]: (request: VolumeRequest) => ({
      Volume: { ...volumes.describe(volumes.existing(request.Name)), ...change(request) },
    }),
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
