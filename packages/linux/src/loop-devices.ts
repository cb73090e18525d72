import { readdir, readFile, stat } from "node:fs/promises";
import { run } from "./run.ts";

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

/**
 * The loop device that has this very file, if any. Devices are one for all mount namespaces, and in another one the same
 * path can be another file, so what counts is the file's device and inode.
 */
export async function findLoopDevice(file: string): Promise<LoopDevice | undefined> {
  const candidates = (await readLoopDevices()).filter((one) => one.file === file && !one.deleted);
  if (candidates.length === 0) return undefined;
  const wanted = await identityOf(file);
  for (const candidate of candidates) if ((await backingIdentityOf(candidate.device)) === wanted) return candidate;
  return undefined;
}

/** `254:0 1234`: the numbers of the device and of the inode. */
async function identityOf(file: string): Promise<string> {
  const { dev, ino } = await stat(file, { bigint: true });
  // gnu_dev_major and gnu_dev_minor of glibc.
  const major = ((dev >> 8n) & 0xfffn) | ((dev >> 32n) & 0xfffff000n);
  const minor = (dev & 0xffn) | ((dev >> 12n) & 0xffffff00n);
  return `${major}:${minor} ${ino}`;
}

async function backingIdentityOf(device: string): Promise<string | undefined> {
  const columns = "--output=BACK-MAJ:MIN,BACK-INO";
  // It may go while we look.
  const { stdout } = await run(["losetup", "--list", "--json", columns, device], { accept: [0, 1] });
  const [, numbers] = /"back-maj:min":\s*"\s*(\d+:\d+)\s*"/.exec(stdout) ?? [];
  const [, inode] = /"back-ino":\s*(\d+)/.exec(stdout) ?? [];
  return numbers === undefined || inode === undefined ? undefined : `${numbers} ${inode}`;
}
