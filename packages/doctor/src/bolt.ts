// Reads what engines keep in bbolt files (volumes, networks), without the lock that a running engine holds.
// Format: etcd-io/bbolt page.go, bucket.go, db.go. A page that is being rewritten meanwhile is caught by its checks.
import { stat, readFile } from "node:fs/promises";

const magic = 0xed0cdaed;
const pageHeader = 16;
const elementSize = 16;
const flag = { branch: 0x01, leaf: 0x02 };
const bucketElement = 0x01;
const largestFile = 64 * 1024 * 1024;
const mostPairs = 20_000;

/** The pairs of one top-level bucket; none where there is no such file or bucket. Throws where it is no bolt file. */
export async function readBoltBucket(file: string, bucket: string): Promise<[key: string, value: Buffer][]> {
  const stats = await stat(file).catch(() => undefined);
  if (stats === undefined) return [];
  if (!stats.isFile() || stats.size > largestFile) throw new Error(`${file} is not a database of an engine`);
  const tree = openTree(await readFile(file), file);
  const found = [...tree.pairs(tree.root)].find(({ key }) => key.toString() === bucket);
  if (found === undefined || !found.isBucket) return [];
  const root = found.value.readBigUInt64LE(0);
  // A small bucket lies in its parent's page, behind its header.
  const pairs = root === 0n ? tree.inlinePairs(found.value.subarray(16)) : tree.pairs(Number(root));
  const result: [string, Buffer][] = [];
  for (const { key, value } of pairs) {
    if (result.length === mostPairs) break;
    result.push([key.toString(), value]);
  }
  return result;
}

interface Pair {
  readonly key: Buffer;
  readonly value: Buffer;
  readonly isBucket: boolean;
}

interface Tree {
  readonly root: number;
  pairs(page: number): Generator<Pair>;
  inlinePairs(page: Buffer): Generator<Pair>;
}

function openTree(data: Buffer, file: string): Tree {
  const broken = (why: string): Error => new Error(`${file} is not a database of an engine, or damaged: ${why}`);
  if (data.length < 2 * 4096 || data.readUInt32LE(pageHeader) !== magic) throw broken("it has no bolt header");
  const pageSize = data.readUInt32LE(pageHeader + 8);
  if (pageSize < 512 || data.length < 2 * pageSize) throw broken(`its pages have ${pageSize} bytes`);
  const [older, newer] = [0, 1].map((number) => readMeta(data, number * pageSize)).sort((a, b) => a.txid - b.txid);
  const meta = (newer?.txid ?? -1) >= 0 ? newer : older;
  if (meta === undefined || meta.txid < 0) throw broken("neither of its headers is whole");

  let visited = 0;
  function* pairs(number: number): Generator<Pair> {
    visited += 1;
    if (visited > data.length / pageSize) throw broken("its pages go in circles");
    const at = number * pageSize;
    if (!(at >= 0 && at + pageHeader <= data.length)) throw broken(`page ${number} is not in it`);
    const overflow = data.readUInt32LE(at + 12);
    const page = data.subarray(at, at + (overflow + 1) * pageSize);
    if ((page.readUInt16LE(8) & flag.branch) === 0) return yield* leafPairs(page);
    for (let index = 0; index < page.readUInt16LE(10); index++) {
      yield* pairs(Number(page.readBigUInt64LE(pageHeader + index * elementSize + 8)));
    }
  }
  return { root: meta.root, pairs, inlinePairs: leafPairs };
}

function* leafPairs(page: Buffer): Generator<Pair> {
  if ((page.readUInt16LE(8) & flag.leaf) === 0) throw new Error("a page of the database is none that holds pairs");
  for (let index = 0; index < page.readUInt16LE(10); index++) {
    const at = pageHeader + index * elementSize;
    const [flags, offset, keySize, valueSize] = [0, 4, 8, 12].map((field) => page.readUInt32LE(at + field));
    const start = at + (offset ?? 0);
    const middle = start + (keySize ?? 0);
    const end = middle + (valueSize ?? 0);
    if (end > page.length) throw new Error("a pair of the database reaches over its page");
    yield { key: page.subarray(start, middle), value: page.subarray(middle, end), isBucket: flags === bucketElement };
  }
}

/** Of the two headers the later whole one counts; `txid` is -1 for one that is not. */
function readMeta(data: Buffer, at: number): { root: number; txid: number } {
  const meta = data.subarray(at + pageHeader, at + pageHeader + 64);
  const whole = meta.readUInt32LE(0) === magic && meta.readBigUInt64LE(56) === fnv64a(meta.subarray(0, 56));
  return { root: Number(meta.readBigUInt64LE(16)), txid: whole ? Number(meta.readBigUInt64LE(48)) : -1 };
}

function fnv64a(bytes: Buffer): bigint {
  let hash = 0xcbf29ce484222325n;
  for (const byte of bytes) hash = BigInt.asUintN(64, (hash ^ BigInt(byte)) * 0x100000001b3n);
  return hash;
}
