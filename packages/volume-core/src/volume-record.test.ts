import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { fromStored, parseStored, toStored, type Phase, type VolumeRecord } from "./volume-record.ts";

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
