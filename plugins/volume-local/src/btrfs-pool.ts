import { mkdir, open, rename, rm, stat, truncate } from "node:fs/promises";
import { join } from "node:path";
import { findLoopDevice, readMounts } from "@outrigger/linux";
import { DriverError } from "@outrigger/protocol";
import { syncFolder } from "./ownership.ts";
import { isOnBtrfs } from "./subvolume.ts";
import { tool } from "./tool.ts";

// mkfs.btrfs takes less, but has no room for data then.
const leastBytes = 256 * 2 ** 20;

/** A btrfs in a file, for a machine that has none; made at the first start, and mounted while the machine is up. */
export class BtrfsPool {
  /** Where volumes have their homes. */
  readonly volumes: string;
  readonly #mountpoint: string;
  readonly #file: string;
  readonly #size: number;

  /** Below `root`: the file `pool.btrfs`, which takes room as it fills, and the folder `pool`. */
  constructor(root: string, size: number) {
    this.#mountpoint = join(root, "pool");
    this.#file = join(root, "pool.btrfs");
    this.#size = size;
    this.volumes = join(this.#mountpoint, "volumes");
  }

  /** Makes, mounts and grows the pool as needed; succeeds where it is up. */
  async open(signal: AbortSignal): Promise<void> {
    if (this.#size < leastBytes) {
      throw new DriverError(`a pool of ${this.#size} bytes is too small; give at least ${leastBytes}`);
    }
    await mkdir(this.#mountpoint, { recursive: true, mode: 0o700 });
    await this.#make(signal);
    const device = await this.#mount(signal);
    await this.#grow(device, signal);
    await mkdir(this.volumes, { recursive: true, mode: 0o700 });
  }

  async #make(signal: AbortSignal): Promise<void> {
    if ((await stat(this.#file).catch(() => undefined)) !== undefined) return;
    // It gets its name when it is complete.
    const unfinished = `${this.#file}.new`;
    await rm(unfinished, { force: true });
    {
      await using handle = await open(unfinished, "wx", 0o600);
      await handle.truncate(this.#size);
      await tool(["mkfs.btrfs", "--quiet", unfinished], signal);
      await handle.sync();
    }
    await rename(unfinished, this.#file);
    await syncFolder(join(this.#file, ".."));
  }

  /** Returns the loop device. */
  async #mount(signal: AbortSignal): Promise<string> {
    const mounted = (await readMounts()).findLast(({ mountpoint }) => mountpoint === this.#mountpoint);
    if (mounted !== undefined) {
      if (await isOnBtrfs(this.#mountpoint)) return mounted.source;
      throw new DriverError(
        `${mounted.source} is mounted on ${this.#mountpoint}; unmount it: umount ${this.#mountpoint}`,
      );
    }
    // A second device on the same file would be a second file system that does not know of the first.
    const loop = await findLoopDevice(this.#file);
    const how = loop === undefined ? ["-o", "loop", this.#file] : [loop.device];
    await tool(["mount", "-t", "btrfs", ...how, this.#mountpoint], signal);
    const now = (await readMounts()).findLast(({ mountpoint }) => mountpoint === this.#mountpoint);
    if (now === undefined) throw new DriverError(`nothing is mounted on ${this.#mountpoint} after it was mounted`);
    return now.source;
  }

  async #grow(device: string, signal: AbortSignal): Promise<void> {
    if ((await stat(this.#file)).size >= this.#size) return;
    await truncate(this.#file, this.#size);
    await tool(["losetup", "--set-capacity", device], signal);
    await tool(["btrfs", "filesystem", "resize", "max", this.#mountpoint], signal);
  }
}
