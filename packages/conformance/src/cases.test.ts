import assert from "node:assert/strict";
import { test } from "node:test";
import { protocols } from "@outrigger/protocol";
import { cases } from "./cases.ts";
import { untold } from "./untold.ts";

/** How many rules of each kind the contract lists; the kit's own are numbered behind them, or have a letter. */
const listed = { HS: 10, TR: 34, LF: 5, MP: 10, VOL: 55, NET: 65, IPM: 43, AZ: 30, LOG: 29, MET: 4, SEC: 7, CSI: 11 };

const ids = cases.map(({ id }) => id);

test("every rule of the contract is a case, or the reason is told why it cannot be", () => {
  const known = new Set([...ids, ...untold.map(({ id }) => id)]);
  const all = Object.entries(listed).flatMap(([kind, count]) =>
    Array.from({ length: count }, (_, index) => `${kind}-${String(index + 1).padStart(2, "0")}`),
  );
  assert.deepEqual(
    all.filter((id) => !known.has(id)),
    [],
  );
});

test("an id stands once, and no case is also told not to be there", () => {
  const all = [...ids, ...untold.map(({ id }) => id)];
  assert.deepEqual(
    all.filter((id, index) => all.indexOf(id) !== index),
    [],
  );
});

test("each case names its rule's source and states it in a sentence", () => {
  const subjects = ["handshake", "transport", "files", "managed", ...Object.keys(protocols)];
  for (const { id, protocol, title, rule } of cases) {
    assert.match(id, /^[A-Z]+-[A-Z]?\d\d$/);
    assert.ok(subjects.includes(protocol), id);
    assert.match(title, /^\S.{9,}[^.\s]$/, id);
    assert.match(rule, /^([\w.-]+\/[\w.-]+ \S+|observed: )/, `${id}: ${rule}`);
  }
});
