import { readdir, readFile } from "node:fs/promises";

/** A loop device that has a file. */
export interface LoopDevice {
  /** Such as `/dev/loop3`. */
  readonly device: string;
  /** Its file's path, as it was when the device was set up. */
  readonly file: string;
  /** Whether the file has been deleted since. */
  readonly deleted: boolean;
}

/** All loop devices that have a file (Documentation/ABI/testing/sysfs-block). */
export async function readLoopDevices(): Promise<LoopDevice[]> {
  const names = (await readdir("/sys/block")).filter((name) => name.startsWith("loop"));
  const devices = names.map(async (name): Promise<LoopDevice[]> => {
    // Without a file there is no such folder, and a device may go while we look.
    const text = await readFile(`/sys/block/${name}/loop/backing_file`, "utf8").catch(() => undefined);
    if (text === undefined) return [];
    const [, file = "", deleted] = /^(.*?)( \(deleted\))?\n$/s.exec(text) ?? [];
    return [{ device: `/dev/${name}`, file, deleted: deleted !== undefined }];
  });
  return (await Promise.all(devices)).flat();
}
