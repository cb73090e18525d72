// Backups of volumes in a restic repository.
import { lstat, mkdtemp, readdir, rename, rmdir, utimes } from "node:fs/promises";
import { basename, join } from "node:path";
import { run } from "@outrigger/linux";
import { DriverError } from "@outrigger/protocol";
import type { VolumeInfo, VolumeVerbs } from "@outrigger/volume-core";
import { openFrozen } from "./frozen-folder.ts";
import type { Progress } from "./jobs.ts";
import type { Landings } from "./landings.ts";
import { ProblemError } from "./problem.ts";
import type { Restic } from "./restic.ts";

/** One backup of one volume. */
export interface Backup {
  readonly id: string;
  readonly volume: string;
  /** RFC 3339. */
  readonly createdAt: string;
}

/** What backups work with. */
export interface BackupsOptions {
  /** The plugin's name: backups of other plugins in the same repository are left alone. */
  readonly name: string;
  readonly verbs: VolumeVerbs;
  readonly landings: Landings;
  readonly restic: Restic;
  /** Aborts when the plugin stops. */
  readonly closing: AbortSignal;
}

interface Stored extends Backup {
  /** The folder that was backed up, as the root of the tree names it. */
  readonly folder: string;
}

/** Backups in one repository. They follow one another, for pruning needs the repository alone. */
export class Backups {
  readonly #options: BackupsOptions;
  readonly #last = new Map<string, string>();
  #turn: Promise<unknown> = Promise.resolve();

  constructor(options: BackupsOptions) {
    this.#options = options;
  }

  /** When each volume was backed up last, as far as that is known. */
  get last(): ReadonlyMap<string, string> {
    return this.#last;
  }

  /** Makes the repository; restic refuses where there is one. */
  async init(): Promise<void> {
    await this.#options.restic.run(["init"], { signal: this.#options.closing });
  }

  /** Backs a volume up, from a snapshot where its backend has them, and drops what is more than is to be kept. */
  async create(volume: string, report: (progress: Progress) => void): Promise<Backup & { readonly live: boolean }> {
    return await this.#inTurn(async () => {
      const { restic, verbs, closing: signal } = this.#options;
      const before = await this.#list(volume);
      const parent = before.at(-1);
      let id: string | undefined;
      await using folder = await openFrozen(verbs, volume);
      const args = ["backup", ...this.#tags(volume), ...(parent === undefined ? [] : ["--parent", parent.id])];
      await restic.run([...args, "--one-file-system", "--", basename(folder.path)], {
        cwd: join(folder.path, ".."),
        signal,
        onLine: (line) => {
          report(progressIn(line));
          id = textIn(line, "snapshot_id") ?? id;
        },
      });
      if (id === undefined) throw new DriverError(`restic did not say what the backup of volume ${volume} is called`);
      if (before.length >= (restic.keepLast ?? Infinity)) await this.#forgetOld(volume);
      const made = (await this.#list(volume)).find((one) => one.id.startsWith(id ?? "-"));
      if (made === undefined) throw new DriverError(`the backup of volume ${volume} is not in the repository`);
      return { ...shown(made), live: folder.live };
    });
  }

  /** The backups of one volume or all, oldest first. */
  async list(volume?: string): Promise<Backup[]> {
    return (await this.#list(volume)).map(shown);
  }

  /** Reads everything in the repository and compares it with its checksums. */
  async verify(): Promise<void> {
    await this.#inTurn(async () => {
      const { restic, closing: signal } = this.#options;
      await restic.run(["check", "--read-data"], { signal });
    });
  }

  /** Makes a new volume with a backup's data. restic 0.14 does not say how far it is. */
  async restore(id: string, name: string, options: Readonly<Record<string, string>>): Promise<VolumeInfo> {
    const { landings, restic, closing: signal } = this.#options;
    const backup = await this.#find(id);
    return await landings.land({
      name,
      options,
      fill: async (folder) => {
        // restic restores the folder itself, under the name it had; within the volume, moving up what is in it is cheap.
        const stage = await mkdtemp(join(folder, ".outrigger-restore-"));
        await restic.run(["restore", backup.id, "--target", stage], { signal });
        const { atime, mtime } = await moveUp(join(stage, backup.folder), folder);
        await rmdir(stage);
        await utimes(folder, atime, mtime);
      },
    });
  }

  async #find(id: string): Promise<Stored> {
    if (!/^[0-9a-f]{8,64}$/.test(id)) throw new ProblemError(400, `${id.slice(0, 70)} is no id of a backup; list them`);
    const found = (await this.#list()).find((one) => one.id.startsWith(id));
    if (found === undefined) throw new ProblemError(404, `no such backup: ${id}; list them`);
    return found;
  }

  async #list(volume?: string): Promise<Stored[]> {
    const { restic, closing: signal } = this.#options;
    const listed = await restic.run(["snapshots", "--no-lock", ...this.#filter(volume)], { signal });
    const backups = listed.flatMap(storedIn).sort((a, b) => (a.createdAt < b.createdAt ? -1 : 1));
    for (const { volume: of, createdAt } of backups) this.#last.set(of, createdAt);
    return backups;
  }

  async #forgetOld(volume: string): Promise<void> {
    const { restic, closing: signal } = this.#options;
    const { keepLast } = restic;
    if (keepLast === undefined) return;
    const keep = ["--group-by", "host", "--keep-last", String(keepLast), "--prune"];
    await restic.run(["forget", ...this.#filter(volume), ...keep], { signal });
  }

  #tags(volume: string): string[] {
    return ["--host", this.#options.name, "--tag", `outrigger,volume=${volume}`];
  }

  /** All that carry both tags. */
  #filter(volume?: string): string[] {
    const tags = volume === undefined ? "outrigger" : `outrigger,volume=${volume}`;
    return ["--host", this.#options.name, "--tag", tags];
  }

  async #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const mine = this.#turn.then(work, work);
    this.#turn = mine.catch(() => {});
    return await mine;
  }
}

/** Moves what is in a folder into another one, and its owner, mode and ACL onto it; says what times it had. */
async function moveUp(from: string, to: string): Promise<{ readonly atime: Date; readonly mtime: Date }> {
  const before = await lstat(from);
  if (!before.isDirectory()) throw new DriverError(`${basename(from)} in the backup is no folder, and so no volume`);
  for (const entry of await readdir(from, { encoding: "buffer" }))
    await rename(inFolder(from, entry), inFolder(to, entry));
  await run(["cp", "--attributes-only", "--recursive", "--preserve=all", "--no-target-directory", from, to]);
  await rmdir(from);
  return before;
}

/** Names in a volume are bytes, and need not be UTF-8. */
function inFolder(folder: string, name: Buffer): Buffer {
  return Buffer.concat([Buffer.from(`${folder}/`), name]);
}

function shown({ id, volume, createdAt }: Stored): Backup {
  return { id, volume, createdAt };
}

function storedIn(line: object): Stored[] {
  const id = textIn(line, "id");
  const time = textIn(line, "time");
  const tags: unknown = Reflect.get(line, "tags");
  const paths: unknown = Reflect.get(line, "paths");
  const tag = Array.isArray(tags) ? tags.map(String).find((one) => one.startsWith("volume=")) : undefined;
  const path: unknown = Array.isArray(paths) ? paths[0] : undefined;
  if (id === undefined || time === undefined || tag === undefined || typeof path !== "string") return [];
  return [{ id, volume: tag.slice("volume=".length), createdAt: new Date(time).toISOString(), folder: basename(path) }];
}

function progressIn(line: object): Progress {
  const [doneBytes, totalBytes] = [Reflect.get(line, "bytes_done"), Reflect.get(line, "total_bytes")].map(
    (value: unknown) => (typeof value === "number" ? value : undefined),
  );
  const whole: unknown = Reflect.get(line, "total_bytes_processed");
  if (typeof whole === "number") return { doneBytes: whole, totalBytes: whole };
  return { ...(doneBytes !== undefined && { doneBytes }), ...(totalBytes !== undefined && { totalBytes }) };
}

function textIn(line: object, key: string): string | undefined {
  const value: unknown = Reflect.get(line, key);
  return typeof value === "string" ? value : undefined;
}
