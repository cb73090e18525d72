// Writes what an engine would have written with bbolt: one page of buckets, each of which lies in it or has a page.
import { writeFile } from "node:fs/promises";

const pageSize = 4096;
const magic = 0xed0cdaed;

/** Writes buckets of pairs; a bucket with more than three pairs gets a page of its own. */
export async function writeBolt(
  file: string,
  buckets: Readonly<Record<string, Readonly<Record<string, Buffer>>>>,
): Promise<void> {
  const pages: Buffer[] = [];
  const elements = Object.entries(buckets).map(([name, pairs]) => {
    const header = Buffer.alloc(16);
    const list = Object.entries(pairs).map(([key, value]) => ({ key: Buffer.from(key), value, flags: 0 }));
    if (list.length <= 3) return { key: Buffer.from(name), value: Buffer.concat([header, leaf(list)]), flags: 1 };
    pages.push(padded(leaf(list)));
    header.writeBigUInt64LE(BigInt(3 + pages.length), 0);
    return { key: Buffer.from(name), value: header, flags: 1 };
  });
  const freelist = Buffer.alloc(pageSize);
  freelist.writeUInt16LE(0x10, 8);
  await writeFile(file, Buffer.concat([meta(0), meta(1), freelist, padded(leaf(elements)), ...pages]));
}

function meta(txid: number): Buffer {
  const page = Buffer.alloc(pageSize);
  page.writeUInt16LE(0x04, 8);
  page.writeUInt32LE(magic, 16);
  page.writeUInt32LE(2, 20);
  page.writeUInt32LE(pageSize, 24);
  page.writeBigUInt64LE(3n, 32);
  page.writeBigUInt64LE(2n, 48);
  page.writeBigUInt64LE(BigInt(txid), 64);
  let hash = 0xcbf29ce484222325n;
  for (const byte of page.subarray(16, 72)) hash = BigInt.asUintN(64, (hash ^ BigInt(byte)) * 0x100000001b3n);
  page.writeBigUInt64LE(hash, 72);
  return page;
}

function leaf(elements: readonly { key: Buffer; value: Buffer; flags: number }[]): Buffer {
  const head = Buffer.alloc(16 + 16 * elements.length);
  head.writeUInt16LE(0x02, 8);
  head.writeUInt16LE(elements.length, 10);
  let end = head.length;
  for (const [index, { key, value, flags }] of elements.entries()) {
    const at = 16 + 16 * index;
    head.writeUInt32LE(flags, at);
    head.writeUInt32LE(end - at, at + 4);
    head.writeUInt32LE(key.length, at + 8);
    head.writeUInt32LE(value.length, at + 12);
    end += key.length + value.length;
  }
  return Buffer.concat([head, ...elements.flatMap(({ key, value }) => [key, value])]);
}

function padded(page: Buffer): Buffer {
  if (page.length > pageSize) throw new Error("more than fits on a page");
  return Buffer.concat([page, Buffer.alloc(pageSize - page.length)]);
}
