// The judge of address drivers, judged: a driver that keeps the rules passes, and each broken rule fails its own case.
import assert from "node:assert/strict";
import { test } from "node:test";
import type { RunResult } from "@outrigger/conformance";
import { judgeFaults, problemsOf, type Fault } from "./fault.ts";
import { ipamAddressFaults } from "./ipam-address-faults.ts";
import { inSuccess, ipamPoolFaults } from "./ipam-faults.ts";
import { ipamHandlers, type IpamVariant, type IpamWorld } from "./ipam-model.ts";
import { idsOf, judge, serveModel } from "./model.ts";

const faults = [...ipamPoolFaults, ...ipamAddressFaults];
/** What needs an engine is told in a story of its own. */
const engineCases = /^IPM-E\d\d$/;
const replayOnly = ["IPM-29", "IPM-37", "IPM-38"];
const memoryOnly = ["IPM-12", "IPM-23", "IPM-39", "IPM-C01", "IPM-C02"];
/** What needs no pool, or takes any. */
const poolless = ["IPM-02", "IPM-03", "IPM-04", "IPM-08", "IPM-09", "IPM-15", "IPM-40", "IPM-42", "IPM-43"];

/** What is skipped by right, of each model. */
const skips: Readonly<Record<IpamVariant, readonly string[]>> = {
  plain: [...replayOnly, "IPM-42"],
  replay: [...memoryOnly, "IPM-42"],
  gateway: [...replayOnly, "IPM-26", "IPM-42"],
  null: [],
};

for (const variant of ["plain", "replay", "gateway"] as const) {
  test(`an address driver that keeps the rules passes (${variant})`, async () => {
    const result = await judgeModel({ title: variant, variant });
    assert.deepEqual(problemsOf(result), []);
    assert.deepEqual(skippedIn(result), [...skips[variant]].sort());
    assert.deepEqual(result.left, []);
  });
}

test("an address driver that answers failures with 200 and Error passes", async () => {
  const result = await judgeModel({ title: "Error", ...inSuccess("Error") });
  assert.deepEqual(problemsOf(result), []);
  assert.deepEqual(skippedIn(result), [...skips.plain].sort());
});

test("an address driver without pools of its own is judged by what it answers", async () => {
  const result = await judgeModel({ title: "null", variant: "null" });
  assert.deepEqual(idsOf(result, "passed").sort(), poolless);
});

test("each broken rule of address drivers fails its own case and no other", (t) => judgeFaults(t, faults, judgeModel));

test("every case of address drivers is failed by a fault", async () => {
  const all = (await judgeModel({ title: "all" })).cases.map(({ id }) => id).filter((id) => !engineCases.test(id));
  const found = faults.flatMap(({ breaks, spares }) => breaks ?? all.filter((id) => !(spares ?? []).includes(id)));
  assert.deepEqual(
    all.filter((id) => !found.includes(id)),
    [],
  );
});

function skippedIn(result: RunResult): string[] {
  return idsOf(result, "skipped")
    .filter((id) => !engineCases.test(id))
    .sort();
}

async function judgeModel(fault: Fault<IpamWorld, IpamVariant>): Promise<RunResult> {
  const world: IpamWorld = { pools: new Map() };
  const handlers = ipamHandlers(world, fault.variant);
  const { intercept, onRestart } = fault;
  const options = { errorKey: "Error", ...(intercept && { intercept }) };
  await using model = await serveModel({ ...handlers, ...fault.change?.(handlers, world) }, options);
  return await judge(model.address, {
    only: ["IPM"],
    // It takes as long as a dozen others, and finds what they find but for its own fault.
    except: fault.breaks === undefined || fault.breaks.includes("IPM-31") ? [] : ["IPM-31"],
    setting: { chaos: true, restart: async (signal) => onRestart?.(world, signal) },
  });
}
