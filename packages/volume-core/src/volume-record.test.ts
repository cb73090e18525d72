import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { fromStored, isOnlyUse, parseStored, toStored, type Phase, type VolumeRecord } from "./volume-record.ts";

const hold = fc.record({ current: fc.nat(), carried: fc.nat() }, { noNullPrototype: true });
const record: fc.Arbitrary<VolumeRecord> = fc
  .record({
    options: fc.dictionary(fc.string(), fc.string()),
    createdAt: fc
      .date({ noInvalidDate: true, min: new Date(0), max: new Date(4e12) })
      .map((date) => date.toISOString()),
    phase: fc.constantFrom<Phase>("creating", "idle", "attaching", "attached", "detaching", "removing"),
    holds: fc.array(fc.tuple(fc.string(), hold)).map((entries) => new Map(entries)),
  })
  .map((record) => (record.phase === "attached" ? { ...record, mountpoint: "/x" } : record));

test("what is stored of a volume is what is read again", () => {
  fc.assert(
    fc.property(record, (record) => {
      const text = JSON.stringify(toStored(record));
      assert.deepEqual(JSON.stringify(toStored(fromStored(parseStored(JSON.parse(text))))), text);
      assert.deepEqual(fromStored(parseStored(JSON.parse(text))).holds, record.holds);
    }),
  );
});

const idle: VolumeRecord = { options: {}, createdAt: "2026-01-01T00:00:00.000Z", phase: "idle", holds: new Map() };
const held: VolumeRecord = {
  ...idle,
  phase: "attached",
  mountpoint: "/x",
  holds: new Map([["a", { current: 1, carried: 0 }]]),
};
const changes: readonly [what: string, before: VolumeRecord | undefined, after: VolumeRecord, only: boolean][] = [
  ["a mount", { ...idle, phase: "attaching" }, held, true],
  ["an unmount", held, { ...held, phase: "detaching", mountpoint: undefined, holds: new Map() }, true],
  ["a creation", undefined, { ...idle, phase: "creating" }, false],
  ["the end of a creation", { ...idle, phase: "creating" }, idle, false],
  ["a removal", idle, { ...idle, phase: "removing" }, false],
  ["a removal that failed", { ...idle, phase: "removing" }, idle, false],
  ["an intent", idle, { ...idle, intent: { kind: "resize", size: 1 } }, false],
  ["the end of an intent", { ...held, intent: { kind: "resize", size: 1 } }, { ...held, intent: undefined }, false],
  ["a new size", idle, { ...idle, size: 1 }, false],
];
for (const [what, before, after, only] of changes) {
  test(`${what} is ${only ? "only" : "not only"} about who uses the volume`, () => {
    assert.equal(isOnlyUse(before, after), only);
  });
}

const whole = { options: {}, createdAt: "2026-01-01T00:00:00.000Z", phase: "idle", holds: [["a", 1, 0]] };
const wrong: Record<string, unknown> = {
  options: { ...whole, options: { size: 1 } },
  createdAt: { ...whole, createdAt: "yesterday" },
  phase: { ...whole, phase: "floating" },
  mountpoint: { ...whole, phase: "attached" },
  holds: { ...whole, holds: [["a", -1, 0]] },
};
for (const [field, value] of Object.entries(wrong)) {
  test(`a stored volume with a wrong ${field} is refused by that name`, () => {
    parseStored(whole);
    assert.throws(() => parseStored(value), { name: "TypeError", message: new RegExp(`^${field} `) });
  });
}
test("a stored volume that is no object is refused", () => {
  for (const value of [null, 1, "x", []]) assert.throws(() => parseStored(value), TypeError);
});
