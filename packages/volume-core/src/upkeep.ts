// What is done without being asked, one thing at a time: looking after mounts, scheduled snapshots, deletions, copies.
import { lstat } from "node:fs/promises";
import { setTimeout as wait } from "node:timers/promises";
import { readMounts, run, type Mount } from "@outrigger/linux";
import type { Logger } from "@outrigger/plugin";
import type { Store } from "@outrigger/store";
import type { ExpectedMount } from "./backend.ts";
import type { House } from "./house.ts";
import { findWrongMount } from "./mount-view.ts";
import { snapshotsOf } from "./snapshots.ts";
import { Caller } from "./turns.ts";
import { purge } from "./verbs.ts";
import type { VolumeRecord } from "./volume-record.ts";
import type { VolumeWork } from "./volume-work.ts";
import type { Health, Volume } from "./volume.ts";

/** What upkeep needs beside the volumes. */
export interface UpkeepOptions {
  readonly store: Store;
  readonly log?: Logger | undefined;
  /** Between two rounds. */
  readonly everyMs: number;
  /** Between two copies of the state file, and two measurements of a volume. */
  readonly seldomMs: number;
}

/** Rounds of upkeep until the plugin stops; none begins before the one before has ended. */
export class Upkeep {
  readonly #house: House;
  readonly #options: UpkeepOptions;
  #timer: NodeJS.Timeout | undefined;
  #seldom = 0;
  /** Volumes, and removed ones by their id, that are being looked after. */
  readonly #busy = new Set<Volume | string>();
  /** Resolves when the round that is under way has ended. */
  settled: Promise<void> = Promise.resolve();

  constructor(house: House, options: UpkeepOptions) {
    this.#house = house;
    this.#options = options;
    this.#later();
    house.around.closing.addEventListener("abort", () => clearTimeout(this.#timer), { once: true });
  }

  async #round(): Promise<void> {
    const { log, seldomMs, store } = this.#options;
    const seldom = performance.now() - this.#seldom >= seldomMs;
    if (seldom) this.#seldom = performance.now();
    this.#house.around.reserve.fill();
    const mounts = await readMounts();
    for (const volume of this.#house.all.awake()) {
      if (this.#house.around.closing.aborted) return;
      if (needsCare(volume)) await this.#lookAfter(volume, () => this.#tend(volume, { mounts, seldom }));
    }
    for (const id of this.#house.removed.due(this.#house.around.now())) {
      await this.#lookAfter(id, () => purge(this.#house, id));
    }
    if (seldom)
      await store.keepCopy().catch((error: unknown) => log?.warn("the state file could not be copied", error));
  }

  /** One that hangs keeps the others waiting for the time of a round, once, and is left alone until it has ended. */
  async #lookAfter(one: Volume | string, work: () => Promise<void>): Promise<void> {
    const { log, everyMs } = this.#options;
    if (this.#busy.has(one)) return;
    this.#busy.add(one);
    const name = typeof one === "string" ? `removed volume ${one}` : `volume ${one.name}`;
    const done = work()
      .catch((error: unknown) => log?.warn(`${name} could not be looked after`, error))
      .finally(() => this.#busy.delete(one));
    await Promise.race([done, wait(everyMs, undefined, { ref: false })]);
  }

  async #tend(volume: Volume, { mounts, seldom }: { mounts: readonly Mount[]; seldom: boolean }): Promise<void> {
    const { shown } = volume;
    if (shown === undefined) return;
    if (shown.phase === "attached") {
      const health = await examine(this.#house, { volume, record: shown, mounts });
      if (volume.idle && volume.shown === shown) volume.health = health;
      const backend = this.#house.rules.backendNamed(shown.backend);
      if (seldom && backend.stats !== undefined && health === undefined) {
        const measured = async (_storage: unknown, work: VolumeWork): Promise<void> => {
          const usage = await work.stats({ thorough: false });
          if (usage !== undefined) volume.usage = { ...usage, measuredAt: new Date().toISOString() };
        };
        await volume.turn({ what: "measured", work: measured }, Caller.patient());
      }
    }
    if (shown.options["snap-schedule"] !== undefined) await keepSchedule(this.#house, { volume, record: shown });
  }

  #later(): void {
    const { everyMs, log } = this.#options;
    if (this.#house.around.closing.aborted) return;
    const round = async (): Promise<void> => {
      await this.#round().catch((error: unknown) => log?.warn("a round of upkeep failed", error));
      this.#later();
    };
    this.#timer = setTimeout(() => {
      this.settled = round();
    }, everyMs).unref();
  }
}

/** Most volumes lie there, and what is under way is looked after by whoever does it. */
function needsCare({ shown, idle }: Volume): boolean {
  return idle && (shown?.phase === "attached" || shown?.options["snap-schedule"] !== undefined);
}

/** What is wrong with an attached volume; a file system that does not answer hangs a process of its own, not us. */
async function examine(
  { rules, around }: House,
  { volume, record, mounts }: { volume: Volume; record: VolumeRecord; mounts: readonly Mount[] },
): Promise<Health | undefined> {
  const { mountpoint = "" } = record;
  const since = volume.health?.since ?? new Date().toISOString();
  const { name } = volume;
  const view = rules.view(record, { name, folder: around.folders.of(name, record.folder) });
  let expected: ExpectedMount | undefined;
  try {
    expected = await rules.backendNamed(record.backend).expects?.(view, AbortSignal.timeout(10_000));
  } catch (error) {
    return { state: "degraded", text: error instanceof Error ? error.message : String(error), since };
  }
  if (expected === undefined) {
    const there = await lstat(mountpoint).catch(() => undefined);
    return there?.isDirectory()
      ? undefined
      : { state: "lost", text: `folder ${mountpoint} is not there any more`, since };
  }
  const wrong = findWrongMount(expected, mounts);
  if (wrong !== undefined) return { state: "lost", text: wrong, since };
  try {
    await run(["stat", "--file-system", "--format=%T", expected.path], { timeoutMs: 10_000, signal: around.closing });
    return undefined;
  } catch (error) {
    return { state: "degraded", text: error instanceof Error ? error.message : String(error), since };
  }
}

/** Makes a snapshot if one is due, then removes the oldest scheduled ones beyond what is to be kept. */
async function keepSchedule(
  { rules, around }: House,
  { volume, record }: { volume: Volume; record: VolumeRecord },
): Promise<void> {
  const { core } = rules.readRecord(record);
  const { snapSchedule, snapKeep } = core;
  if (snapSchedule === undefined) return;
  const now = around.now();
  const scheduled = snapshotsOf(record).filter(({ scheduled }) => scheduled);
  // A clock that jumped back leaves snapshots in the future, which say nothing of what is due.
  const recent = scheduled.some(({ createdAt }) => {
    const age = now - Date.parse(createdAt);
    return age >= 0 && age < snapSchedule;
  });
  if (recent) return;
  const taken = { what: "snapshotted", action: "snapshot" } as const;
  await volume.turn({ ...taken, work: (_storage, work) => work.snapshot({ scheduled: true }) }, Caller.patient());
  for (const { name } of scheduled.slice(0, Math.max(0, scheduled.length + 1 - snapKeep))) {
    const turn = { what: "relieved of a snapshot", action: "remove-snapshot", snapshot: name } as const;
    const drop = async (_storage: unknown, work: VolumeWork): Promise<void> => {
      volume.refuseOpened(name);
      await work.drop(name);
    };
    await volume.turn({ ...turn, work: drop }, Caller.patient());
  }
}
