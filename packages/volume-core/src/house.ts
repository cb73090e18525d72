import { DriverError } from "@outrigger/protocol";
import type { EventFeed } from "./event-feed.ts";
import type { OptionRules } from "./option-rules.ts";
import type { RemovedVolumes } from "./removed-volumes.ts";
import { quoteName } from "./volume-name.ts";
import type { Volume, VolumeSurroundings } from "./volume.ts";

/** The volumes of one plugin, and what belongs to all of them. */
export interface House {
  /** Every name that something is known of. */
  readonly all: ReadonlyMap<string, Volume>;
  /** A name that nothing was known of. */
  begin(name: string): Volume;
  readonly around: VolumeSurroundings;
  readonly rules: OptionRules;
  readonly removed: RemovedVolumes;
  readonly feed: EventFeed;
  /** How long a volume with `on-remove=trash` is kept. */
  readonly trashKeepMs: number;
  /** What could not be deleted from the trash folder. */
  readonly trashProblems: () => readonly Error[];
}

/** The volume that is there under a name; throws `DriverError` where there is none. */
export function findVolume({ all }: Pick<House, "all">, name: string): Volume {
  const volume = all.get(name);
  if (volume?.shown === undefined) throw new DriverError(`no such volume: ${quoteName(name)}`);
  return volume;
}

/** Whatever is there under a name, or will be. */
export function volumeOf(house: Pick<House, "all" | "begin">, name: string): Volume {
  return house.all.get(name) ?? house.begin(name);
}
