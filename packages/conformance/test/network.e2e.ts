// The judge of network drivers, judged: a driver that keeps the rules passes, and each broken rule fails its own case.
import assert from "node:assert/strict";
import { test } from "node:test";
import type { RunResult } from "@outrigger/conformance";
import { judgeFaults, problemsOf, type Fault } from "./fault.ts";
import { idsOf, judge, serveModel } from "./model.ts";
import { networkFaults } from "./network-faults.ts";
import { networkJoinFaults, networkLifeFaults, networkPortFaults } from "./network-join-faults.ts";
import {
  createWorld,
  globalHandlers,
  networkHandlers,
  type NetworkVariant,
  type NetworkWorld,
} from "./network-model.ts";

const faults = [...networkFaults, ...networkJoinFaults, ...networkPortFaults, ...networkLifeFaults];
/** What needs an engine is told in a story of its own. */
const engineCases = /^NET-E\d\d$/;

/** What is skipped by right: a driver of one scope is not asked what only the other has. */
const skips = {
  local: ["NET-17", "NET-58", "NET-59", "NET-60", "NET-61", "NET-62"],
  global: ["NET-04", "NET-05", "NET-50", "NET-51", "NET-52", "NET-53", "NET-54", "NET-55", "NET-57"],
};

for (const variant of ["local", "global"] as const) {
  test(`a network driver of ${variant} scope that keeps the rules passes`, async () => {
    const result = await judgeModel({ title: variant, variant, slow: true });
    assert.deepEqual(problemsOf(result), []);
    assert.deepEqual(
      idsOf(result, "skipped")
        .filter((id) => !engineCases.test(id))
        .sort(),
      skips[variant],
    );
    assert.deepEqual(result.left, []);
  });
}

test("each broken rule of network drivers fails its own case and no other", (t) => judgeFaults(t, faults, judgeModel));

test("every case of network drivers is failed by a fault", async () => {
  const all = (await judgeModel({ title: "all" })).cases.map(({ id }) => id).filter((id) => !engineCases.test(id));
  const found = faults.flatMap(({ breaks, spares }) => breaks ?? all.filter((id) => !(spares ?? []).includes(id)));
  assert.deepEqual(
    all.filter((id) => !found.includes(id)),
    [],
  );
});

async function judgeModel(fault: Fault<NetworkWorld, NetworkVariant>): Promise<RunResult> {
  using world = createWorld();
  const handlers = fault.variant === "global" ? globalHandlers(world) : networkHandlers(world);
  const { intercept, onRestart, slow = false } = fault;
  await using model = await serveModel({ ...handlers, ...fault.change?.(handlers, world) }, intercept && { intercept });
  return await judge(model.address, {
    only: ["NET"],
    // It takes as long as a dozen others, and finds what they find but for its own fault.
    except: fault.breaks === undefined || fault.breaks.includes("NET-63") ? [] : ["NET-63"],
    setting: { hostRoot: world.root, slow, chaos: true, restart: async (signal) => onRestart?.(world, signal) },
  });
}
