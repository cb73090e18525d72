import { mkdir, open, rename, rm, rmdir, stat, truncate } from "node:fs/promises";
import { dirname, join } from "node:path";
import { copyFrozen, findLoopDevice, readLoopDevices, thaw, unmountFolder, type LoopDevice } from "@outrigger/linux";
import { defineOptions } from "@outrigger/plugin";
import { DriverError, RequestError } from "@outrigger/protocol";
import type { Backend, BackendSnapshot, BackendVolume } from "@outrigger/volume-core";
import { readImageHeader, type ImageFileSystem } from "./image-header.ts";
import { growMounted, growUnmounted, isMounted, loopOf, mountImage } from "./image-mount.ts";
import { mountImageReadOnly, unmountView } from "./image-mount.ts";
import { own, ownAnew, ownershipOptions, syncFolder } from "./ownership.ts";
import { tool } from "./tool.ts";
import { usageOf } from "./usage.ts";

/** What `docker volume create -o` takes. */
export const imageOptions = defineOptions({
  ...ownershipOptions,
  size: { type: "size", doc: "How large the file system is. It takes room on the disk as it fills." },
  fs: {
    type: "choice",
    of: ["xfs", "ext4"],
    doc: "The file system; xfs from 300 MiB on and ext4 below where left out. xfs grows while it is in use, ext4 only when it is not.",
  },
});

type Volume = BackendVolume<typeof imageOptions>;

// mkfs.xfs takes no less since xfsprogs 5.19.
const leastXfs = 300 * 2 ** 20;
const leastExt4 = 2 * 2 ** 20;

/** Volumes that are file systems of a fixed size, each in a file of its own on a loop device. */
export const image: Backend<typeof imageOptions> = {
  name: "image",
  options: imageOptions,
  async provision(volume, signal) {
    const { size, fs } = checkSize(volume);
    if (await isThere(imageOf(volume))) return;
    const unfinished = `${imageOf(volume)}.new`;
    await rm(unfinished, { force: true });
    {
      await using handle = await open(unfinished, "wx", 0o600);
      await handle.truncate(size);
      await tool(makeCommands[fs](unfinished), signal);
      await asMounted(unfinished, volume, async (data) => {
        // Docker fills a new volume from the image only where it is empty; e2fsck makes the folder when it needs it.
        await rmdir(join(data, "lost+found")).catch(() => {});
        await own(data, volume.options);
      });
      await handle.sync();
    }
    await rename(unfinished, imageOf(volume));
    await syncFolder(volume.folder);
  },
  async clone(volume, { volume: source, snapshot }, signal) {
    const unfinished = `${imageOf(volume)}.new`;
    await rm(unfinished, { force: true });
    if (snapshot === undefined) await copyLive(source, unfinished, signal);
    else await copyQuiet(snapshotOf(source, snapshot), unfinished, signal);
    await resizeCopy(unfinished, volume, signal);
    await asMounted(unfinished, volume, async (data) => {
      await growMounted(unfinished, data, signal);
      await ownAnew(data, volume.options);
    });
    await replaceImage(volume, unfinished);
  },
  async attach(volume, signal) {
    const data = dataOf(volume);
    if (!(await isThere(imageOf(volume)))) {
      throw new DriverError(`image ${imageOf(volume)} is missing; restore a snapshot, or remove the volume`);
    }
    // A copy that was being mounted there when the process was killed.
    await unmountFolder(workOf(volume), { signal });
    if (await isMounted(data)) return data;
    await growUnmountedUnlessUsed(volume, signal);
    await mountImage(imageOf(volume), data, signal);
    await growMounted(imageOf(volume), data, signal);
    return data;
  },
  async expects(volume) {
    const { fileSystem, bytes } = await readImageHeader(imageOf(volume));
    const { size } = await stat(imageOf(volume));
    if (size < bytes) {
      throw new DriverError(
        `image ${imageOf(volume)} has ${size} bytes of the ${bytes} that its file system needs: the disk has lost the rest; restore a snapshot or a backup, or remove the volume`,
      );
    }
    return { path: dataOf(volume), fileSystem, source: await loopOf(imageOf(volume)) };
  },
  async detach(volume, signal) {
    await unmountFolder(workOf(volume), { signal });
    await unmountFolder(dataOf(volume), { signal });
  },
  async destroy(volume, signal) {
    await unmountFolder(volume.folder, { below: true, signal });
  },

  async snapshot(volume, snapshot, signal) {
    const to = snapshotOf(volume, snapshot);
    await mkdir(dirname(to), { recursive: true, mode: 0o700 });
    const unfinished = `${to}.new`;
    await rm(unfinished, { force: true });
    await copyLive(volume, unfinished, signal);
    await syncFile(unfinished);
    await rename(unfinished, to);
    await syncFolder(dirname(to));
  },
  async dropSnapshot(volume, snapshot, signal) {
    if (await isMounted(dataOf(volume))) await thaw(dataOf(volume));
    await unmountView(workOf(volume), signal);
    await unmountView(viewOf(volume, snapshot), signal);
    await rm(dirname(snapshotOf(volume, snapshot)), { recursive: true, force: true });
  },
  async showSnapshot(volume, snapshot, signal) {
    await mountImageReadOnly(snapshotOf(volume, snapshot), viewOf(volume, snapshot), signal);
    return viewOf(volume, snapshot);
  },
  async hideSnapshot(volume, snapshot, signal) {
    await unmountView(viewOf(volume, snapshot), signal);
  },
  async restore(volume, snapshot, signal) {
    const unfinished = `${imageOf(volume)}.new`;
    await rm(unfinished, { force: true });
    await copyQuiet(snapshotOf(volume, snapshot), unfinished, signal);
    // The volume may have grown since; what the file system lacks it gets when it is mounted next.
    const { size } = await stat(imageOf(volume));
    if ((await stat(unfinished)).size < size) await truncate(unfinished, size);
    // A mount namespace that was made meanwhile may still have the old file mounted: it keeps that, which has no name then.
    await replaceImage(volume, unfinished);
  },
  async resize(volume, { attached }, signal) {
    const { size } = checkSize(volume);
    const path = imageOf(volume);
    const { size: now } = await stat(path);
    if (size < now) throw new RequestError(`volume ${volume.name} has ${now} bytes, and backend image only grows them`);
    const { fileSystem } = await readImageHeader(path);
    if (fileSystem === "ext4" && attached) {
      throw new RequestError(
        `volume ${volume.name} has ext4, which grows only while nobody uses it; stop its containers`,
      );
    }
    if (fileSystem === "ext4") return await growExt4(volume, size, signal);
    await truncate(path, size);
    if (attached) return await growMounted(path, dataOf(volume), signal);
    await asMounted(path, volume, (data) => growMounted(path, data, signal));
  },
  async stats(volume, { attached }) {
    const { size, blocks } = await stat(imageOf(volume));
    const exclusiveBytes = blocks * 512;
    if (attached) return { ...(await usageOf(dataOf(volume))), exclusiveBytes };
    return { usedBytes: exclusiveBytes, limitBytes: size, exclusiveBytes };
  },
  async leftovers(folders) {
    const [some = ""] = folders;
    const below = `${dirname(some)}/`;
    const { dev } = await stat(below, { bigint: true });
    const stray = (await readLoopDevices()).filter(
      ({ file, on }) =>
        on === dev && file.startsWith(below) && ![...folders].some((folder) => file.startsWith(`${folder}/`)),
    );
    // The same path can be another file in another mount namespace, whose device is not ours to take away.
    const isOurs = async ({ device, file, deleted }: LoopDevice): Promise<boolean> =>
      deleted || (await findLoopDevice(file))?.device === device;
    const ours = await Promise.all(stray.map(async (one) => ((await isOurs(one)) ? [one] : [])));
    return ours.flat().map(({ device, file }) => ({
      what: `loop device ${device} of ${file}`,
      remove: async (_trash: string, signal: AbortSignal): Promise<void> =>
        void (await tool(["losetup", "--detach", device], signal)),
    }));
  },
};

const makeCommands: Record<ImageFileSystem, (file: string) => string[]> = {
  xfs: (file) => ["mkfs.xfs", "-q", file],
  ext4: (file) => ["mkfs.ext4", "-q", "-F", "-m", "0", file],
};

function checkSize({ options }: Volume): { readonly size: number; readonly fs: ImageFileSystem } {
  const { size } = options;
  if (size === undefined)
    throw new RequestError('option "size" is missing: backend image needs one, such as size=10GiB');
  const fs = options.fs ?? (size < leastXfs ? "ext4" : "xfs");
  const least = fs === "xfs" ? leastXfs : leastExt4;
  if (size >= least) return { size, fs };
  const remedy = fs === "xfs" ? "ask for more, or for fs=ext4" : "ask for more";
  throw new RequestError(`option "size": ${fs} needs ${least} bytes at least; ${remedy}`);
}

/** Grows ext4 that nobody uses. Where a mount namespace still has it mounted, its copy is grown, and takes its place. */
async function growExt4(volume: Volume, size: number, signal: AbortSignal): Promise<void> {
  const path = imageOf(volume);
  if ((await loopOf(path)) === undefined) {
    await truncate(path, size);
    return await growUnmounted(path, signal);
  }
  const unfinished = `${path}.new`;
  await rm(unfinished, { force: true });
  await copyLive(volume, unfinished, signal);
  await truncate(unfinished, size);
  await growUnmounted(unfinished, signal);
  await replaceImage(volume, unfinished);
}

/** Puts a finished image in the place of the volume's. */
async function replaceImage(volume: Volume, finished: string): Promise<void> {
  await syncFile(finished);
  await rename(finished, imageOf(volume));
  await syncFolder(volume.folder);
}

/** Makes a copy as large as its volume is to be; throws where it is larger already. */
async function resizeCopy(copy: string, volume: Volume, signal: AbortSignal): Promise<void> {
  const { size } = volume.options;
  const { size: now } = await stat(copy);
  if (size === undefined || size === now) return;
  if (size < now) throw new RequestError(`option "size": the source has ${now} bytes; ask for as much or more`);
  await truncate(copy, size);
  await growUnmounted(copy, signal);
}

/** Copies an image whose volume may be in use. */
async function copyLive(volume: Volume, to: string, signal: AbortSignal): Promise<void> {
  const from = imageOf(volume);
  const data = dataOf(volume);
  if (await isMounted(data)) return await copyFrozen({ mountpoint: data, from, to, timeoutMs: longest, signal });
  if ((await loopOf(from)) === undefined) return await copyQuiet(from, to, signal);
  // Mounted in another namespace only: what is in memory has to be in the copy.
  await asMounted(from, volume, (mountpoint) => copyFrozen({ mountpoint, from, to, timeoutMs: longest, signal }));
}

const longest = 24 * 3_600_000;

/** Copies a file that nobody writes to; at once where the disk can share blocks. */
async function copyQuiet(from: string, to: string, signal: AbortSignal): Promise<void> {
  await tool(["cp", "--reflink=auto", "--sparse=always", "--", from, to], signal);
}

/** Has an image mounted apart from where containers get it. */
async function asMounted(image: string, volume: Volume, work: (folder: string) => Promise<void>): Promise<void> {
  const folder = workOf(volume);
  const signal = AbortSignal.timeout(longest);
  await unmountFolder(folder, { signal });
  try {
    await mountImage(image, folder, signal);
    await work(folder);
  } finally {
    await unmountView(folder, signal);
  }
}

async function growUnmountedUnlessUsed(volume: Volume, signal: AbortSignal): Promise<void> {
  if ((await loopOf(imageOf(volume))) === undefined) await growUnmounted(imageOf(volume), signal);
}

async function isThere(path: string): Promise<boolean> {
  return (await stat(path).catch(() => undefined)) !== undefined;
}

async function syncFile(file: string): Promise<void> {
  await using handle = await open(file, "r");
  await handle.sync();
}

function imageOf({ folder }: Volume): string {
  return join(folder, "image");
}

function dataOf({ folder }: Volume): string {
  return join(folder, "data");
}

/** Where an image is mounted while it is worked on. */
function workOf({ folder }: Volume): string {
  return join(folder, "work");
}

function snapshotOf({ folder }: Volume, { key }: BackendSnapshot): string {
  return join(folder, "snapshots", key, "image");
}

function viewOf({ folder }: Volume, { key }: BackendSnapshot): string {
  return join(folder, "snapshots", key, "view");
}
