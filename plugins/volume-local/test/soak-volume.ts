import assert from "node:assert/strict";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { RemovedVolume, VolumeInfo } from "@outrigger/volume-core";
import { CutOff, type SoakPlugin } from "./soak-plugin-process.ts";

/** A volume to be used over and over. */
export interface SoakVolumeOptions {
  readonly name: string;
  readonly options: Readonly<Record<string, string>>;
  /** Sizes that it grows to, from its first one. */
  readonly sizes?: readonly number[];
  /** Whether it has snapshots and clones. */
  readonly snapshots: boolean;
  /** A number from 0 up to 1, from a seed. */
  readonly random: () => number;
}

/** What may be true of a volume. */
interface Fate {
  readonly there: "nothing" | "volume" | "removed";
  /** What its file begins with; empty where it was never written. */
  readonly text: string;
  readonly size: number | undefined;
  /** What was in it when each snapshot was made. */
  readonly snapshots: Readonly<Record<string, string>>;
}

const nothing: Fate = { there: "nothing", text: "", size: undefined, snapshots: {} };

/** One volume that everything is done to, and all that may be true of it while an answer is outstanding. */
export class SoakVolume {
  readonly name: string;
  /** Calls that were answered. */
  calls = 0;
  readonly #given: SoakVolumeOptions;
  #possible: readonly Fate[] = [nothing];
  #round = 0;

  constructor(given: SoakVolumeOptions) {
    this.name = given.name;
    this.#given = given;
  }

  /** Looks what became of it, then goes on until the plugin is gone. `disturbed` counts the commands killed so far. */
  async use(plugin: SoakPlugin, disturbed: () => number): Promise<void> {
    for (let failures = 0; ;) {
      const before = disturbed();
      try {
        await this.#settle(plugin);
        if (this.#possible.length > 1 || this.#given.random() < 0.3) await this.verify(plugin);
        for (;;) {
          await this.#act(plugin);
          failures = 0;
        }
      } catch (error) {
        if (error instanceof CutOff) return;
        // A command was killed under it: the plugin says that it failed, and has to have undone it.
        if (disturbed() === before && ++failures > 2) throw error;
      }
    }
  }

  /** Compares its data with what was written. */
  async verify(plugin: SoakPlugin): Promise<void> {
    if (this.#certain().there !== "volume") return;
    const text = await this.#read(plugin, this.name);
    const matching = this.#possible.filter((fate) => fate.text === text);
    assert.ok(matching.length > 0, `${this.name} holds "${text}", not ${this.#allowed()}`);
    this.#possible = matching.slice(0, 1);
  }

  /** Looks what became of it, compares its data, and removes it for good. */
  async finish(plugin: SoakPlugin): Promise<void> {
    await this.#settle(plugin);
    await this.verify(plugin);
    if (this.#certain().there === "volume") await plugin.do("remove", this.name);
    for (const { id } of await this.#removed(plugin)) await plugin.do("purge", id);
    this.#possible = [nothing];
  }

  /** Compares what the plugin lists with what may be true, and gives back what was held. */
  async #settle(plugin: SoakPlugin): Promise<void> {
    // What `list` returns, through JSON.
    const list = (await plugin.do("list")) as VolumeInfo[];
    const volume = list.find(({ name }) => name === this.name);
    const removed = await this.#removed(plugin);
    assert.ok(removed.length + (volume === undefined ? 0 : 1) <= 1, `${this.name} is there once`);
    const there = volume !== undefined ? "volume" : removed.length > 0 ? "removed" : "nothing";
    const snapshots = volume?.snapshots.map(({ name }) => name).join();
    const fits = (fate: Fate): boolean =>
      fate.there === there &&
      (volume === undefined || (Object.keys(fate.snapshots).join() === snapshots && fate.size === volume.sizeBytes));
    const matching = this.#possible.filter(fits);
    const found = JSON.stringify({ there, snapshots, size: volume?.sizeBytes, state: volume?.state });
    assert.ok(matching.length > 0, `${this.name} is ${found}, not ${this.#allowed()}`);
    this.#possible = matching;
    for (const { ID, mounts } of volume?.holders ?? []) {
      for (let left = mounts; left > 0; left--) await plugin.do("unmount", this.name, ID);
    }
    if (list.some(({ name }) => name === this.#copy)) {
      const text = await this.#read(plugin, this.#copy);
      assert.ok(
        this.#possible.some((fate) => fate.text === text),
        `${this.#copy} holds "${text}", not ${this.#allowed()}`,
      );
      await plugin.do("remove", this.#copy);
    }
    // Also where a kill fell between the two.
    for (const { id } of await this.#removed(plugin, this.#copy)) await plugin.do("purge", id);
  }

  async #act(plugin: SoakPlugin): Promise<void> {
    if (this.#possible.length > 1) await this.verify(plugin);
    const { there, snapshots, size, text } = this.#certain();
    const names = Object.keys(snapshots);
    if (there === "nothing") return await this.#create(plugin);
    if (there === "removed") return await this.#decide(plugin);
    const next = this.#given.sizes?.find((larger) => size !== undefined && larger > size);
    const [first] = names;
    const acts: ((() => Promise<void>) | undefined)[] = [
      () => this.#write(plugin),
      () => this.#write(plugin),
      () => this.verify(plugin),
      () => this.#remove(plugin),
      next === undefined ? undefined : () => this.#change(plugin, { size: next }, ["resize", next]),
      ...(this.#given.snapshots
        ? [
            names.length < 2 ? () => this.#snapshot(plugin, text) : undefined,
            first === undefined ? undefined : () => this.#drop(plugin, first),
            first === undefined
              ? undefined
              : () => this.#change(plugin, { text: snapshots[first] ?? "" }, ["restore", first]),
            () => this.#clone(plugin),
          ]
        : []),
    ];
    const possible = acts.filter((act) => act !== undefined);
    await possible[Math.floor(this.#given.random() * possible.length)]?.();
  }

  async #create(plugin: SoakPlugin): Promise<void> {
    const [size] = this.#given.sizes ?? [];
    const options = { ...this.#given.options, ...(size !== undefined && { size: String(size) }) };
    await this.#change(plugin, { ...nothing, there: "volume", size }, ["create", options]);
  }

  async #write(plugin: SoakPlugin): Promise<void> {
    const path = await this.#mounted(plugin, this.name, "writer");
    const text = `${this.name} ${++this.#round}`;
    // Ours, so that it is whole whatever happens to the plugin meanwhile.
    await writeFile(join(path, "file"), content(text), { flush: true });
    this.#possible = [{ ...this.#certain(), text }];
    await this.#ask(plugin, "unmount", this.name, "writer");
  }

  async #snapshot(plugin: SoakPlugin, text: string): Promise<void> {
    const name = `s${++this.#round}`;
    const snapshots = { ...this.#certain().snapshots, [name]: text };
    await this.#change(plugin, { snapshots }, ["snapshot", name]);
  }

  async #drop(plugin: SoakPlugin, name: string): Promise<void> {
    const { [name]: _dropped, ...snapshots } = this.#certain().snapshots;
    await this.#change(plugin, { snapshots }, ["removeSnapshot", name]);
  }

  /** A clone has what is there now; it is removed at once, or by the next look. */
  async #clone(plugin: SoakPlugin): Promise<void> {
    await this.#ask(plugin, "clone", this.name, this.#copy);
    await this.#settle(plugin);
  }

  async #remove(plugin: SoakPlugin): Promise<void> {
    const kept = this.#given.options["on-remove"] === "trash";
    await this.#change(plugin, kept ? { there: "removed" } : nothing, ["remove"]);
  }

  async #decide(plugin: SoakPlugin): Promise<void> {
    const [removed] = await this.#removed(plugin);
    assert.ok(removed, `${this.name} can be brought back`);
    const back = this.#given.random() < 0.7;
    this.#possible = [...this.#possible, back ? { ...this.#certain(), there: "volume" } : nothing];
    await this.#ask(plugin, back ? "bringBack" : "purge", removed.id);
    this.#possible = this.#possible.slice(1);
  }

  async #change(
    plugin: SoakPlugin,
    change: Partial<Fate>,
    [verb, ...args]: readonly [verb: string, ...args: unknown[]],
  ): Promise<void> {
    const after = { ...this.#certain(), ...change };
    this.#possible = [this.#certain(), after];
    await this.#ask(plugin, verb, this.name, ...args);
    this.#possible = [after];
  }

  async #read(plugin: SoakPlugin, name: string): Promise<string> {
    const path = await this.#mounted(plugin, name, "reader");
    const bytes = await readFile(join(path, "file"), "utf8").catch((error: unknown) => {
      if (error instanceof Error && "code" in error && error.code === "ENOENT") return "";
      throw error;
    });
    const text = bytes.slice(0, Math.max(0, bytes.indexOf("\n")));
    assert.ok(bytes === "" || bytes === content(text), `the file of ${name} is whole`);
    await this.#ask(plugin, "unmount", name, "reader");
    return text;
  }

  async #mounted(plugin: SoakPlugin, name: string, id: string): Promise<string> {
    // What `mount` answers.
    return ((await this.#ask(plugin, "mount", name, id)) as { Mountpoint: string }).Mountpoint;
  }

  async #removed(plugin: SoakPlugin, name = this.name): Promise<RemovedVolume[]> {
    // What `removed` returns, through JSON.
    return ((await plugin.do("removed")) as RemovedVolume[]).filter((removed) => removed.name === name);
  }

  async #ask(plugin: SoakPlugin, verb: string, ...args: unknown[]): Promise<unknown> {
    const done = await plugin.do(verb, ...args);
    this.calls++;
    return done;
  }

  get #copy(): string {
    return `${this.name}-copy`;
  }

  #certain(): Fate {
    const [fate] = this.#possible;
    assert.ok(fate);
    return fate;
  }

  #allowed(): string {
    return this.#possible.map((fate) => JSON.stringify(fate)).join(" or ");
  }
}

/** A file of some pages that its first line says all of. */
function content(text: string): string {
  return `${text}\n`.repeat(1000);
}
