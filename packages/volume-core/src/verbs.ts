import { checkHouse } from "./check.ts";
import { collectGarbage } from "./garbage.ts";
import { findVolume, seeVolume, volumeOf, type House } from "./house.ts";
import { createVolume, removeVolume } from "./life.ts";
import { randomUUID } from "node:crypto";
import { RequestError } from "@outrigger/protocol";
import type { Finding } from "./findings.ts";
import type { VolumeSight } from "./known-volumes.ts";
import { snapshotsOf } from "./snapshots.ts";
import { Caller } from "./turns.ts";
import { infoOf, snapshotInfo } from "./volume-description.ts";
import type { VolumeEvent } from "./volume-events.ts";
import type { RemovedVolume, SnapshotInfo, UsageInfo, VolumeInfo } from "./volume-info.ts";
import { checkVolumeName } from "./volume-name.ts";
import type {
  CloneRequest,
  OpenedFolder,
  ReceiveRequest,
  RemovePolicy,
  SendRequest,
  VerbOptions,
  VolumeVerbs,
} from "./volume-verbs.ts";
import type { Turn } from "./volume.ts";
import type { VolumeStorage } from "./volume-storage.ts";
import type { VolumeWork } from "./volume-work.ts";

/** The verbs over the volumes of one plugin. */
export class Verbs implements VolumeVerbs {
  readonly #house: House;

  constructor(house: House) {
    this.#house = house;
  }

  list(): VolumeInfo[] {
    const { all, rules } = this.#house;
    const infos: VolumeInfo[] = [];
    for (const volume of all.seen()) if (volume.shown !== undefined) infos.push(infoOf(volume, volume.shown, rules));
    return infos.sort((a, b) => (a.name < b.name ? -1 : 1));
  }

  inspect(name: string): VolumeInfo {
    const volume = seeVolume(this.#house, name);
    return infoOf(volume, volume.shown, this.#house.rules);
  }

  find(name: string): VolumeInfo | undefined {
    const { all, rules } = this.#house;
    const volume = all.see(name);
    return volume?.shown && infoOf(volume, volume.shown, rules);
  }

  withSnapshots(): string[] {
    const has = ({ shown }: VolumeSight): boolean => shown !== undefined && snapshotsOf(shown).length > 0;
    // None of those at rest has any.
    return [...this.#house.all.awake()].filter(has).map(({ name }) => name);
  }

  async create(name: string, options: Readonly<Record<string, string>> = {}, verb?: VerbOptions): Promise<VolumeInfo> {
    await createVolume(this.#house, { name, options }, callerOf(verb));
    return this.inspect(name);
  }

  async remove(name: string, verb?: VerbOptions & { readonly policy?: RemovePolicy | undefined }): Promise<void> {
    await removeVolume(this.#house, { name, policy: verb?.policy }, callerOf(verb));
  }

  async release(name: string, holder: string, verb?: VerbOptions): Promise<void> {
    const volume = findVolume(this.#house, name);
    await volume.turn({ what: "released", action: "release", work: () => volume.release(holder) }, callerOf(verb));
  }

  async snapshot(name: string, snapshot?: string, verb?: VerbOptions): Promise<SnapshotInfo> {
    return await this.#addSnapshot(name, { snapshot, verb, action: "snapshot" }, (work) =>
      work.snapshot(snapshot === undefined ? {} : { name: snapshot }),
    );
  }

  snapshots(name: string): SnapshotInfo[] {
    return snapshotsOf(seeVolume(this.#house, name).shown).map(snapshotInfo);
  }

  async removeSnapshot(name: string, snapshot: string, verb?: VerbOptions): Promise<void> {
    const volume = findVolume(this.#house, name);
    const work = async (_storage: VolumeStorage, work: VolumeWork): Promise<void> => {
      volume.refuseOpened(snapshot);
      await work.drop(snapshot);
    };
    await volume.turn({ what: "relieved of a snapshot", action: "remove-snapshot", snapshot, work }, callerOf(verb));
  }

  async restore(name: string, snapshot: string, verb?: VerbOptions): Promise<void> {
    const volume = findVolume(this.#house, name);
    const work = async (_storage: VolumeStorage, work: VolumeWork): Promise<void> => {
      await volume.free();
      await work.restore(snapshot);
    };
    await volume.turn({ what: "restored", action: "restore", snapshot, work }, callerOf(verb));
  }

  async clone(from: CloneRequest, name: string, verb?: VerbOptions): Promise<VolumeInfo> {
    const { volume, snapshot, options = {} } = from;
    if (options["from"] !== undefined) throw new RequestError('option "from" is what is cloned already; leave it out');
    // Both become one option, whose text must not say something else.
    checkVolumeName(volume);
    if (snapshot !== undefined) checkVolumeName(snapshot, "snapshot");
    if (this.find(name) !== undefined) {
      throw new RequestError(`volume ${name} is there already; choose another name, or remove it first`);
    }
    return await this.create(
      name,
      { ...options, from: snapshot === undefined ? volume : `${volume}@${snapshot}` },
      verb,
    );
  }

  async resize(name: string, size: number, verb?: VerbOptions): Promise<VolumeInfo> {
    if (!Number.isSafeInteger(size) || size <= 0) throw new RequestError(`size ${size} is none; give bytes`);
    const work = (_storage: VolumeStorage, work: VolumeWork): Promise<void> => work.resize(size);
    await findVolume(this.#house, name).turn({ what: "resized", action: "resize", work }, callerOf(verb));
    return this.inspect(name);
  }

  async send(name: string, stream: SendRequest, verb?: VerbOptions): Promise<void> {
    const work = (_storage: VolumeStorage, work: VolumeWork): Promise<void> => work.send(stream);
    const { snapshot } = stream;
    await findVolume(this.#house, name).turn({ what: "sent", action: "send", snapshot, work }, callerOf(verb));
  }

  async receive(name: string, { snapshot, file }: ReceiveRequest, verb?: VerbOptions): Promise<SnapshotInfo> {
    return await this.#addSnapshot(name, { snapshot, verb, action: "receive" }, (work) => work.receive(snapshot, file));
  }

  async stats(name: string, verb?: VerbOptions): Promise<UsageInfo> {
    const volume = findVolume(this.#house, name);
    const measured = async (_storage: VolumeStorage, work: VolumeWork): Promise<UsageInfo> => {
      const usage = await work.stats({ thorough: true });
      if (usage === undefined) throw new Error(`backend of volume ${name} measured nothing`);
      return (volume.usage = { ...usage, measuredAt: new Date().toISOString() });
    };
    return await volume.turn({ what: "measured", work: measured }, callerOf(verb));
  }

  async openVolume(name: string, verb?: VerbOptions): Promise<OpenedFolder> {
    const id = `outrigger-${randomUUID()}`;
    const path = await findVolume(this.#house, name).mount(id, callerOf(verb));
    const close = async (): Promise<void> => await this.#house.all.get(name)?.unmount(id, Caller.patient());
    return { path, [Symbol.asyncDispose]: once(close) };
  }

  async openSnapshot(name: string, snapshot: string, verb?: VerbOptions): Promise<OpenedFolder> {
    const volume = findVolume(this.#house, name);
    const caller = callerOf(verb);
    const close = once(
      async (): Promise<void> =>
        await volume.turn({ what: "read", work: () => volume.closeSnapshot(snapshot) }, Caller.patient()),
    );
    const work = async (): Promise<string> => {
      const path = await volume.openSnapshot(snapshot);
      // Behind this turn, for nobody takes what it opened.
      if (caller.gone) void close().catch(() => {});
      return path;
    };
    return { path: await volume.turn({ what: "opened", work }, caller), [Symbol.asyncDispose]: close };
  }

  removed(): RemovedVolume[] {
    return this.#house.removed.list();
  }

  async bringBack(id: string, options?: VerbOptions & { readonly name?: string | undefined }): Promise<VolumeInfo> {
    const { removed } = this.#house;
    const name = options?.name ?? removed.nameOf(id);
    checkVolumeName(name);
    const work = async (storage: VolumeStorage): Promise<void> => {
      if (storage.record !== undefined) {
        throw new RequestError(`volume ${name} is there already; bring the removed one back under another name`);
      }
      await removed.bringBack(id, storage);
    };
    const turn = { what: "brought back", action: "bring-back", work } as const;
    await volumeOf(this.#house, name).turn(turn, callerOf(options));
    return this.inspect(name);
  }

  async purge(id: string, verb?: VerbOptions): Promise<void> {
    const late = (): string => `removed volume ${id} is still being purged; that goes on`;
    await callerOf(verb).wait(purge(this.#house, id), late);
  }

  async check(verb?: VerbOptions): Promise<Finding[]> {
    return await callerOf(verb).wait(checkHouse(this.#house), () => "still checking");
  }

  async gc(verb?: VerbOptions & { readonly apply?: boolean | undefined }): Promise<Finding[]> {
    const apply = verb?.apply === true;
    return await callerOf(verb).wait(collectGarbage(this.#house, { apply }), () => "still collecting; that goes on");
  }

  events(verb?: VerbOptions): AsyncIterableIterator<VolumeEvent> {
    return this.#house.feed.listen([verb?.signal, this.#house.around.closing]);
  }

  async #addSnapshot(
    name: string,
    { snapshot, verb, action }: Pick<Turn<unknown>, "snapshot" | "action"> & { verb: VerbOptions | undefined },
    make: (work: VolumeWork) => ReturnType<VolumeWork["snapshot"]>,
  ): Promise<SnapshotInfo> {
    const turn: Turn<SnapshotInfo> = {
      what: "snapshotted",
      action,
      snapshot,
      work: async (_storage, work) => {
        const made = snapshotInfo(await make(work));
        turn.snapshot = made.name;
        return made;
      },
    };
    return await findVolume(this.#house, name).turn(turn, callerOf(verb));
  }
}

/** Deletes a removed volume for good. */
export async function purge({ removed, feed, around }: House, id: string): Promise<void> {
  const volume = removed.nameOf(id);
  feed.emit({ volume, action: "purge", outcome: "begun" });
  try {
    await around.ready(removed.backendOf(id));
    await removed.purge(id, AbortSignal.any([around.closing, AbortSignal.timeout(around.backendTimeoutMs)]));
    feed.emit({ volume, action: "purge", outcome: "done" });
  } catch (error) {
    feed.emit({ volume, action: "purge", outcome: "failed", reason: String(error) });
    throw error;
  }
}

function callerOf(verb: VerbOptions | undefined): Caller {
  return new Caller({ signal: verb?.signal ?? new AbortController().signal, deadline: Infinity });
}

function once(work: () => Promise<void>): () => Promise<void> {
  let done: Promise<void> | undefined;
  return () => (done ??= work());
}
