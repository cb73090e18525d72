// The files that announce plugins, and what else lies beside them, from folders that may hold anything.
import type { Dirent } from "node:fs";
import { lstat, opendir, readdir, stat } from "node:fs/promises";
import { extname, join } from "node:path";
import type { EntryKind, PluginFolders } from "@outrigger/engine";
import { reasonOf } from "./reason.ts";

/** A file that announces a plugin. */
export interface AnnouncingFile {
  readonly name: string;
  readonly kind: EntryKind;
  readonly file: string;
  /** Reached by a link, which may lead anywhere. */
  readonly linked: boolean;
}

/** What the folders hold. */
export interface PluginFiles {
  readonly files: readonly AnnouncingFile[];
  /** What else is hidden beside the sockets: locks, and folders of sockets that were moved aside. */
  readonly hidden: readonly string[];
  /** Folders with more in them than was looked at. */
  readonly crowded: readonly string[];
  readonly unreadable: readonly { readonly folder: string; readonly why: string }[];
}

/** A folder with more than this many entries was made by a mistake or an enemy. */
const mostEntries = 5000;
/** More plugins than this nobody has. */
const mostFiles = 256;

interface Gathered {
  readonly files: AnnouncingFile[];
  readonly hidden: string[];
  readonly crowded: string[];
  readonly unreadable: { folder: string; why: string }[];
}

/** Lists the folders in the order in which the engine tries them; those that hang must be left out. */
export async function listPluginFiles(folders: Partial<PluginFolders>): Promise<PluginFiles> {
  const found: Gathered = { files: [], hidden: [], crowded: [], unreadable: [] };
  const { sockets, specs = [] } = folders;
  if (sockets !== undefined) {
    for (const entry of await entriesOf(sockets, found)) await takeSocketEntry(sockets, entry, found);
  }
  for (const folder of specs) {
    for (const entry of await entriesOf(folder, found)) await takeSpecEntry(folder, entry, found);
  }
  return { ...found, files: found.files.slice(0, mostFiles), crowded: [...new Set(found.crowded)] };
}

async function entriesOf(folder: string, found: Gathered): Promise<Dirent[]> {
  const entries: Dirent[] = [];
  try {
    for await (const entry of await opendir(folder, { bufferSize: 1024 })) {
      if (entries.length === mostEntries) {
        found.crowded.push(folder);
        break;
      }
      entries.push(entry);
    }
  } catch (error) {
    if (reasonOf(error) !== "ENOENT") found.unreadable.push({ folder, why: String(error) });
  }
  return entries.sort((a, b) => Buffer.compare(Buffer.from(a.name), Buffer.from(b.name)));
}

async function takeSocketEntry(folder: string, entry: Dirent, found: Gathered): Promise<void> {
  const file = join(folder, entry.name);
  if (isFull(folder, found)) return;
  const add = (one: Omit<AnnouncingFile, "linked">, linked = false): unknown => found.files.push({ ...one, linked });
  if (entry.name.startsWith(".") && !entry.isSocket()) {
    if (found.hidden.length < mostFiles) found.hidden.push(file);
  } else if (entry.isSocket()) add({ name: stem(entry.name), kind: "socket", file });
  else if (entry.isSymbolicLink() && extname(entry.name) === ".sock") {
    add({ name: stem(entry.name), kind: "socket", file }, true);
  } else if (entry.isDirectory() && /^[0-9a-f]{64}$/.test(entry.name)) {
    for (const name of await socketsIn(file)) add({ name: entry.name, kind: "managed", file: join(file, name) });
  } else if (entry.isDirectory()) {
    const inner = join(file, `${entry.name}.sock`);
    const stats = await lstat(inner).catch(() => undefined);
    if (stats?.isSocket() === true || stats?.isSymbolicLink() === true) {
      add({ name: entry.name, kind: "socket", file: inner }, stats.isSymbolicLink());
    }
  }
}

/** One more than is looked at tells that there are too many, and which folder it is that has them. */
function isFull(folder: string, found: Gathered): boolean {
  if (found.files.length <= mostFiles) return false;
  found.crowded.push(folder);
  return true;
}

async function socketsIn(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { withFileTypes: true }).catch(() => []);
  return entries.filter((entry) => entry.isSocket()).map(({ name }) => name);
}

async function takeSpecEntry(folder: string, entry: Dirent, found: Gathered): Promise<void> {
  if (isFull(folder, found)) return;
  const candidates = entry.isDirectory()
    ? [`${entry.name}.spec`, `${entry.name}.json`].map((name) => join(folder, entry.name, name))
    : [join(folder, entry.name)];
  for (const file of candidates) {
    const kind = kinds.get(extname(file));
    if (kind === undefined) continue;
    const stats = await lstat(file).catch(() => undefined);
    if (stats === undefined) continue;
    const name = stem(file.slice(file.lastIndexOf("/") + 1));
    found.files.push({ name, kind, file, linked: stats.isSymbolicLink() });
    if (entry.isDirectory()) return;
  }
}

/** Whether a link that is named like a socket leads to one; only for paths that answer. */
export async function isSocket(file: string): Promise<boolean> {
  return (await stat(file).catch(() => undefined))?.isSocket() === true;
}

function stem(name: string): string {
  const dot = name.lastIndexOf(".");
  return dot < 0 ? name : name.slice(0, dot);
}

const kinds = new Map<string, "spec" | "json">([
  [".spec", "spec"],
  [".json", "json"],
]);
