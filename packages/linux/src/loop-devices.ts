import { stat } from "node:fs/promises";
import { run } from "./run.ts";

/** A loop device that has a file. */
export interface LoopDevice {
  /** Such as `/dev/loop3`. */
  readonly device: string;
  /** Its file's path, as it was when the device was set up, in the mount namespace where that was done. */
  readonly file: string;
  /** Whether the file has been deleted since. */
  readonly deleted: boolean;
  /** The file itself, whatever its path: its inode, and the device that it is on, as stat(2) numbers them. */
  readonly inode: bigint;
  readonly on: bigint;
}

const fields = ["NAME", "BACK-INO", "BACK-MAJ:MIN", "BACK-FILE"];

/** All loop devices that have a file, as losetup(8) asks the kernel for them; throws `CommandError`. */
export async function readLoopDevices(): Promise<LoopDevice[]> {
  const { stdout } = await run(["losetup", "--list", "--raw", "--noheadings", "--output", fields.join(",")]);
  return parseLoopDevices(stdout);
}

/**
 * The device that has a file, if any. A path alone does not tell: in another mount namespace, such as that of another
 * managed plugin, the same path is another file.
 */
export async function findLoopDevice(path: string): Promise<LoopDevice | undefined> {
  const file = await stat(path, { bigint: true }).catch(() => undefined);
  if (file === undefined) return undefined;
  return (await readLoopDevices()).find(({ inode, on }) => inode === file.ino && on === file.dev);
}

/** Reads what `losetup --list --raw` printed. */
export function parseLoopDevices(text: string): LoopDevice[] {
  return text.split("\n").flatMap((line) => {
    const [device = "", inode = "", number = "", file = ""] = line.split(/ +/).map(unescape);
    const [, major, minor] = /^(\d+):(\d+)$/.exec(number) ?? [];
    // A device without a file has no inode.
    if (!/^\d+$/.test(inode) || major === undefined || minor === undefined) return [];
    const deleted = file.endsWith(" (deleted)");
    return {
      device,
      file: deleted ? file.slice(0, -" (deleted)".length) : file,
      deleted,
      inode: BigInt(inode),
      on: deviceNumber(BigInt(major), BigInt(minor)),
    };
  });
}

/** Blanks of a column come as `\x20`, as do those that pad it. */
function unescape(column: string): string {
  const hex = /(?:\\x[0-9a-f]{2})+/g;
  return column.replaceAll(hex, (bytes) => Buffer.from(bytes.replaceAll("\\x", ""), "hex").toString()).trim();
}

/** As the C library packs it: makedev(3). */
function deviceNumber(major: bigint, minor: bigint): bigint {
  return ((major & ~0xfffn) << 32n) | ((major & 0xfffn) << 8n) | ((minor & ~0xffn) << 12n) | (minor & 0xffn);
}
