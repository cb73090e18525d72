// A hundred random kills; `npm run soak` does a thousand.
import assert from "node:assert/strict";
import { test } from "node:test";
import { runWithOwnMounts } from "./own-mounts.ts";
import { countKills, soak } from "./soak.ts";

runWithOwnMounts(import.meta.filename);

const seed = 7;

test(`a hundred kills at random moments lose and leak nothing (npm run soak -- --seed ${seed})`, async () => {
  const report = await soak({ kills: 100, seconds: 600, seed });
  assert.ok(countKills(report) >= 100);
  assert.ok(report.calls > 0);
});
