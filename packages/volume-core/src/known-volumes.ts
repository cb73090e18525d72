import { fromStored, type StoredVolume, type VolumeRecord } from "./volume-record.ts";
import type { Volume } from "./volume.ts";

/** What can be seen of a volume, without anything being done about it. */
export type VolumeSight = Pick<
  Volume,
  "name" | "shown" | "folderName" | "unread" | "idle" | "problem" | "health" | "usage"
>;

/** A volume as the last run left it: its record, or, where it rests, the text of it. */
export type LoadedVolume = VolumeRecord | string;

/** Whether nothing has to be done about a volume until somebody asks for it. */
export function rests({ phase, intent, holds, snapshots = [], folder, options }: StoredVolume): boolean {
  const used = phase !== "idle" || intent !== undefined || holds.length > 0;
  return !used && snapshots.length === 0 && folder === undefined && options["snap-schedule"] === undefined;
}

/**
 * Every name that something is known of. Of many volumes few are used, so each is kept as the text of its record until
 * something is done about it for the first time: that takes a tenth of the memory, and makes a start short.
 */
export class KnownVolumes {
  readonly #known: Map<string, Volume | string>;
  readonly #make: (name: string, record?: VolumeRecord) => Volume;

  constructor(loaded: ReadonlyMap<string, LoadedVolume>, make: (name: string, record?: VolumeRecord) => Volume) {
    this.#make = make;
    const whole = ([name, one]: [string, LoadedVolume]): [string, Volume | string] => [
      name,
      typeof one === "string" ? one : make(name, one),
    ];
    this.#known = new Map(loaded.entries().map(whole));
  }

  /** The volume of a name, to do something about. */
  get(name: string): Volume | undefined {
    const known = this.#known.get(name);
    return typeof known === "string" ? this.#keep(name, fromText(known)) : known;
  }

  /** A name that nothing was known of. */
  begin(name: string): Volume {
    return this.#keep(name);
  }

  /** Nothing is there under a name any more, and nobody waits for it. */
  forget(name: string): void {
    this.#known.delete(name);
  }

  /** What is seen of one. */
  see(name: string): VolumeSight | undefined {
    const known = this.#known.get(name);
    return typeof known === "string" ? new RestingVolume(name, known) : known;
  }

  /** What is seen of all. */
  *seen(): Generator<VolumeSight> {
    for (const [name, known] of this.#known) yield typeof known === "string" ? new RestingVolume(name, known) : known;
  }

  /** Those that something may have to be done about unasked. */
  *awake(): Generator<Volume> {
    for (const known of this.#known.values()) if (typeof known !== "string") yield known;
  }

  #keep(name: string, record?: VolumeRecord): Volume {
    const volume = this.#make(name, record);
    this.#known.set(name, volume);
    return volume;
  }
}

class RestingVolume implements VolumeSight {
  readonly name: string;
  readonly shown: VolumeRecord;
  readonly folderName: undefined;
  readonly unread = true;
  readonly idle = true;
  readonly problem: undefined;
  readonly health: undefined;
  readonly usage: undefined;

  constructor(name: string, text: string) {
    this.name = name;
    this.shown = fromText(text);
  }
}

/** It was looked at when it was loaded. */
function fromText(text: string): VolumeRecord {
  return fromStored(JSON.parse(text) as StoredVolume);
}
