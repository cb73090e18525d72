import { chmod, chown, mkdir, open } from "node:fs/promises";
import { join } from "node:path";
import { defineOptions } from "@outrigger/plugin";
import { RequestError } from "@outrigger/protocol";
import type { Backend, BackendVolume } from "@outrigger/volume-core";

const largestId = 2 ** 32 - 2;

/** What `docker volume create -o` takes. */
export const dirOptions = defineOptions({
  uid: {
    type: "integer",
    min: 0,
    max: largestId,
    doc: "Who owns the volume's folder; the plugin's own user where left out.",
  },
  gid: {
    type: "integer",
    min: 0,
    max: largestId,
    doc: "Which group owns the volume's folder; the plugin's own where left out.",
  },
  mode: { type: "octal", doc: "The mode of the volume's folder.", default: "0755" },
  size: { type: "size", doc: "Refused: a plain folder has no limit of its own." },
});

type DirVolume = BackendVolume<typeof dirOptions>;

/** Volumes that are plain folders: as large as the disk, as fast as the disk. */
export const dir: Backend<typeof dirOptions> = {
  name: "dir",
  options: dirOptions,
  async provision(volume) {
    const { uid, gid, mode, size } = volume.options;
    if (size !== undefined) {
      throw new RequestError('option "size": a plain folder cannot be held to a size; leave it out');
    }
    const data = dataOf(volume);
    await mkdir(data, { recursive: true });
    // On Linux there is always a user; one that is not root can give a folder to nobody but itself.
    await chown(data, uid ?? process.getuid?.() ?? 0, gid ?? process.getgid?.() ?? 0);
    // After the owner, whose change takes set-id bits away.
    await chmod(data, mode);
    for (const folder of [data, volume.folder]) {
      await using handle = await open(folder, "r");
      await handle.sync();
    }
  },
  async attach(volume) {
    return dataOf(volume);
  },
  async detach() {},
  async destroy() {},
};

/** Below the volume's folder, which others cannot enter, so that the mode is the user's affair. */
function dataOf({ folder }: DirVolume): string {
  return join(folder, "data");
}
