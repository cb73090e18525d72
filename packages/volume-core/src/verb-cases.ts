// What the core counts on of a backend that can do more than hold data.
import { open, readdir, readFile, rm, stat, truncate, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Backend, BackendSnapshot, BackendVolume, StatsState, Usage } from "./backend.ts";
import { demand, onStage, type BackendCase, type CaseStage } from "./case-stage.ts";
import { toBackend } from "./snapshots.ts";

const [one, two] = [toBackend("one"), toBackend("two")];

/** For backends with snapshots, which have `restore` too. */
export const snapshotCases: readonly BackendCase[] = [
  {
    title: "a snapshot of a volume in use shows what was there, whatever is written after",
    run: onStage(async (stage) => {
      const { volume } = stage;
      const data = await filled(stage, volume, "before");
      await snapshot(stage, one);
      await writeFile(join(data, "file"), "after");
      demand((await shown(stage, one)) === "before", "the snapshot does not show the file as it was");
      demand((await readFile(join(data, "file"), "utf8")) === "after", "the volume lost what was written after");
    }),
  },
  {
    title: "a snapshot of an idle volume shows what was there, and can be shown again while it is shown",
    run: onStage(async (stage) => {
      await filled(stage, stage.volume, "before");
      await stage.backend.detach(stage.volume, stage.signal);
      await snapshot(stage, one);
      demand((await shown(stage, one)) === "before", "the snapshot does not show the file");
      demand((await shown(stage, one)) === "before", "the snapshot does not show the file again");
      await stage.backend.hideSnapshot?.(stage.volume, one, stage.signal);
      await stage.backend.hideSnapshot?.(stage.volume, one, stage.signal);
    }),
  },
  {
    title: "a shown snapshot cannot be written to",
    run: onStage(async (stage) => {
      await filled(stage, stage.volume, "before");
      await snapshot(stage, one);
      const path = await stage.backend.showSnapshot?.(stage.volume, one, stage.signal);
      const wrote = await writeFile(join(path ?? "", "file"), "changed").then(
        () => true,
        () => false,
      );
      demand(!wrote, "a file in the snapshot was written to");
    }),
  },
  {
    title: "a snapshot can be dropped twice, made anew, and was never made is dropped too",
    run: onStage(async (stage) => {
      const { backend, volume, signal } = stage;
      await filled(stage, volume, "first");
      await backend.dropSnapshot?.(volume, one, signal);
      await snapshot(stage, one);
      await shown(stage, one);
      await backend.dropSnapshot?.(volume, one, signal);
      await backend.dropSnapshot?.(volume, one, signal);
      await writeFile(join(await backend.attach(volume, signal), "file"), "second");
      await snapshot(stage, one);
      demand((await shown(stage, one)) === "second", "the snapshot is the older one");
    }),
  },
  {
    title: "a restore brings back what a snapshot has, keeps all snapshots, and can be done again",
    run: onStage(async (stage) => {
      const { backend, volume, signal } = stage;
      const data = await filled(stage, volume, "one");
      await snapshot(stage, one);
      await writeFile(join(data, "file"), "two");
      await writeFile(join(data, "later"), "two");
      await snapshot(stage, two);
      await backend.detach(volume, signal);
      for (const [point, file] of [
        [one, "one"],
        [two, "two"],
        [one, "one"],
        [one, "one"],
      ] as const) {
        await backend.restore?.(volume, point, signal);
        const restored = await backend.attach(volume, signal);
        demand((await readFile(join(restored, "file"), "utf8")) === file, `the file is not that of ${point.name}`);
        const later = (await readdir(restored)).includes("later");
        demand(later === (point === two), "a file is there that was written after the snapshot, or one is missing");
        await writeFile(join(restored, "file"), "written after");
        await backend.detach(volume, signal);
      }
      demand((await shown(stage, two)) === "two", "a snapshot changed");
    }),
  },
  {
    title: "a restore to a snapshot that is not there fails, and the data is as it was",
    run: onStage(async (stage) => {
      const { backend, volume, signal } = stage;
      await filled(stage, volume, "kept");
      await backend.detach(volume, signal);
      const failed = await backend.restore?.(volume, one, signal).then(
        () => false,
        () => true,
      );
      demand(failed === true, "it did not fail");
      const data = await backend.attach(volume, signal);
      demand((await readFile(join(data, "file"), "utf8")) === "kept", "the file is not what was written");
    }),
  },
];

/** For backends with `clone`. */
export const cloneCases: readonly BackendCase[] = [
  {
    title: "a clone begins with the data of a volume in use, and goes its own way",
    run: onStage(async (stage) => {
      const { backend, volume, other, signal } = stage;
      const data = await filled(stage, volume, "source");
      await backend.clone?.(other, { volume }, signal);
      const copy = await backend.attach(other, signal);
      demand((await readFile(join(copy, "file"), "utf8")) === "source", "the clone has not the source's file");
      await writeFile(join(copy, "file"), "clone");
      demand((await readFile(join(data, "file"), "utf8")) === "source", "the source shows the clone's file");
    }),
  },
  {
    title: "a clone of a snapshot begins with what it has, can be made again, and outlives it and its volume",
    run: onStage(async (stage) => {
      const { backend, volume, other, signal } = stage;
      if (backend.snapshot === undefined) return;
      const data = await filled(stage, volume, "snapshot");
      await snapshot(stage, one);
      await writeFile(join(data, "file"), "later");
      await backend.clone?.(other, { volume, snapshot: one }, signal);
      await backend.destroy(other, signal);
      await backend.clone?.(other, { volume, snapshot: one }, signal);
      await backend.dropSnapshot?.(volume, one, signal);
      await backend.detach(volume, signal);
      await backend.destroy(volume, signal);
      const copy = await backend.attach(other, signal);
      demand((await readFile(join(copy, "file"), "utf8")) === "snapshot", "the clone has not the snapshot's file");
    }),
  },
];

/** For backends with `resize`; the options that volumes are made with have a size then. */
export const sizeCases: readonly BackendCase[] = [
  {
    title: "a volume holds about its size and no more, and after it was made larger that",
    run: onStage(async (stage) => {
      const { backend, volume, signal } = stage;
      const from = sizeOf(volume);
      const file = join(await filled(stage, volume, "x"), "large");
      const first = await fill(file, from * 3);
      demand(first <= from && first > from / 3, `it held ${first} bytes, its size is ${from}`);
      await rm(file);
      await backend.detach(volume, signal);
      const larger = { ...volume, options: { ...volume.options, size: from * 2 } };
      for (let time = 0; time < 2; time++) {
        await backend.resize?.(larger, { from, attached: false }, signal);
      }
      await backend.attach(larger, signal);
      const second = await fill(file, from * 3);
      demand(second <= from * 2 && second > from, `it held ${second} bytes, its size is ${from * 2}`);
    }),
  },
  {
    title: "its fill level is between nothing and its size, and grows with what is written",
    run: onStage(async (stage) => {
      const { volume } = stage;
      const data = await filled(stage, volume, "x");
      const before = await usage(stage, { attached: true, thorough: true });
      await using file = await open(join(data, "more"), "w");
      await file.write(Buffer.alloc(4 << 20, 1));
      await file.sync();
      const after = await usage(stage, { attached: true, thorough: true });
      demand(after.usedBytes > before.usedBytes, `${after.usedBytes} bytes after 4 MiB, ${before.usedBytes} before`);
      demand(after.usedBytes <= sizeOf(volume), `${after.usedBytes} bytes are used of ${sizeOf(volume)}`);
      demand((after.limitBytes ?? 0) <= sizeOf(volume), `${after.limitBytes} is above the size`);
    }),
  },
];

/** For backends with `send` and `receive`. */
export const streamCases: readonly BackendCase[] = [
  {
    title: "a snapshot goes through a file whole, and the next one as the difference",
    run: onStage(async (stage) => {
      const { backend, volume, other, beside, signal } = stage;
      const data = await filled(stage, volume, "one");
      await writeFile(join(data, "large"), Buffer.alloc(4 << 20, 1));
      await snapshot(stage, one);
      await writeFile(join(data, "file"), "two");
      await snapshot(stage, two);
      const [whole, difference] = [join(beside, "whole"), join(beside, "difference")];
      await backend.send?.(volume, { snapshot: one, file: whole }, signal);
      await backend.send?.(volume, { snapshot: two, since: one, file: difference }, signal);
      demand((await stat(difference)).size < (await stat(whole)).size / 2, "the difference is not small");
      await backend.provision(other, signal);
      await backend.receive?.(other, { snapshot: one, file: whole }, signal);
      await backend.receive?.(other, { snapshot: two, file: difference }, signal);
      demand((await shown({ ...stage, volume: other }, two)) === "two", "the file is not that of the second snapshot");
    }),
  },
  {
    title: "a file that was cut off or is none is refused, and what it left can be dropped",
    run: onStage(async (stage) => {
      const { backend, volume, other, beside, signal } = stage;
      const data = await filled(stage, volume, "one");
      await writeFile(join(data, "large"), Buffer.alloc(1 << 20, 1));
      await snapshot(stage, one);
      const file = join(beside, "cut");
      await backend.send?.(volume, { snapshot: one, file }, signal);
      await truncate(file, (await stat(file)).size - 100_000);
      await writeFile(join(beside, "text"), "no stream at all");
      await backend.provision(other, signal);
      for (const bad of [file, join(beside, "text"), join(beside, "missing")]) {
        const failed = await backend.receive?.(other, { snapshot: one, file: bad }, signal).then(
          () => false,
          () => true,
        );
        demand(failed === true, `${bad} was taken`);
        await backend.dropSnapshot?.(other, one, signal);
      }
    }),
  },
  {
    title: "a file that is there already is not written over",
    run: onStage(async (stage) => {
      const { backend, volume, beside, signal } = stage;
      await filled(stage, volume, "one");
      await snapshot(stage, one);
      const file = join(beside, "precious");
      await writeFile(file, "precious");
      await backend.send?.(volume, { snapshot: one, file }, signal).catch(() => {});
      demand((await readFile(file, "utf8")) === "precious", "it was");
    }),
  },
];

/** Makes a volume with a file in it, and returns where it is attached. */
async function filled({ backend, signal }: CaseStage, volume: BackendVolume, text: string): Promise<string> {
  await backend.provision(volume, signal);
  const data = await backend.attach(volume, signal);
  await writeFile(join(data, "file"), text);
  return data;
}

async function snapshot({ backend, volume, signal }: CaseStage, which: BackendSnapshot): Promise<void> {
  await backend.snapshot?.(volume, which, signal);
}

/** What the file says in a snapshot. */
async function shown(
  { backend, volume, signal }: Pick<CaseStage, "backend" | "volume" | "signal">,
  which: BackendSnapshot,
): Promise<string> {
  const path = await backend.showSnapshot?.(volume, which, signal);
  demand(path?.startsWith(`${volume.folder}/`) === true, `${path} is not within ${volume.folder}`);
  return await readFile(join(path ?? "", "file"), "utf8");
}

async function usage(
  { backend, volume, signal }: { backend: Backend; volume: BackendVolume; signal: AbortSignal },
  state: StatsState,
): Promise<Usage> {
  const found = await backend.stats?.(volume, state, signal);
  if (found === undefined) throw new Error("it says nothing of how full the volume is");
  return found;
}

function sizeOf({ options }: BackendVolume): number {
  return Number(options["size"]);
}

/** Writes until there is no more room, or `most` bytes are written; returns how many were. */
async function fill(path: string, most: number): Promise<number> {
  await using file = await open(path, "w");
  const chunk = Buffer.alloc(1 << 20, 1);
  let written = 0;
  try {
    while (written < most) {
      written += (await file.write(chunk)).bytesWritten;
      // A quota that counts only what has reached the disk.
      if (written % (16 << 20) === 0) await file.datasync();
    }
    await file.sync();
  } catch (error) {
    // Node has no name for EDQUOT.
    const full = error instanceof Error && "errno" in error && [-28, -122].includes(Number(error.errno));
    if (!full) throw error;
  }
  return written;
}
