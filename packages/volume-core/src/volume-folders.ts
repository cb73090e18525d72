import { lstat, mkdir, open, readdir, rename, realpath } from "node:fs/promises";
import { dirname, join, relative, resolve, sep } from "node:path";
import { randomUUID } from "node:crypto";
import { readMounts } from "@outrigger/linux";
import { DriverError } from "@outrigger/protocol";
import { folderNameOf } from "./volume-name.ts";

/** The folders below the root: one for each volume, and the trash that removed ones are deleted in. */
export class VolumeFolders {
  readonly trash: string;
  readonly #volumes: string;

  private constructor(root: string) {
    this.#volumes = join(root, "volumes");
    this.trash = join(root, "trash");
  }

  /** Makes what is missing, for the owner alone. */
  static async open(root: string): Promise<VolumeFolders> {
    await mkdir(root, { recursive: true, mode: 0o700 });
    const folders = new VolumeFolders(await realpath(root));
    await mkdir(folders.#volumes, { recursive: true, mode: 0o700 });
    await mkdir(folders.trash, { recursive: true, mode: 0o700 });
    return folders;
  }

  /** Where a volume has its folder, of which `own` is the last part where it is not the one that follows from the name. */
  of(name: string, own?: string): string {
    return join(this.#volumes, own ?? folderNameOf(name));
  }

  /** The last parts of all folders that are there, whether a record explains them or not. */
  async names(): Promise<string[]> {
    return await readdir(this.#volumes);
  }

  /** Whether the folder of a volume is there. */
  async has(folder: string): Promise<boolean> {
    return (await kindOf(folder)) === "folder";
  }

  /** Throws if there is a folder that no record explains: it may hold data of an earlier installation. */
  async refuseUnknown(folder: string): Promise<void> {
    if ((await kindOf(folder)) === undefined) return;
    throw new DriverError(
      `folder ${folder} is there although no volume of this name is known, so it may hold data that somebody misses; move it elsewhere first`,
    );
  }

  /** Makes a volume's folder, which is durable after `syncNames`. */
  async make(folder: string): Promise<void> {
    await mkdir(folder, { mode: 0o700 });
  }

  /** Makes it durable which volumes have a folder. */
  async syncNames(): Promise<void> {
    await syncFolder(this.#volumes);
  }

  /** Takes the folder away in one step; what it held is deleted later. Does nothing if it is gone already. */
  async discard(folder: string): Promise<void> {
    if ((await kindOf(folder)) === undefined) return;
    await this.refuseMounts(folder);
    await rename(folder, join(this.trash, randomUUID()));
    // At once, for the disk then writes both in one go.
    await Promise.all([syncFolder(this.#volumes), syncFolder(this.trash)]);
  }

  /** Throws if anything but the volume's own is mounted in the folder: deleting would reach what is mounted there. */
  async refuseMounts(folder: string, own?: string): Promise<void> {
    const mounts = (await readMounts()).filter(({ mountpoint }) => isWithin(folder, mountpoint));
    const inside = mounts.find(({ mountpoint }) => mountpoint !== own);
    if (inside === undefined) return;
    throw new DriverError(
      `${inside.fileSystem} file system ${inside.source} is mounted on ${inside.mountpoint}; unmount it first: umount ${inside.mountpoint}`,
    );
  }

  /** Throws unless the path is a folder within a volume's folder, reached without a link. */
  async checkMountpoint(path: string, folder: string): Promise<void> {
    if (resolve(path) !== path || !isWithin(folder, path))
      throw new DriverError(`mountpoint ${path} is outside of the volume's folder ${folder}`);
    for (const part of partsBelow(dirname(this.#volumes), path)) {
      const kind = await kindOf(part);
      if (kind === "folder") continue;
      throw new DriverError(
        kind === undefined
          ? `folder ${part} is missing; put it back from a backup, or remove the volume`
          : `${part} is not a folder but a ${kind}; replace it with the folder that was there, or remove the volume`,
      );
    }
  }

  /** Makes what is missing of the folders from `base` to `path`, following no link. */
  async makeBelow(base: string, path: string): Promise<void> {
    for (const part of partsBelow(base, path)) {
      const kind = await kindOf(part);
      if (kind === undefined) await mkdir(part);
      else if (kind !== "folder") throw new DriverError(`${part} is not a folder but a ${kind}; take it away`);
    }
  }
}

/** Each folder on the way from `base`, which is not among them, to `path`. */
function partsBelow(base: string, path: string): string[] {
  const parts = relative(base, path).split(sep);
  return parts.map((_, i) => join(base, ...parts.slice(0, i + 1)));
}

/** Makes what happened to a folder's entries durable. */
async function syncFolder(folder: string): Promise<void> {
  await using handle = await open(folder, "r");
  await handle.sync();
}

function isWithin(folder: string, path: string): boolean {
  return path === folder || path.startsWith(folder + sep);
}

async function kindOf(path: string): Promise<"folder" | "link" | "file" | undefined> {
  try {
    const stats = await lstat(path);
    return stats.isDirectory() ? "folder" : stats.isSymbolicLink() ? "link" : "file";
  } catch (error) {
    if (error instanceof Error && "code" in error && (error.code === "ENOENT" || error.code === "ENOTDIR"))
      return undefined;
    throw error;
  }
}
