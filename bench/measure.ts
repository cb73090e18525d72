// One round: every figure once for each side, Go's plugin first, then ours.
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { startChild } from "@outrigger/linux";
import type { Contenders, Side } from "./contenders.ts";
import type { Figures, Kind } from "./figures.ts";
import { call, createAll, timeToActivate, workloads, type Load, type LoadFigures } from "./load.ts";
import { memory, processorTime } from "./process-figures.ts";

const sides: readonly Side[] = ["go", "ours"];

/** Starts per side and round. */
const starts = 3;

/** How many plugins one machine may well run. */
const many = 8;

const untargeted = {
  processor: { unit: "µs of processor time a call" },
  latency: { unit: "µs" },
  throughput: { unit: "calls/s" },
  memory: { unit: "MiB" },
} satisfies Record<string, Kind>;

/** What is aimed at for the small calls, of which the engine makes most. */
const kinds = {
  processor: { ...untargeted.processor, ratio: { most: 0.5 } },
  latency: { ...untargeted.latency, ratio: { most: 0.5 } },
  throughput: { ...untargeted.throughput, ratio: { least: 1.3 } },
  memory: { ...untargeted.memory, ratio: { most: 1 } },
  start: { unit: "ms", most: 120 },
} satisfies Record<string, Kind>;

/** Where caller and plugin run. */
interface Placement {
  readonly name: string;
  readonly prefix: readonly string[];
  /** Both on one processor. */
  readonly alone: boolean;
}

/** What a round works with. */
export interface Round {
  readonly contenders: Contenders;
  readonly figures: Figures;
  /** Holds the sockets. */
  readonly folder: string;
}

/** Measures everything once. */
export async function measureRound(round: Round): Promise<void> {
  const placements: Placement[] = [
    { name: "", prefix: [], alone: false },
    // On two, a call takes as long as an idle processor takes to wake, which has nothing to do with the plugin.
    { name: ", one processor", prefix: ["taskset", "--cpu-list", await firstProcessor()], alone: true },
  ];
  for (const side of sides) await measureStart(round, side);
  await measureCommandStart(round);
  for (const placement of placements) {
    for (const side of sides) await measureCalls(round, side, placement);
    await measureFloor(round, placement);
  }
  for (const side of sides) await measureMany(round, side);
}

async function measureStart({ contenders, figures, folder }: Round, side: Side): Promise<void> {
  for (let start = 0; start < starts; start++) {
    const socket = socketIn(folder);
    const value = await timeToActivate(contenders.caller, { socket, command: contenders.commands[side]([socket]) });
    figures.add("Start to first answered Activate", kinds.start, { side, value });
  }
}

/** The command with a plugin that has a database to open; there is nothing like it on Go's side. */
async function measureCommandStart({ contenders, figures, folder }: Round): Promise<void> {
  for (let start = 0; start < starts; start++) {
    const socket = socketIn(folder);
    const command = contenders.serveVolumeLocal(socket, `${socket}.root`);
    const value = await timeToActivate(contenders.caller, { socket, command });
    figures.add("`outrigger serve volume-local`, start to first answered Activate", kinds.start, {
      side: "ours",
      value,
    });
  }
}

async function measureCalls({ contenders, figures, folder }: Round, side: Side, placement: Placement): Promise<void> {
  const socket = socketIn(folder);
  const caller = [...placement.prefix, contenders.caller];
  const add = (name: string, kind: Kind, value: number): void =>
    figures.add(`${name}${placement.name}`, kind, { side, value });
  await using plugin = await startChild([...placement.prefix, ...contenders.commands[side]([socket])]);
  await call(caller, { socket, connections: 1, calls: createAll.length, requests: createAll });
  for (const { name, requests, calls } of workloads) {
    const aim = name.startsWith("List") ? untargeted : kinds;
    await call(caller, { socket, connections: 16, calls: calls * 3, requests });
    const one = await callTimed(plugin.pid, caller, { socket, connections: 1, calls, requests, callers: 10 });
    add(`${name}: 1 connection`, aim.processor, one.processorUs);
    add(`${name}: 1 connection, p50`, aim.latency, one.p50Us);
    if (placement.alone) continue;
    add(`${name}: 1 connection, p99`, untargeted.latency, one.p99Us);
    const load = { socket, connections: 16, calls: calls * 2, requests, callers: 1 };
    const sixteen = await callTimed(plugin.pid, caller, load);
    add(`${name}: 16 connections`, aim.processor, sixteen.processorUs);
    add(`${name}: 16 connections`, aim.throughput, sixteen.callsPerSecond);
  }
  if (!placement.alone) add("One plugin, after the load", untargeted.memory, (await memory(plugin.pid)).rss);
}

/** What the caller and the kernel cost by themselves. */
async function measureFloor({ contenders, figures, folder }: Round, placement: Placement): Promise<void> {
  const socket = socketIn(folder);
  const caller = [...placement.prefix, contenders.caller];
  await using server = await startChild([...caller, "floor", socket]);
  const load = { socket, connections: 1, calls: 10_000, requests: createAll, callers: 10 };
  const { p50Us, processorUs } = await callTimed(server.pid, caller, load);
  figures.addFloor(`1 connection${placement.name}`, { p50Us, processorUs });
  server.kill("SIGKILL");
}

/** Eight plugins: eight processes in Go, one of ours. */
async function measureMany({ contenders, figures, folder }: Round, side: Side): Promise<void> {
  const sockets = Array.from({ length: many }, () => socketIn(folder));
  await using processes = new AsyncDisposableStack();
  const pids: number[] = [];
  for (const group of side === "go" ? sockets.map((socket) => [socket]) : [sockets]) {
    pids.push(processes.use(await startChild(contenders.commands[side](group))).pid);
  }
  for (const socket of sockets) {
    await call([contenders.caller], { socket, connections: 1, calls: createAll.length, requests: createAll });
    for (const { requests } of workloads)
      await call([contenders.caller], { socket, connections: 16, calls: 2000, requests });
  }
  const used = await Promise.all(pids.map(memory));
  const sum = (which: "rss" | "pss"): number => used.reduce((sum, figures) => sum + figures[which], 0);
  figures.add("Eight plugins, after the load", kinds.memory, { side, value: sum("rss") });
  // Ours in full, for another Node process, such as this one, would take half of the program off its account.
  const once = side === "go" ? sum("pss") : sum("rss");
  figures.add("Eight plugins, after the load, shared pages counted once", untargeted.memory, { side, value: once });
}

/** The calls of several callers, one after another, because much depends on where the kernel puts a caller; their mean. */
async function callTimed(
  pid: number,
  caller: readonly string[],
  load: Load & { readonly callers: number },
): Promise<LoadFigures & { processorUs: number }> {
  const { callers } = load;
  const calls = load.calls / callers;
  const seen: LoadFigures[] = [];
  const before = await processorTime(pid);
  for (let turn = 0; turn < callers; turn++) seen.push(await call(caller, { ...load, calls }));
  const processorUs = ((await processorTime(pid)) - before) / load.calls;
  const mean = (figure: keyof LoadFigures): number => seen.reduce((sum, figures) => sum + figures[figure], 0) / callers;
  return { processorUs, callsPerSecond: mean("callsPerSecond"), p50Us: mean("p50Us"), p99Us: mean("p99Us") };
}

let sockets = 0;

function socketIn(folder: string): string {
  return join(folder, `${sockets++}.sock`);
}

async function firstProcessor(): Promise<string> {
  const status = await readFile("/proc/self/status", "utf8");
  return /^Cpus_allowed_list:\s+(\d+)/m.exec(status)?.[1] ?? "0";
}
