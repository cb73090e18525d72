// What a container gets of an attached volume: all of it or a folder within, to write to or to read.
import { mkdir, rmdir, statfs } from "node:fs/promises";
import { join } from "node:path";
import { bindFolder, readMounts, unmountFolder, type Mount } from "@outrigger/linux";
import { DriverError } from "@outrigger/protocol";
import type { ExpectedMount } from "./backend.ts";
import type { CoreOptions } from "./core-options.ts";
import type { VolumeFolders } from "./volume-folders.ts";

/** An attached volume and what is wanted of it. */
export interface ViewOptions {
  readonly folders: VolumeFolders;
  /** The volume's own. */
  readonly folder: string;
  /** Where its backend attached it. */
  readonly attached: string;
  readonly core: CoreOptions;
  readonly signal: AbortSignal;
}

/** Makes the view and returns its path; succeeds where it is there already. */
export async function showView({ folders, folder, attached, core, signal }: ViewOptions): Promise<string> {
  await folders.checkMountpoint(attached, folder);
  const path = core.subpath === undefined ? attached : join(attached, core.subpath);
  if (core.subpath !== undefined) await folders.makeBelow(attached, path);
  if (!core.readonly) return path;
  const view = viewOf(folder);
  await mkdir(view, { recursive: true });
  await folders.checkMountpoint(view, folder);
  await bindFolder({ from: path, to: view, readOnly: true, signal });
  return view;
}

/** Takes the view away; succeeds where there is none. */
export async function hideView(folder: string, signal: AbortSignal): Promise<void> {
  const view = viewOf(folder);
  await unmountFolder(`${view}.stage`, { below: true, signal });
  await unmountFolder(view, { signal });
  await rmdir(view).catch(() => {});
}

/** Throws unless the kernel shows what has to be mounted, and it answers. */
export async function checkMount(expected: ExpectedMount): Promise<void> {
  const wrong = findWrongMount(expected, await readMounts());
  if (wrong !== undefined) throw new DriverError(wrong);
  // A file system whose server is gone fails here.
  await statfs(expected.path);
}

/** What is wrong with a mount, as a fragment for people; undefined where nothing is. */
export function findWrongMount(
  { path, fileSystem, source }: ExpectedMount,
  mounts: readonly Mount[],
): string | undefined {
  const there = mounts.findLast(({ mountpoint }) => mountpoint === path);
  const wanted = [fileSystem, source].filter((word) => word !== undefined).join(" ") || "the volume";
  if (there === undefined) return `nothing is mounted on ${path}, where ${wanted} has to be`;
  const right = (fileSystem ?? there.fileSystem) === there.fileSystem && (source ?? there.source) === there.source;
  if (right) return undefined;
  return `${there.fileSystem} ${there.source} is mounted on ${path} instead of ${wanted}; unmount it: umount ${path}`;
}

function viewOf(folder: string): string {
  return join(folder, "view");
}
