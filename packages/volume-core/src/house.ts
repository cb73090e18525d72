import { DriverError } from "@outrigger/protocol";
import type { EventFeed } from "./event-feed.ts";
import type { KnownVolumes, VolumeSight } from "./known-volumes.ts";
import type { OptionRules } from "./option-rules.ts";
import type { RemovedVolumes } from "./removed-volumes.ts";
import { quoteName } from "./volume-name.ts";
import type { VolumeRecord } from "./volume-record.ts";
import type { Volume, VolumeSurroundings } from "./volume.ts";

/** The volumes of one plugin, and what belongs to all of them. */
export interface House {
  readonly all: KnownVolumes;
  readonly around: VolumeSurroundings;
  readonly rules: OptionRules;
  readonly removed: RemovedVolumes;
  readonly feed: EventFeed;
  /** How long a volume with `on-remove=trash` is kept. */
  readonly trashKeepMs: number;
  /** What could not be deleted from the trash folder. */
  readonly trashProblems: () => readonly Error[];
}

/** The volume that is there under a name, to do something about; throws `DriverError` where there is none. */
export function findVolume({ all }: Pick<House, "all">, name: string): Volume {
  return thereIs(all.get(name), name);
}

/** The same, only to look at. */
export function seeVolume({ all }: Pick<House, "all">, name: string): VolumeSight & { readonly shown: VolumeRecord } {
  const seen = thereIs(all.see(name), name);
  // `thereIs` looked.
  return seen as typeof seen & { readonly shown: VolumeRecord };
}

function thereIs<T extends VolumeSight>(volume: T | undefined, name: string): T {
  if (volume?.shown === undefined) throw new DriverError(`no such volume: ${quoteName(name)}`);
  return volume;
}

/** Whatever is there under a name, or will be. */
export function volumeOf({ all }: Pick<House, "all">, name: string): Volume {
  return all.get(name) ?? all.begin(name);
}
