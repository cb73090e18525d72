// A plugin of ours with 100,000 volumes, and rclone with as many as it takes in a while.
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import type { Host } from "@outrigger/e2e/lab";
import type { Child } from "@outrigger/linux";
import { openStore } from "@outrigger/store";
import { callAlone, request, times } from "./bare-calls.ts";
import { processorTime } from "./process-figures.ts";
import { alone, compared, median, quantile, type Row } from "./rows.ts";

/** What is measured with, and where. */
export interface ManyOptions {
  /** The command that serves a plugin of ours. */
  readonly serve: readonly string[];
  /** The plugin runs on it, and ends with it. */
  readonly host: Host;
  readonly rclone: { readonly socket: string; readonly pid: number };
  /** How long rclone makes volumes. */
  readonly rcloneMs: number;
}

/** What one process showed with its volumes. */
interface Crowd {
  readonly volumes: number;
  readonly startMs: number;
  readonly startProcessorMs: number;
  readonly getP50Us: number;
  readonly getP99Us: number;
  /** Microseconds of a List for each volume. */
  readonly listUs: number;
  /** KiB for each volume: at rest, and the most that the process ever had, which a List brings about. */
  readonly kib: number;
  readonly peakKib: number;
}

const [few, many] = [10_000, 100_000];

/** All figures with many volumes. */
export async function measureMany(options: ManyOptions): Promise<Row[]> {
  const base = join(options.host.share, "one");
  await makeTemplate(options, base);
  const empty = await withPlugin(options, base, ({ pid }) => memory(pid));
  const small = await measureCrowd(options, { volumes: few, base, empty });
  const large = await measureCrowd(options, { volumes: many, base, empty });
  const rclone = await measureRclone(options);
  const of = `${many.toLocaleString("en")} volumes`;
  const peer = `rclone, ${rclone.volumes.toLocaleString("en")} volumes`;
  const versus = (figure: string, unit: string, which: "listUs" | "kib" | "peakKib"): Row =>
    compared({ figure, unit, peer, aim: below }, { ours: [large[which]], peer: [rclone[which]] });
  const linear = (figure: string, unit: string, which: "listUs" | "kib" | "peakKib"): Row => {
    const title = { figure: `${figure}, against ours with ${few.toLocaleString("en")}`, unit, peer: "ours" };
    return compared({ ...title, aim: straight }, { ours: [large[which]], peer: [small[which]] });
  };
  return [
    alone({ figure: `${of}: start to first answered Activate`, unit: "ms", aim: most(1000) }, [large.startMs]),
    alone({ figure: `${of}: processor time of that start`, unit: "ms" }, [large.startProcessorMs]),
    alone({ figure: `${of}: Get, p50`, unit: "µs" }, [large.getP50Us]),
    alone({ figure: `${of}: Get, p99`, unit: "µs", aim: most(1000) }, [large.getP99Us]),
    versus(`${of}: List, for each`, "µs", "listUs"),
    linear(`${of}: List, for each`, "µs", "listUs"),
    alone({ figure: `${of}: memory at rest, for each`, unit: "KiB", aim: most(1) }, [large.kib]),
    versus(`${of}: memory at rest, for each`, "KiB", "kib"),
    versus(`${of}: the most memory, after Lists, for each`, "KiB", "peakKib"),
    linear(`${of}: the most memory, after Lists, for each`, "KiB", "peakKib"),
  ];
}

const below = { of: "ratio", most: 1 } as const;
/** As good as linear: what is left over is how the heap happens to grow. */
const straight = { of: "ratio", most: 1.25 } as const;

function most(most: number): { readonly of: "ours"; readonly most: number } {
  return { of: "ours", most };
}

/** A plugin's folder with one volume, made by the plugin itself. */
async function makeTemplate(options: ManyOptions, root: string): Promise<void> {
  await withPlugin(options, root, async (_plugin, socket) => {
    await callAlone(socket, request("VolumeDriver.Create", { Name: "template", Opts: null }));
  });
}

async function measureCrowd(
  options: ManyOptions,
  { volumes, base, empty }: { volumes: number; base: string; empty: Memory },
): Promise<Crowd> {
  const root = join(options.host.share, String(volumes));
  await copyRecords(base, { root, volumes });
  return await withPlugin(options, root, async ({ pid }, socket, startMs) => {
    const startProcessorMs = (await processorTime(pid)) / 1000;
    const gets = Array.from({ length: 1000 }, (_, i) =>
      request("VolumeDriver.Get", { Name: nameOf(Math.floor((i * volumes) / 1000)) }),
    );
    await times(socket, gets, 2000);
    const seen = await times(socket, gets, 20_000);
    const { rest } = await memory(pid);
    const list = await timeList(socket);
    const { peak } = await memory(pid);
    return {
      volumes,
      startMs,
      startProcessorMs,
      getP50Us: median(seen),
      getP99Us: quantile(seen, 0.99),
      listUs: list / volumes,
      kib: (rest - empty.rest) / volumes,
      peakKib: (peak - empty.peak) / volumes,
    };
  });
}

/** The template's record under many names: what a plugin that made them all would have in its state. */
async function copyRecords(base: string, to: { root: string; volumes: number }): Promise<void> {
  await using from = openStore({ file: join(base, "state.db") });
  const record = from.table("volumes", (value) => value).get("template");
  await using store = openStore({ file: join(to.root, "state.db") });
  const table = store.table("volumes", (value) => value);
  store.transaction(() => {
    for (let index = 0; index < to.volumes; index++) table.set(nameOf(index), record);
    store.acceptOrigin();
  });
}

function nameOf(index: number): string {
  return `volume-${String(index).padStart(6, "0")}`;
}

let sockets = 0;

/** Starts the plugin, does something with it, and ends it. */
async function withPlugin<T>(
  { serve, host }: ManyOptions,
  root: string,
  use: (plugin: Child, socket: string, startMs: number) => Promise<T>,
): Promise<T> {
  const socket = join(host.share, `${sockets++}.sock`);
  const started = performance.now();
  await using plugin = await host.start([...serve, "volume-local", "--unix", socket, "--root", root]);
  for (;;) {
    try {
      await callAlone(socket, request("Plugin.Activate", {}));
      break;
    } catch (error) {
      if (performance.now() - started > 120_000) throw new Error(`no answer: ${plugin.output()}`, { cause: error });
      await wait(2);
    }
  }
  return await use(plugin, socket, performance.now() - started);
}

async function measureRclone({
  rclone: { socket, pid },
  rcloneMs,
}: ManyOptions): Promise<Omit<Crowd, "startMs" | "startProcessorMs">> {
  const empty = await memory(pid);
  const until = performance.now() + rcloneMs;
  let volumes = 0;
  for (; performance.now() < until; volumes++) {
    const Opts = { remote: ":local:/run/rclone/remote" };
    await callAlone(socket, request("VolumeDriver.Create", { Name: nameOf(volumes), Opts }));
  }
  const gets = Array.from({ length: 100 }, (_, i) =>
    request("VolumeDriver.Get", { Name: nameOf(Math.floor((i * volumes) / 100)) }),
  );
  const seen = await times(socket, gets, 2000);
  const { rest } = await memory(pid);
  const list = await timeList(socket);
  const { peak } = await memory(pid);
  return {
    volumes,
    getP50Us: median(seen),
    getP99Us: quantile(seen, 0.99),
    listUs: list / volumes,
    kib: (rest - empty.rest) / volumes,
    peakKib: (peak - empty.peak) / volumes,
  };
}

/** Microseconds until all of a List has come. */
async function timeList(socket: string): Promise<number> {
  const list = [request("VolumeDriver.List", {})];
  await times(socket, list, 1);
  return median(await times(socket, list, 7));
}

/** KiB. */
interface Memory {
  /** Resident now, without what is shared with other processes by the program's file. */
  readonly rest: number;
  readonly peak: number;
}

async function memory(pid: number): Promise<Memory> {
  const text = await readFile(`/proc/${pid}/status`, "utf8");
  const kib = (name: string): number => Number(new RegExp(`^${name}:\\s+(\\d+) kB`, "m").exec(text)?.[1]);
  return { rest: kib("RssAnon"), peak: kib("VmHWM") };
}
