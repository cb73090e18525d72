import { mkdir, realpath, stat } from "node:fs/promises";
import { dirname, join } from "node:path";
import { bindFolder, unmountFolder } from "@outrigger/linux";
import { defineOptions } from "@outrigger/plugin";
import { DriverError, RequestError } from "@outrigger/protocol";
import type { Backend, BackendVolume } from "@outrigger/volume-core";
import { own, ownershipOptions, syncFolder } from "./ownership.ts";

/** What `docker volume create -o` takes. */
export const dirOptions = defineOptions({
  ...ownershipOptions,
  source: {
    type: "path",
    doc: "A folder that is there already, given out as it is and never deleted.",
  },
});

type DirVolume = BackendVolume<typeof dirOptions>;

/** Volumes that are plain folders: as large as the disk, as fast as the disk. */
export const dir: Backend<typeof dirOptions> = {
  name: "dir",
  options: dirOptions,
  async provision(volume) {
    const data = dataOf(volume);
    if (volume.options.source !== undefined) await checkSource(volume);
    await mkdir(data, { recursive: true });
    if (volume.options.source === undefined) await own(data, volume.options);
    await syncFolder(data);
  },
  async attach(volume, signal) {
    const data = dataOf(volume);
    const { source } = volume.options;
    if (source === undefined) return data;
    await checkSource(volume);
    await bindFolder({ from: source, to: data, signal });
    return data;
  },
  async expects(volume) {
    return volume.options.source === undefined ? undefined : { path: dataOf(volume) };
  },
  async detach(volume, signal) {
    if (volume.options.source !== undefined) await unmountFolder(dataOf(volume), { signal });
  },
  async destroy(volume, signal) {
    if (volume.options.source !== undefined) await unmountFolder(dataOf(volume), { signal });
  },
};

/** Throws unless the adopted folder is one, reached without a link, and apart from the plugin's own folders. */
async function checkSource({ folder, options }: DirVolume): Promise<void> {
  const { source = "", uid, gid, mode } = options;
  if (uid !== undefined || gid !== undefined || mode !== undefined) {
    throw new RequestError('option "source" takes the folder as it is; leave "uid", "gid" and "mode" out');
  }
  const real = await realpath(source).catch(() => undefined);
  if (real === undefined || !(await stat(real)).isDirectory()) {
    throw new DriverError(`folder ${source} (option "source") is not there; make it, or put it back`);
  }
  if (real !== source) throw new RequestError(`option "source": ${source} leads to ${real} by a link; give that path`);
  const root = dirname(dirname(folder));
  const within = (a: string, b: string): boolean => a === b || b.startsWith(a === "/" ? a : `${a}/`);
  if (within(root, source) || within(source, root)) {
    throw new RequestError(
      `option "source": ${source} and the plugin's own folder ${root} are not apart; choose another`,
    );
  }
}

/** Below the volume's folder, which others cannot enter, so that the mode is the user's affair. */
function dataOf({ folder }: DirVolume): string {
  return join(folder, "data");
}
