import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { checks } from "../src/examine.ts";

test("the guide names every check once, and no other", () => {
  const guide = readFileSync(new URL("../../../docs/doctor.md", import.meta.url), "utf8");
  const named = [...guide.matchAll(/^\| `([a-z-]+)` \|/gm)].map(([, id]) => id);
  assert.deepEqual(
    named,
    checks.map(({ id }) => id),
  );
  assert.equal(new Set(named).size, named.length);
});
