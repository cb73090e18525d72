import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { decodeLogEntries, decodeLogEntry, encodeLogEntry, type LogEntry } from "./log-entry.ts";

const anyEntry: fc.Arbitrary<LogEntry> = fc.record(
  {
    source: fc.constantFrom("stdout", "stderr", ""),
    timeNano: fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
    line: fc.uint8Array({ maxLength: 300 }),
    partial: fc.boolean(),
    partialLogMetadata: fc.record(
      { last: fc.boolean(), id: fc.string(), ordinal: fc.integer() },
      { noNullPrototype: true },
    ),
  },
  { requiredKeys: ["source", "timeNano", "line", "partial"], noNullPrototype: true },
);

test("entries cut anywhere come back whole and in order", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(anyEntry, { maxLength: 8 }),
      fc.array(fc.nat({ max: 4000 }), { maxLength: 6 }),
      async (entries, cuts) => {
        const stream = Buffer.concat(entries.map(encodeLogEntry));
        const decoded = await Array.fromAsync(decodeLogEntries(pieces(stream, cuts)));
        assert.deepEqual(decoded.map(plain), entries.map(plain));
      },
    ),
  );
});

test("the bytes are laid out as entry.proto says", () => {
  const frame = encodeLogEntry({ source: "stdout", timeNano: 1n, line: Buffer.from("hi"), partial: true });
  assert.equal(Buffer.from(frame).toString("hex"), "000000100a067374646f757410011a0268692001");
});

test("attributes and fields of later versions are skipped", () => {
  const attribute = "32060a016b120176";
  const later = "4501020304490102030405060708";
  const entry = decodeLogEntry(Buffer.from(`${attribute}${later}1a0161`, "hex"));
  assert.equal(Buffer.from(entry.line).toString(), "a");
});

test("broken entries are refused with what is wrong", async () => {
  const cases: [string, RegExp][] = [
    ["0000000212", /ends inside an entry/],
    ["7fffffff00", /over the limit of 1048576/],
    ["00000001ff", /ends inside a number/],
    ["000000020a05", /ends inside a field/],
    ["000000020801", /a number where bytes belong/],
    ["000000010b", /unknown kind 3/],
    ["0000000c10ffffffffffffffffffff01", /more than ten bytes/],
  ];
  for (const [hex, message] of cases) {
    await assert.rejects(Array.fromAsync(decodeLogEntries(pieces(Buffer.from(hex, "hex"), []))), message, hex);
  }
});

async function* pieces(stream: Buffer, cuts: readonly number[]): AsyncGenerator<Uint8Array> {
  const places = [0, ...cuts.filter((cut) => cut < stream.length).sort((a, b) => a - b), stream.length];
  for (let index = 1; index < places.length; index++) yield stream.subarray(places[index - 1], places[index]);
}

function plain(entry: LogEntry): unknown {
  return { ...entry, line: Buffer.from(entry.line).toString("hex") };
}
