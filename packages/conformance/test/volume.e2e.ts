// The judge of volumes, judged: a plugin that keeps the rules passes, and each fault is found.
import assert from "node:assert/strict";
import { test } from "node:test";
import { cases } from "../src/cases.ts";
import { untold } from "../src/untold.ts";
import { judgeVolumes, messagesOf, skip, testFaults } from "./judge-volumes.ts";
import { idsOf } from "./model.ts";
import { volumeAnswerFaults } from "./volume-answer-faults.ts";
import { volumeChaosFaults } from "./volume-chaos-faults.ts";
import { volumeCreateFaults } from "./volume-create-faults.ts";
import { volumeMountFaults } from "./volume-mount-faults.ts";
import { volumeParallelFaults } from "./volume-parallel-faults.ts";

for (const attachBy of ["link", "bind"] as const) {
  test(`a volume plugin that keeps the rules passes (mounts by ${attachBy})`, { skip }, async () => {
    const result = await judgeVolumes({ attachBy }, { setting: { chaos: true } });
    assert.deepEqual(messagesOf(result), []);
    assert.deepEqual(result.left, []);
    const skipped = idsOf(result, "skipped").filter((id) => !id.startsWith("VOL-E"));
    assert.deepEqual(skipped, []);
  });
}

test("a volume plugin that keeps the rules passes with Podman's requests", { skip }, async () => {
  const result = await judgeVolumes({}, { setting: { profile: "podman" } });
  assert.deepEqual(messagesOf(result), []);
});

test("what looks into mounts is skipped where they cannot be seen, and the rest is judged", { skip }, async () => {
  const result = await judgeVolumes({}, { setting: { hostRoot: false } });
  assert.deepEqual(messagesOf(result), []);
  const reasons = new Set(result.cases.map(({ message }) => message).filter((message) => message !== ""));
  assert.match([...reasons].sort().join("\n"), /^kills the plugin.*--chaos\n.*--engine\nthe plugin's.*--host-root$/);
  assert.ok(idsOf(result, "passed").length > 20);
});

testFaults({ ...volumeAnswerFaults, ...volumeCreateFaults });

test("every case fails for one fault at least", () => {
  const ofVolumes = cases.filter(
    ({ protocol, needs = [] }) => protocol === "VolumeDriver" && !needs.includes("engine"),
  );
  const found = new Set(
    Object.values({
      ...volumeAnswerFaults,
      ...volumeCreateFaults,
      ...volumeMountFaults,
      ...volumeParallelFaults,
      ...volumeChaosFaults,
    }).flatMap(({ fails }) => fails),
  );
  assert.deepEqual(
    ofVolumes.map(({ id }) => id).filter((id) => !found.has(id)),
    [],
  );
});

test("every rule of volumes has a case, or a reason for having none", () => {
  const rules = Array.from({ length: 57 }, (_, index) => `VOL-${`${index + 1}`.padStart(2, "0")}`);
  const known = [...cases, ...untold].map(({ id }) => id).filter((id) => /^VOL-\d/.test(id));
  assert.deepEqual(known.sort(), rules);
});
