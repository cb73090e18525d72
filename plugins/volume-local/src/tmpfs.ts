import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { readMounts, unmountFolder } from "@outrigger/linux";
import { defineOptions } from "@outrigger/plugin";
import { RequestError } from "@outrigger/protocol";
import type { Backend, BackendVolume } from "@outrigger/volume-core";
import { ownershipOptions } from "./ownership.ts";
import { tool } from "./tool.ts";
import { usageOf } from "./usage.ts";

/** What `docker volume create -o` takes. */
export const tmpfsOptions = defineOptions({
  ...ownershipOptions,
  size: { type: "size", doc: "The most that it holds; half of the machine's memory where left out." },
});

type TmpfsVolume = BackendVolume<typeof tmpfsOptions>;

/**
 * Volumes in memory: what is written is there for the next container, and gone when the volume is removed or the machine
 * stops. So a volume stays mounted while nobody uses it.
 */
export const tmpfs: Backend<typeof tmpfsOptions> = {
  name: "tmpfs",
  options: tmpfsOptions,
  staysMounted: true,
  async provision(volume, signal) {
    await mountTmpfs(volume, signal);
  },
  async attach(volume, signal) {
    // After a start of the machine it is empty.
    await mountTmpfs(volume, signal);
    return dataOf(volume);
  },
  async expects(volume) {
    return { path: dataOf(volume), fileSystem: "tmpfs" };
  },
  async detach() {},
  async destroy(volume, signal) {
    await unmountFolder(dataOf(volume), { signal });
  },
  async resize(volume, _change, signal) {
    const { size = 0 } = volume.options;
    if (!(await isMounted(volume))) return;
    const { usedBytes } = await usageOf(dataOf(volume));
    if (size < usedBytes) {
      throw new RequestError(`volume ${volume.name} holds ${usedBytes} bytes already; delete some, or ask for more`);
    }
    await tool(["mount", "-o", `remount,size=${size}`, dataOf(volume)], signal);
  },
  async stats(volume) {
    if (!(await isMounted(volume))) return { usedBytes: 0, limitBytes: volume.options.size };
    return await usageOf(dataOf(volume));
  },
};

async function mountTmpfs(volume: TmpfsVolume, signal: AbortSignal): Promise<void> {
  const data = dataOf(volume);
  await mkdir(data, { recursive: true });
  if (await isMounted(volume)) return;
  const { size, uid, gid, mode = 0o755 } = volume.options;
  // The kernel takes 0 for no limit.
  if (size === 0) throw new RequestError('option "size": 0 is no size; give bytes, or leave it out');
  const options = [
    `mode=${mode.toString(8)}`,
    ...(size === undefined ? [] : [`size=${size}`]),
    ...(uid === undefined ? [] : [`uid=${uid}`]),
    ...(gid === undefined ? [] : [`gid=${gid}`]),
  ];
  await tool(["mount", "-t", "tmpfs", "-o", options.join(","), "outrigger", data], signal);
}

async function isMounted(volume: TmpfsVolume): Promise<boolean> {
  return (await readMounts()).some(({ mountpoint }) => mountpoint === dataOf(volume));
}

function dataOf({ folder }: TmpfsVolume): string {
  return join(folder, "data");
}
