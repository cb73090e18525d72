import { fromStored, type StoredVolume, type VolumeRecord } from "./volume-record.ts";
import type { Volume } from "./volume.ts";

/** What can be seen of a volume, without anything being done about it. */
export type VolumeSight = Pick<
  Volume,
  "name" | "shown" | "listed" | "folderName" | "unread" | "idle" | "problem" | "health" | "usage"
>;

/** The volumes as the last run left them, by name. */
export interface LoadedVolumes {
  /** The texts of those that rest. Whoever takes them over changes them. */
  readonly resting: Map<string, string>;
  readonly others: ReadonlyMap<string, VolumeRecord>;
}

/** Whether nothing has to be done about a volume until somebody asks for it. */
export function rests({ phase, intent, holds, snapshots = [], folder, options }: StoredVolume): boolean {
  const used = phase !== "idle" || intent !== undefined || holds.length > 0;
  return !used && snapshots.length === 0 && folder === undefined && options["snap-schedule"] === undefined;
}

/**
 * Every name that something is known of. Of many volumes few are used, so each is kept as the text of its record until
 * something is done about it for the first time: that takes a third of the memory, and makes a start short.
 */
export class KnownVolumes {
  readonly #resting: Map<string, string>;
  readonly #awake = new Map<string, Volume>();
  readonly #make: (name: string, record?: VolumeRecord) => Volume;

  constructor({ resting, others }: LoadedVolumes, make: (name: string, record?: VolumeRecord) => Volume) {
    this.#resting = resting;
    this.#make = make;
    for (const [name, record] of others) this.#keep(name, record);
  }

  /** The volume of a name, to do something about. */
  get(name: string): Volume | undefined {
    const text = this.#resting.get(name);
    if (text === undefined) return this.#awake.get(name);
    this.#resting.delete(name);
    return this.#keep(name, fromText(text));
  }

  /** A name that nothing was known of. */
  begin(name: string): Volume {
    return this.#keep(name);
  }

  /** Nothing is there under a name any more, and nobody waits for it. */
  forget(name: string): void {
    this.#awake.delete(name);
  }

  /** What is seen of one. */
  see(name: string): VolumeSight | undefined {
    const text = this.#resting.get(name);
    return text === undefined ? this.#awake.get(name) : new RestingVolume(name, text);
  }

  /** What is seen of all. */
  *seen(): Generator<VolumeSight> {
    for (const [name, text] of this.#resting) yield new RestingVolume(name, text);
    yield* this.#awake.values();
  }

  /** Those that something may have to be done about unasked. */
  awake(): Iterable<Volume> {
    return this.#awake.values();
  }

  #keep(name: string, record?: VolumeRecord): Volume {
    const volume = this.#make(name, record);
    this.#awake.set(name, volume);
    return volume;
  }
}

class RestingVolume implements VolumeSight {
  readonly name: string;
  readonly folderName: undefined;
  readonly unread = true;
  readonly idle = true;
  readonly problem: undefined;
  readonly health: undefined;
  readonly usage: undefined;
  readonly #text: string;

  constructor(name: string, text: string) {
    this.name = name;
    this.#text = text;
  }

  get shown(): VolumeRecord {
    return fromText(this.#text);
  }

  /** Without taking all of the text apart, which is most of a long List. */
  get listed(): { readonly createdAt: string } {
    // Behind the options, and within a string a quote has a backslash before it; so the last one is the volume's own.
    const start = this.#text.lastIndexOf(createdAtKey) + createdAtKey.length;
    return { createdAt: this.#text.slice(start, this.#text.indexOf('"', start)) };
  }
}

const createdAtKey = '"createdAt":"';

/** It was looked at when it was loaded. */
function fromText(text: string): VolumeRecord {
  return fromStored(JSON.parse(text) as StoredVolume);
}
