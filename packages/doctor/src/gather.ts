// Finds out all that the checks need, within one budget of time.
import { lstat } from "node:fs/promises";
import { basename, join } from "node:path";
import {
  describeProcess,
  findHungPaths,
  findProcesses,
  readUnixSockets,
  type HoldingProcess,
  type UnixSocket,
} from "@outrigger/linux";
import type { Facts, HiddenFile } from "./facts.ts";
import { fileFacts } from "./file-facts.ts";
import { examinePlugins } from "./examine-plugins.ts";
import { gatherEngine } from "./gather-engine.ts";
import { gatherLeftovers } from "./gather-leftovers.ts";
import type { Host } from "./host.ts";
import { listPluginFiles } from "./plugin-files.ts";
import { movedSocket } from "./moved-socket.ts";
import type { TimeBudget } from "./time-budget.ts";

/** Gathers the facts of a host. Never throws for what it finds there, and never waits past the budget. */
export async function gather(host: Host, budget: TimeBudget): Promise<Facts> {
  const helperMs = budget.left() / 4;
  // Its loading takes a while, and is not to be taken for a plugin's silence.
  await import("node:http");
  const own = [host.folders.sockets, ...host.folders.specs];
  const hung = await findHungPaths([...own, ...host.stateFolders], helperMs);
  const answering = (folder: string): boolean => !hung.includes(folder);
  const folders = {
    ...(answering(host.folders.sockets) && { sockets: host.folders.sockets }),
    specs: host.folders.specs.filter(answering),
  };
  const stateFolders = host.stateFolders.filter(answering);
  const sockets = await readUnixSockets(host.isHere ? undefined : join(host.proc, "1/net/unix")).catch(() => []);
  const [listed, holders] = await Promise.all([
    listPluginFiles(folders),
    findHolders(host, { sockets, stateFolders, signal: budget.signal }),
  ]);
  const [examined, engine, leftovers, hidden, folderFacts] = await Promise.all([
    examinePlugins(listed.files, { host, budget, helperMs, sockets, holders }),
    answering(host.folders.sockets) ? gatherEngine(host, { budget, helperMs }) : undefined,
    gatherLeftovers(host, { stateFolders, holders }),
    Promise.all(listed.hidden.map((file) => hiddenFile(file, host))),
    Promise.all(own.filter(answering).map(async (folder) => ({ folder, facts: await fileFacts(folder) }))),
  ]);
  return {
    now: new Date(),
    deadlineMs: Math.round(examined.deadlineMs),
    folders: host.folders,
    folderFacts: folderFacts.flatMap(({ folder, facts }) => (facts === undefined ? [] : [{ folder, ...facts }])),
    hung: [...hung, ...examined.hung, ...(engine?.hung ?? [])],
    crowded: listed.crowded,
    unreadable: listed.unreadable,
    plugins: examined.plugins,
    hidden: hidden.filter((one) => one !== undefined),
    sockets,
    holders,
    engine: engine?.facts,
    ...leftovers,
  };
}

/** Whoever listens on a unix socket, or has a file open in a state folder of ours. */
async function findHolders(
  host: Host,
  look: { sockets: readonly UnixSocket[]; stateFolders: readonly string[]; signal: AbortSignal },
): Promise<HoldingProcess[]> {
  const listening = new Set(look.sockets.filter(({ listens }) => listens).map(({ inode }) => `socket:[${inode}]`));
  const wants = (target: string): boolean =>
    listening.has(target) || look.stateFolders.some((folder) => target.startsWith(`${folder}/`));
  return findProcesses({ wants, proc: host.proc, signal: look.signal }).catch(() => []);
}

async function hiddenFile(file: string, host: Host): Promise<HiddenFile | undefined> {
  const facts = await fileFacts(file);
  if (facts === undefined) return undefined;
  const isFolder = (await lstat(file).catch(() => undefined))?.isDirectory() === true;
  const pid = Number(movedSocket.exec(basename(file))?.[2] ?? 0);
  if (pid === 0 || !isFolder) return { file, ...facts, isFolder, inUse: false };
  const { command } = await describeProcess(pid, host.proc);
  // Process ids are used again.
  const inUse = / (?:trace|record|doctor)\b/.test(command);
  return { file, ...facts, isFolder, kept: await fileFacts(join(file, "plugin")), inUse };
}
