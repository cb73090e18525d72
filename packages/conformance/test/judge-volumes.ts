// Judging the model and its faults.
import assert from "node:assert/strict";
import { test } from "node:test";
import type { RunResult, Setting } from "@outrigger/conformance";
import { idsOf, judge } from "./model.ts";
import { serveVolumeModel, type Fault, type KnownFault } from "./volume-model.ts";

/** Why the model cannot be judged here; on CI nothing is skipped, it fails. */
export const skip =
  process.getuid?.() === 0 || process.env.CI === "true" ? false : "the kit looks into mounts; run it as root";

/** Judges the model with a fault, or with none. */
export async function judgeVolumes(
  fault: Fault = {},
  { setting, except = [] }: { setting?: Partial<Setting>; except?: readonly string[] } = {},
): Promise<RunResult> {
  await using served = await serveVolumeModel(fault);
  const { address, restart } = served;
  return await judge(address, { only: ["VOL"], except, setting: { restart, ...setting } });
}

/** What the failed cases say. */
export function messagesOf(result: RunResult): string[] {
  return result.cases.filter(({ status }) => status === "failed").map(({ id, message }) => `${id}: ${message}`);
}

/** Declares one test per fault. */
export function testFaults(faults: Readonly<Record<string, KnownFault>>): void {
  test("each fault fails the cases that are about it, and no other", { skip, concurrency: 4 }, async (t) => {
    await Promise.all(
      Object.entries(faults).map(([title, { fails, setting, ...fault }]) =>
        t.test(title, async () => {
          // These do what others do, but so often that they take half of the run's time.
          const except = ["VOL-03", "VOL-20", "VOL-56"].filter((id) => !fails.includes(id));
          const chaos = fails.some((id) => id.startsWith("VOL-C"));
          const result = await judgeVolumes(fault, { except, setting: { chaos, ...setting } });
          assert.deepEqual(idsOf(result, "failed").sort(), [...fails].sort(), messagesOf(result).join("\n"));
        }),
      ),
    );
  });
}
