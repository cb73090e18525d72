// Deliberately broken plugins, and which cases have to fail on each: no more and no fewer.
import assert from "node:assert/strict";
import type { RunResult } from "@outrigger/conformance";
import { idsOf } from "./model.ts";

/** One broken plugin. */
export interface Fault {
  readonly title: string;
  /** The cases that fail on it, in the kit's order. */
  readonly fails: readonly string[];
  /** Why more than one fails, where it is not one rule in two cases. */
  readonly because?: string;
  readonly judge: () => Promise<RunResult>;
}

/** Judges the broken plugins, some at once; every one that comes out otherwise is in the error. */
export async function assertFaults(faults: readonly Fault[], atOnce = 4): Promise<void> {
  const queue = [...faults];
  const wrong: string[] = [];
  const work = async (): Promise<void> => {
    for (let fault = queue.shift(); fault !== undefined; fault = queue.shift()) {
      const result = await fault.judge();
      const failed = idsOf(result, "failed");
      if (failed.join() === fault.fails.join()) continue;
      const told = result.cases
        .filter(({ status }) => status === "failed")
        .map(({ id, message }) => `${id}: ${message}`);
      wrong.push(`${fault.title}\n  expected ${fault.fails.join(", ")}\n  got ${told.join("\n      ") || "none"}`);
    }
  };
  await Promise.all(Array.from({ length: atOnce }, work));
  assert.deepEqual(wrong, []);
}
