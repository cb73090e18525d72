import { mkdir, rmdir } from "node:fs/promises";
import { setTimeout as wait } from "node:timers/promises";
import { placeOf, type Place } from "./folder-users.ts";
import { readMounts, type Mount } from "./mount-info.ts";
import { CommandError, run } from "./run.ts";

/** A folder, and where it is to be seen too. */
export interface BindOptions {
  readonly from: string;
  /** An empty folder, reached without a link. */
  readonly to: string;
  readonly readOnly?: boolean | undefined;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Shows a folder at another place too, or succeeds where that is so already. Throws if something else is mounted there.
 * Safe to be called again after it was killed in the middle.
 */
export async function bindFolder(options: BindOptions): Promise<void> {
  const { from, to, readOnly = false, signal } = options;
  const mounts = await readMounts();
  const [place] = placeOf(from, mounts);
  const there = mounts.findLast(({ mountpoint }) => mountpoint === to);
  if (there !== undefined) return refuseOther(there, { place, options });
  if (!readOnly) return void (await run(["mount", "--bind", from, to], { signal }));
  await bindReadOnly({ from, to, signal });
}

function refuseOther(there: Mount, { place, options }: { place: Place | undefined; options: BindOptions }): void {
  const { from, to, readOnly = false } = options;
  const same = there.device === place?.device && there.root === place.root;
  if (same && there.options.includes("ro") === readOnly) return;
  throw new Error(`${to} has ${there.source} mounted on it, not ${from}; unmount it first: umount ${to}`);
}

/**
 * A bind mount can be made read-only only after it was made, and only for the namespace that does it: wherever it was
 * propagated to by then, it stays writable. So it is made where nothing is propagated, and moved when it is read-only
 * (mount_namespaces(7): a move is propagated as the mount is; a mount cannot be moved out of a shared one).
 */
async function bindReadOnly({ from, to, signal }: BindOptions): Promise<void> {
  const stage = `${to}.stage`;
  await unmountFolder(stage, { below: true, signal });
  await mkdir(stage, { recursive: true, mode: 0o700 });
  try {
    await run(["mount", "--bind", stage, stage], { signal });
    await run(["mount", "--make-private", stage], { signal });
    await mkdir(`${stage}/view`, { recursive: true });
    await run(["mount", "--bind", from, `${stage}/view`], { signal });
    await run(["mount", "-o", "remount,bind,ro", `${stage}/view`], { signal });
    await run(["mount", "--move", `${stage}/view`, to], { signal });
  } finally {
    await unmountFolder(stage, { below: true });
    await rmdir(`${stage}/view`).catch(() => {});
    await rmdir(stage).catch(() => {});
  }
}

/** Unmounts whatever is mounted on a folder, and with `below` what is mounted in it; nothing being there is no error. */
export async function unmountFolder(
  folder: string,
  options: { readonly below?: boolean; readonly signal?: AbortSignal | undefined } = {},
): Promise<void> {
  const { below = false, signal } = options;
  const inside = (mountpoint: string): boolean => below && mountpoint.startsWith(`${folder}/`);
  const mounted = (await readMounts()).filter(({ mountpoint }) => mountpoint === folder || inside(mountpoint));
  // The kernel lists a mount after the one that it lies on.
  for (const { mountpoint } of mounted.reverse()) await unmount(mountpoint, signal);
}

/** How long a mount may be busy: what a process that ended had open is closed a little later. */
const busyMs = 2000;
const betweenTriesMs = 50;

async function unmount(mountpoint: string, signal: AbortSignal | undefined): Promise<void> {
  for (const limit = performance.now() + busyMs; ; await wait(betweenTriesMs, undefined, { signal })) {
    try {
      return void (await run(["umount", mountpoint], { signal }));
    } catch (error) {
      // https://github.com/util-linux/util-linux, sys-utils/umount.c: 32 is the kernel's refusal.
      const busy = error instanceof CommandError && error.code === 32 && error.stderr.includes("busy");
      if (!busy || performance.now() > limit) throw error;
    }
  }
}
