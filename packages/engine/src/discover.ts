// Finding plugins as the engine does. Source: moby/moby pkg/plugins/discovery.go.
import type { Dirent, Stats } from "node:fs";
import { readdir, stat } from "node:fs/promises";
import { extname, join } from "node:path";
import type { Rules } from "./address.ts";
import { DiscoveryError } from "./engine-error.ts";
import { readEntry, type EntryKind, type PluginEntry } from "./plugin-entry.ts";
import { pluginFolders, type PluginFolders } from "./plugin-folders.ts";

/** Where to look, and how far to follow the engine. */
export interface DiscoverOptions {
  /** A root engine's by default. */
  readonly folders?: PluginFolders;
  /** `strict` by default. */
  readonly rules?: Rules;
}

/** A file that announces a plugin, not yet read. */
export interface FoundFile {
  readonly name: string;
  readonly kind: EntryKind;
  readonly file: string;
  readonly warnings: readonly string[];
}

/**
 * Every plugin file the engine knows of, in the order it scans them, read but not called; then what its scan misses
 * and a look-up by name finds, then managed plugins. Throws `DiscoveryError` for a folder that cannot be read.
 */
export async function discover(options: DiscoverOptions = {}): Promise<PluginEntry[]> {
  const { folders = pluginFolders(), rules = "strict" } = options;
  const found = [
    ...(await scan(folders)),
    ...(await findLinks(folders.sockets)),
    ...(await findManaged(folders.sockets)),
  ];
  return Promise.all(
    found.map(async (one) => {
      const entry = await readEntry({ name: one.name, kind: one.kind, file: one.file }, rules);
      const warnings = [...one.warnings, ...entry.warnings, ...(await shadowOf(one, folders))];
      return { ...entry, warnings };
    }),
  );
}

/**
 * The one file the engine uses for a name: the first that exists, usable or not, sockets before specs before JSON,
 * folder by folder. Throws `DiscoveryError` where there is none.
 */
export async function lookup(name: string, options: DiscoverOptions = {}): Promise<PluginEntry> {
  const { folders = pluginFolders(), rules = "strict" } = options;
  const first = await firstFile(name, folders);
  if (first !== undefined) return readEntry({ name, ...first }, rules);
  const looked = [folders.sockets, ...folders.specs].join(", ");
  throw new DiscoveryError(`plugin "${name}" not found in ${looked}; start it, or write its .spec or .json file`, {
    code: "not-found",
  });
}

async function firstFile(name: string, folders: PluginFolders): Promise<{ kind: EntryKind; file: string } | undefined> {
  for (const file of pathsOf(folders.sockets, name, ".sock")) {
    if (await isSocket(file)) return { kind: "socket", file };
  }
  for (const folder of folders.specs) {
    for (const kind of ["spec", "json"] as const) {
      for (const file of pathsOf(folder, name, `.${kind}`)) {
        if ((await statOf(file)) !== undefined) return { kind, file };
      }
    }
  }
  return undefined;
}

function pathsOf(folder: string, name: string, extension: string): string[] {
  return [join(folder, `${name}${extension}`), join(folder, name, `${name}${extension}`)];
}

/** What the engine's own scan lists, duplicates included. */
export async function scan(folders: PluginFolders): Promise<FoundFile[]> {
  return [
    ...(await scanSockets(folders.sockets)),
    ...(await Promise.all(folders.specs.map((specs) => scanSpecs(specs, folders)))).flat(),
  ];
}

async function scanSockets(folder: string): Promise<FoundFile[]> {
  const found: FoundFile[] = [];
  for (const entry of await entriesOf(folder)) {
    const file = join(folder, entry.name);
    const inner = join(file, `${entry.name}.sock`);
    if (entry.isSocket()) found.push({ name: stem(entry.name), kind: "socket", file, warnings: [] });
    else if (entry.isDirectory() && (await isSocket(inner))) {
      found.push({ name: entry.name, kind: "socket", file: inner, warnings: [] });
    }
  }
  return found;
}

async function scanSpecs(folder: string, { skipForbidden }: PluginFolders): Promise<FoundFile[]> {
  const found: FoundFile[] = [];
  for (const entry of await entriesOf(folder, skipForbidden === true ? ["ENOENT", "EACCES", "EPERM"] : ["ENOENT"])) {
    const file = join(folder, entry.name);
    // The first entry with the folder's name decides, whatever its extension.
    const inside = entry.isDirectory() ? await list(file).catch(() => []) : [];
    const inner = inside.find((one) => stem(one.name) === entry.name);
    const name = inner?.name ?? entry.name;
    const kind = kinds.get(extname(name));
    if (kind === undefined) continue;
    found.push({ name: stem(name), kind, file: inner === undefined ? file : join(file, name), warnings: [] });
  }
  return found;
}

async function findLinks(folder: string): Promise<FoundFile[]> {
  const found: FoundFile[] = [];
  const warnings = ["a link, so the engine finds it by name but not in its scan: `docker volume ls` leaves it out"];
  for (const entry of await entriesOf(folder)) {
    if (!entry.isSymbolicLink()) continue;
    const file = join(folder, entry.name);
    const inner = join(file, `${entry.name}.sock`);
    const direct = extname(entry.name) === ".sock" && (await isSocket(file));
    if (direct) found.push({ name: stem(entry.name), kind: "socket", file, warnings });
    else if (await isSocket(inner)) found.push({ name: entry.name, kind: "socket", file: inner, warnings });
  }
  return found;
}

async function findManaged(folder: string): Promise<FoundFile[]> {
  const found: FoundFile[] = [];
  for (const entry of await entriesOf(folder)) {
    if (!entry.isDirectory() || !/^[0-9a-f]{64}$/.test(entry.name)) continue;
    for (const inner of await list(join(folder, entry.name)).catch(() => [])) {
      if (!inner.isSocket()) continue;
      found.push({ name: entry.name, kind: "managed", file: join(folder, entry.name, inner.name), warnings: [] });
    }
  }
  return found;
}

/** The engine asks for a scanned name by name, so a file can be listed and another one be used. */
async function shadowOf(found: FoundFile, folders: PluginFolders): Promise<string[]> {
  if (found.kind === "managed") return [];
  const used = await firstFile(found.name, folders);
  if (used?.file === found.file) return [];
  if (used !== undefined) return [`the engine uses ${used.file} for this name and never reads this file`];
  return [`the engine lists it, but looks for ${found.name}.sock when it is used; rename it`];
}

async function entriesOf(folder: string, ignored: readonly string[] = ["ENOENT"]): Promise<Dirent[]> {
  try {
    return await list(folder);
  } catch (cause) {
    const code = cause instanceof Error && "code" in cause ? String(cause.code) : "";
    if (ignored.includes(code)) return [];
    const remedy = code === "EACCES" ? "run this as root" : "the engine then finds no plugin at all";
    throw new DiscoveryError(`${folder}: cannot be read (${String(cause)}); ${remedy}`, { code: "unreadable", cause });
  }
}

/** In the order of Go's os.ReadDir. */
async function list(folder: string): Promise<Dirent[]> {
  const entries = await readdir(folder, { withFileTypes: true });
  return entries.sort((a, b) => Buffer.compare(Buffer.from(a.name), Buffer.from(b.name)));
}

async function statOf(file: string): Promise<Stats | undefined> {
  try {
    return await stat(file);
  } catch {
    return undefined;
  }
}

async function isSocket(file: string): Promise<boolean> {
  return (await statOf(file))?.isSocket() === true;
}

/** The name without its last extension, as Go has it: `.sock` alone is an extension too. */
function stem(name: string): string {
  const dot = name.lastIndexOf(".");
  return dot < 0 ? name : name.slice(0, dot);
}

const kinds = new Map<string, "spec" | "json">([
  [".spec", "spec"],
  [".json", "json"],
]);
