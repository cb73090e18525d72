import assert from "node:assert/strict";
import { readFile, writeFile } from "node:fs/promises";
import { test } from "node:test";
import { writeBolt } from "../test/bolt-file.ts";
import { scratch } from "../test/scratch.ts";
import { readBoltBucket } from "./bolt.ts";

const few = { data: Buffer.from("1") };
const many = Object.fromEntries(Array.from({ length: 50 }, (_, index) => [`v${index}`, Buffer.from(`${index}`)]));

test("pairs of a small bucket and of one with a page of its own are read, and of none where there is none", async () => {
  await using at = await scratch();
  const file = at.path("state/meta.db");
  await writeBolt(file, { few, many });
  assert.deepEqual(await readBoltBucket(file, "few"), Object.entries(few));
  assert.deepEqual(await readBoltBucket(file, "many"), Object.entries(many));
  assert.deepEqual(await readBoltBucket(file, "other"), []);
  assert.deepEqual(await readBoltBucket(at.path("state/none.db"), "few"), []);
});

const damages: Readonly<Record<string, (data: Buffer) => Buffer>> = {
  "is empty": () => Buffer.alloc(0),
  "is a text": () => Buffer.from("no database".repeat(2000)),
  "was cut off": (data) => data.subarray(0, 2 * 4096),
  "has two damaged headers": (data) => fill(data, [40, 4096 + 40]),
  "has pages that go in circles": (data) => {
    data.writeUInt16LE(0x01, 3 * 4096 + 8);
    data.writeBigUInt64LE(3n, 3 * 4096 + 24);
    return data;
  },
  "has a pair beyond its page": (data) => fill(data, [3 * 4096 + 20]),
};
for (const [what, damage] of Object.entries(damages)) {
  test(`a file that ${what} is refused`, async () => {
    await using at = await scratch();
    const file = at.path("state/meta.db");
    await writeBolt(file, { few, many });
    await writeFile(file, damage(await readFile(file)));
    await assert.rejects(readBoltBucket(file, "many"), /is not a database of an engine|reaches over its page/);
  });
}

test("with one damaged header the other one counts", async () => {
  await using at = await scratch();
  const file = at.path("state/meta.db");
  await writeBolt(file, { few });
  await writeFile(file, fill(await readFile(file), [4096 + 40]));
  assert.deepEqual(await readBoltBucket(file, "few"), Object.entries(few));
});

function fill(data: Buffer, offsets: readonly number[]): Buffer {
  for (const offset of offsets) data.writeUInt32LE(0x7fffffff, offset);
  return data;
}
