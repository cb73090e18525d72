import assert from "node:assert/strict";
import { test } from "node:test";
import { idsOf, judge, serveModel } from "../test/model.ts";

test("a plugin that keeps the rules passes", async () => {
  await using model = await serveModel({ "Plugin.Activate": () => ({ Implements: ["VolumeDriver"] }) });
  const result = await judge(model.address, { only: ["HS-01", "HS-02"] });
  assert.deepEqual(idsOf(result, "passed"), ["HS-01", "HS-02"]);
  assert.deepEqual(result.protocols, ["VolumeDriver"]);
});
