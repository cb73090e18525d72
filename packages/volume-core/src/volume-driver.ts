import type { Driver, Options } from "@outrigger/plugin";
import { DriverError, RequestError, type volumeDriver } from "@outrigger/protocol";
import { Caller } from "./turns.ts";
import { describeVolume, statusOf } from "./volume-description.ts";
import { checkVolumeName, quoteName } from "./volume-name.ts";
import type { Volume } from "./volume.ts";

/** Whether an engine's cluster is to see one volume on all hosts, or one on each. */
export type Scope = "local" | "global";

/** The names that something is known of, and how one more is begun. */
export interface KnownVolumes<S extends Options> {
  readonly all: ReadonlyMap<string, Volume<S>>;
  readonly scope: Scope;
  begin(name: string): Volume<S>;
}

// The engine's have 64 characters, and all of it is kept.
const longestId = 256;

/** The wire side: Get, List and Path answer at once from memory, the others in the volume's turn. */
export function createVolumeDriver<S extends Options>(known: KnownVolumes<S>): Driver<typeof volumeDriver> {
  const existing = (name: string): Volume<S> => {
    const volume = known.all.get(name);
    if (volume?.shown === undefined) throw new DriverError(`no such volume: ${quoteName(name)}`);
    return volume;
  };
  return {
    create({ Name, Opts }, call) {
      checkVolumeName(Name);
      const volume = known.all.get(Name) ?? known.begin(Name);
      return volume.create(Opts ?? {}, new Caller(call));
    },
    remove({ Name }, call) {
      return existing(Name).remove(new Caller(call));
    },
    async mount({ Name, ID }, call) {
      if (ID.length > longestId) {
        throw new RequestError(`ID has ${ID.length} characters; use ${longestId} at the most`);
      }
      return { Mountpoint: await existing(Name).mount(ID, new Caller(call)) };
    },
    unmount({ Name, ID }, call) {
      return known.all.get(Name)?.unmount(ID, new Caller(call));
    },
    path({ Name }) {
      return { Mountpoint: existing(Name).shown?.mountpoint ?? "" };
    },
    get({ Name }) {
      const volume = existing(Name);
      return { Volume: { ...describeVolume(volume), Status: statusOf(volume) } };
    },
    list() {
      return { Volumes: [...known.all.values()].filter(({ shown }) => shown !== undefined).map(describeVolume) };
    },
    capabilities() {
      return { Capabilities: { Scope: known.scope } };
    },
  };
}
