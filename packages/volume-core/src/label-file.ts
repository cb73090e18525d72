// What a volume is, beside its data: should the state file be lost, the volumes are found by these.
import { randomUUID } from "node:crypto";
import { constants } from "node:fs";
import { open, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import { isVolumeName } from "./volume-name.ts";
import { parseDescription, type VolumeDescription } from "./volume-record.ts";

/** What a label says. */
export interface Label extends VolumeDescription {
  readonly name: string;
  /** Only of a volume that was removed and is still kept; RFC 3339. */
  readonly removedAt?: string | undefined;
  /** When a removed volume is to be deleted; RFC 3339. */
  readonly until?: string | undefined;
}

const version = 1;
const fileName = "volume.json";
// A description is at most a thousand snapshots and a few options; what is longer is none of ours.
const mostBytes = 1024 * 1024;

/** Writes a folder's label; it is durable when this resolves, and the older one is there until then. */
export async function writeLabel(folder: string, label: Label): Promise<void> {
  const file = join(folder, fileName);
  const unfinished = `${file}.${randomUUID()}`;
  try {
    {
      await using handle = await open(unfinished, "wx", 0o600);
      await handle.writeFile(textOf(label));
      await handle.sync();
    }
    await rename(unfinished, file);
  } finally {
    await rm(unfinished, { force: true });
  }
  await syncFolder(folder);
}

/** Writes the label of a folder that has none; it and all entries of the folder are durable when this resolves. */
export async function writeFirstLabel(folder: string, label: Label): Promise<void> {
  await using handle = await open(join(folder, fileName), "wx", 0o600);
  await handle.writeFile(textOf(label));
  await Promise.all([handle.sync(), syncFolder(folder)]);
}

function textOf({ name, options, backend, folder, createdAt, size, snapshots, removedAt, until }: Label): string {
  const text = { version, name, options, backend, folder, createdAt, size, snapshots, removedAt, until };
  return `${JSON.stringify(text, undefined, 2)}\n`;
}

async function syncFolder(folder: string): Promise<void> {
  await using handle = await open(folder, "r");
  await handle.sync();
}

/** Reads a folder's label; undefined where there is none, and throws where it makes no sense. */
export async function readLabel(folder: string): Promise<Label | undefined> {
  const file = join(folder, fileName);
  const text = await readShort(file);
  if (text === undefined) return undefined;
  // Unknown fields at this border are looked at one by one.
  const label = JSON.parse(text) as Record<string, unknown>;
  if (label["version"] !== version)
    throw new TypeError(`${file} has version ${String(label["version"])}, not ${version}`);
  for (const field of ["removedAt", "until"]) {
    const time = label[field];
    if (time !== undefined && (typeof time !== "string" || Number.isNaN(Date.parse(time))))
      throw new TypeError(`${file}: ${field} is no time`);
  }
  const { name } = label;
  if (typeof name !== "string" || !isVolumeName(name)) throw new TypeError(`${file}: name is missing or wrong`);
  // The fields besides the description were checked above.
  return { ...(label as Partial<Label>), ...parseDescription(label), name };
}

async function readShort(file: string): Promise<string | undefined> {
  try {
    await using handle = await open(file, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
    const stats = await handle.stat();
    if (!stats.isFile() || stats.size > mostBytes) throw new TypeError(`${file} is no label of ours`);
    return await handle.readFile("utf8");
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return undefined;
    throw error;
  }
}
