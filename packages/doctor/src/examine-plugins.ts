import { X509Certificate } from "node:crypto";
import { stat } from "node:fs/promises";
import { join } from "node:path";
import { probe, readEntry, readRegularFile, type PluginEntry, type ProbedEntry } from "@outrigger/engine";
import { findHungPaths, type HoldingProcess, type ProcessFacts, type UnixSocket } from "@outrigger/linux";
import type { CertificateFacts, ExaminedPlugin, FileFacts } from "./facts.ts";
import { fileFacts } from "./file-facts.ts";
import type { Host } from "./host.ts";
import { inBatches } from "./in-batches.ts";
import { isSocket, type AnnouncingFile } from "./plugin-files.ts";
import type { TimeBudget } from "./time-budget.ts";

interface Surroundings {
  readonly host: Host;
  readonly budget: TimeBudget;
  readonly helperMs: number;
  readonly sockets: readonly UnixSocket[];
  readonly holders: readonly HoldingProcess[];
}

/** Every plugin file, read and tried at once; a path that hangs is left alone and told. */
export async function examinePlugins(
  files: readonly AnnouncingFile[],
  around: Surroundings,
): Promise<{ plugins: ExaminedPlugin[]; hung: string[]; deadlineMs: number }> {
  const { host, helperMs } = around;
  const linked = files.filter((one) => one.linked).map(({ file }) => file);
  const hung = await findHungPaths(linked, helperMs);
  const usable = files.filter(({ file }) => !hung.includes(file));
  const entries = (await inBatches(usable, (one) => read(one, host))).filter((entry) => entry !== undefined);

  hung.push(
    ...(await findHungPaths(
      entries.flatMap((entry) => pathsOf(entry, host)),
      helperMs,
    )),
  );
  const isReachable = (entry: PluginEntry): boolean =>
    !pathsOf(entry, host).some((path) => hung.includes(path)) && (host.isHere || isNear(entry));
  // Half of what is left is for the answers; a third of all there was, lest a busy machine be taken for a silent plugin.
  const deadlineMs = Math.max(around.budget.total / 3, around.budget.left() / 2);
  const tried = await probe(entries.filter(isReachable), { deadlineMs });
  const untried = entries.filter((entry) => !isReachable(entry)).map(notTried);
  const look = (entry: ProbedEntry, tried: boolean): Promise<ExaminedPlugin> =>
    examine(entry, { ...around, tried, linked: linked.includes(entry.file) });
  const plugins = [
    ...(await Promise.all(tried.map((entry) => look(entry, true)))),
    ...(await Promise.all(untried.map((entry) => look(entry, false)))),
  ];
  const order = new Map(files.map(({ file }, index) => [file, index]));
  plugins.sort((a, b) => (order.get(a.file) ?? 0) - (order.get(b.file) ?? 0));
  return { plugins, hung, deadlineMs };
}

async function read(one: AnnouncingFile, host: Host): Promise<PluginEntry | undefined> {
  const { name, kind, file, linked } = one;
  // A link that leads to something else than a socket is passed over by the engine too.
  if (kind === "socket" && linked && !(await isSocket(file))) return undefined;
  const entry = await readEntry({ name, kind, file }, "engine");
  if (host.isHere) return entry;
  return kind === "socket" || kind === "managed" ? { ...entry, problems: [] } : below(entry, host.root);
}

/** The paths in a file are those of its engine, whose root lies elsewhere for us. */
function below(entry: PluginEntry, root: string): PluginEntry {
  const { address, tls } = entry;
  const file = (path: string | undefined): string | undefined => path && join(root, path);
  return {
    ...entry,
    address: address?.transport === "unix" ? { ...address, path: join(root, address.path) } : address,
    tls: tls && { ...tls, caFile: file(tls.caFile), certFile: file(tls.certFile), keyFile: file(tls.keyFile) },
  };
}

const longestSocketPath = 107;

/** Below another root a path may be too long for us that is not for its engine, and a network is not ours. */
function isNear({ kind, address, problems }: PluginEntry): boolean {
  if (address?.transport === "unix") return Buffer.byteLength(address.path) <= longestSocketPath;
  return address === undefined && kind !== "socket" && kind !== "managed" && problems.length > 0;
}

function pathsOf({ address, tls, kind }: PluginEntry, host: Host): string[] {
  const socket = address?.transport === "unix" && kind !== "managed" ? [address.path] : [];
  const paths = [...socket, tls?.caFile, tls?.certFile, tls?.keyFile].filter((path) => path !== undefined);
  // What lies in a folder that answers does so too; a link was asked for before.
  return paths.filter((path) => !path.startsWith(`${host.folders.sockets}/`));
}

function notTried(entry: PluginEntry): ProbedEntry {
  return { ...entry, state: "unusable", reason: "" };
}

async function examine(
  entry: ProbedEntry,
  around: Surroundings & { tried: boolean; linked: boolean },
): Promise<ExaminedPlugin> {
  const { tried, linked } = around;
  if (!tried) return { ...entry, tried, linked, certificates: [] };
  const { address, tls } = entry;
  const socket = address?.transport === "unix" ? await socketFacts(address.path) : undefined;
  const owner = address?.transport === "unix" ? ownerOf(address.path, { socket, ...around }) : undefined;
  const keyMode = tls?.keyFile === undefined ? undefined : await modeOf(tls.keyFile);
  return { ...entry, tried, linked, socket, owner, certificates: await certificatesOf(tls), keyMode };
}

async function socketFacts(path: string): Promise<FileFacts | undefined> {
  const facts = await fileFacts(path);
  if (facts === undefined || facts.isSocket) return facts;
  // Through a link, what it leads to counts.
  const target = await stat(path).catch(() => undefined);
  return target?.isSocket() === true
    ? { ...facts, inode: target.ino, device: target.dev, mode: target.mode & 0o7777, isSocket: true }
    : undefined;
}

/** By the file's inode where the kernel told it, else by the path, if only one process listens there. */
function ownerOf(
  path: string,
  around: { socket: FileFacts | undefined; sockets: readonly UnixSocket[]; holders: readonly HoldingProcess[] },
): ProcessFacts | undefined {
  const listening = around.sockets.filter(({ listens }) => listens);
  const byFile = listening.filter(({ fileInode }) => fileInode !== undefined && fileInode === around.socket?.inode);
  const byPath = listening.filter((one) => one.path === path);
  const [one, ...others] = byFile.length > 0 ? byFile : byPath;
  return one === undefined || others.length > 0 ? undefined : holderOf(one, around.holders);
}

/** The process that has a socket open. */
export function holderOf(socket: UnixSocket, holders: readonly HoldingProcess[]): ProcessFacts | undefined {
  const having = holders.filter(({ open }) => open.includes(`socket:[${socket.inode}]`));
  // The first process keeps the sockets that it hands to services.
  const holder = having.find(({ pid }) => pid !== 1) ?? having[0];
  return holder && { pid: holder.pid, command: holder.command, unit: holder.unit };
}

async function certificatesOf(tls: ProbedEntry["tls"]): Promise<CertificateFacts[]> {
  return [
    ...(tls?.caFile === undefined ? [] : await readCertificates("CAFile", tls.caFile)),
    ...(tls?.certFile === undefined ? [] : await readCertificates("CertFile", tls.certFile)),
  ];
}

/** What cannot be read is told by the attempt to connect. */
async function readCertificates(field: CertificateFacts["field"], file: string): Promise<CertificateFacts[]> {
  const text = await readRegularFile(file).catch(() => "");
  const blocks = text.match(/-----BEGIN CERTIFICATE-----[\s\S]*?-----END CERTIFICATE-----/g) ?? [];
  return blocks.slice(0, 64).flatMap((pem) => {
    try {
      const { subject, validFromDate, validToDate } = new X509Certificate(pem);
      return [{ field, file, subject: subject.replaceAll("\n", ", "), validFrom: validFromDate, validTo: validToDate }];
    } catch {
      return [];
    }
  });
}

async function modeOf(file: string): Promise<number | undefined> {
  return (await stat(file).catch(() => undefined))?.mode;
}
