// Images on loop devices. mount(8) sets a device up so that it goes by itself when the last mount does
// (LO_FLAGS_AUTOCLEAR), wherever that is.
import { mkdir, rmdir, stat } from "node:fs/promises";
import { findLoopDevice, readMounts, unmountFolder } from "@outrigger/linux";
import { readImageHeader } from "./image-header.ts";
import { tool, tried } from "./tool.ts";

/** Mounts an image on a folder, unless that is so. */
export async function mountImage(image: string, on: string, signal: AbortSignal): Promise<void> {
  await mkdir(on, { recursive: true });
  if (await isMounted(on)) return;
  const { fileSystem } = await readImageHeader(image);
  // A clone has the same identity as its source, which xfs would not mount beside it.
  const options = fileSystem === "xfs" ? ["nouuid"] : [];
  // Another mount namespace may still have it on a device: a second one would be a second file system on one image.
  const device = await loopOf(image);
  const mount = (what: string, more: readonly string[]): Promise<unknown> =>
    tool(["mount", "-t", fileSystem, "-o", ["rw", ...options, ...more].join(","), what, on], signal);
  if (device === undefined) return void (await mount(image, ["loop"]));
  try {
    await mount(device, []);
  } catch (error) {
    // It was about to go.
    if ((await loopOf(image)) === device) throw error;
    await mount(image, ["loop"]);
  }
}

/** Mounts an image to be read as it is, without replaying its log. */
export async function mountImageReadOnly(image: string, on: string, signal: AbortSignal): Promise<void> {
  await mkdir(on, { recursive: true, mode: 0o700 });
  if (await isMounted(on)) return;
  const { fileSystem } = await readImageHeader(image);
  const options = fileSystem === "xfs" ? "loop,ro,norecovery,nouuid" : "loop,ro,noload";
  await tool(["mount", "-t", fileSystem, "-o", options, image, on], signal);
}

/** Unmounts a folder that an image was mounted on for a while, and takes it away. */
export async function unmountView(folder: string, signal: AbortSignal): Promise<void> {
  await unmountFolder(folder, { signal });
  await rmdir(folder).catch(() => {});
}

/** The loop device that has an image, if any. */
export async function loopOf(image: string): Promise<string | undefined> {
  return (await findLoopDevice(image))?.device;
}

/** Whether anything is mounted on a folder. */
export async function isMounted(folder: string): Promise<boolean> {
  return (await readMounts()).some(({ mountpoint }) => mountpoint === folder);
}

/** xfs leaves less than an allocation group's least size unused (fs/xfs/libxfs/xfs_ag.h, XFS_MIN_AG_BLOCKS). */
const leastGrowth = 2 ** 20;

/** Lets the file system of a mounted image fill the file. */
export async function growMounted(image: string, on: string, signal: AbortSignal): Promise<void> {
  const { fileSystem, bytes } = await readImageHeader(image);
  if (fileSystem !== "xfs" || bytes + leastGrowth > (await stat(image)).size) return;
  const device = await loopOf(image);
  if (device !== undefined) await tool(["losetup", "--set-capacity", device], signal);
  await tool(["xfs_growfs", "-d", on], signal);
}

/** Lets the file system of an image that is not mounted fill the file, where that can be done unmounted. */
export async function growUnmounted(image: string, signal: AbortSignal): Promise<void> {
  const { fileSystem, bytes } = await readImageHeader(image);
  if (fileSystem !== "ext4" || bytes >= (await stat(image)).size) return;
  // resize2fs wants it checked; code 1 says that something was mended.
  await tried(["e2fsck", "-f", "-p", image], { signal, accept: [0, 1] });
  await tool(["resize2fs", image], signal);
}
