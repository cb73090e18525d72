import { open } from "node:fs/promises";
import { DriverError } from "@outrigger/protocol";

/** A file system that an image can hold. */
export type ImageFileSystem = "xfs" | "ext4";

/** What an image's first blocks say of the file system in it. */
export interface ImageHeader {
  readonly fileSystem: ImageFileSystem;
  /** How large it is, which is less than the file until it has grown into it. */
  readonly bytes: number;
}

// fs/xfs/libxfs/xfs_format.h, struct xfs_dsb; big-endian.
const xfs = { magic: 0x58465342, blockSize: 4, blocks: 8 };
// fs/ext4/ext4.h, struct ext4_super_block; little-endian, at 1024.
const ext4 = { start: 1024, magic: 0xef53, magicAt: 0x38, blocksLow: 0x04, logBlockSize: 0x18, blocksHigh: 0x150 };

/** Reads them; throws where there is neither. */
export async function readImageHeader(image: string): Promise<ImageHeader> {
  const header = Buffer.alloc(4096);
  {
    await using handle = await open(image, "r");
    await handle.read(header, 0, header.length, 0);
  }
  if (header.readUInt32BE(0) === xfs.magic) {
    const bytes = header.readBigUInt64BE(xfs.blocks) * BigInt(header.readUInt32BE(xfs.blockSize));
    return { fileSystem: "xfs", bytes: Number(bytes) };
  }
  const block = header.subarray(ext4.start);
  if (block.readUInt16LE(ext4.magicAt) === ext4.magic) {
    const blocks = block.readUInt32LE(ext4.blocksLow) + block.readUInt32LE(ext4.blocksHigh) * 2 ** 32;
    return { fileSystem: "ext4", bytes: blocks * 1024 * 2 ** block.readUInt32LE(ext4.logBlockSize) };
  }
  throw new DriverError(`image ${image} holds neither xfs nor ext4; restore a snapshot, or a backup`);
}
