import { join } from "node:path";
import { findHungPaths } from "@outrigger/linux";
import { readDaemonConfig } from "./daemon-config.ts";
import { readEngineState, type EngineState } from "./driver-uses.ts";
import { pingEngine, type ApiAnswer } from "./engine-api.ts";
import type { EngineFacts } from "./facts.ts";
import type { Host } from "./host.ts";
import { findRunningEngine } from "./running-engine.ts";
import type { TimeBudget } from "./time-budget.ts";

/** What is known of the engine that the folders belong to; undefined where nothing says that there is one. */
export async function gatherEngine(
  host: Host,
  limits: { budget: TimeBudget; helperMs: number },
): Promise<{ facts?: EngineFacts; hung: string[] } | undefined> {
  const running = await findRunningEngine(host);
  // Folders that were named may belong to any engine, or to none.
  if (running === undefined && !host.ownFolders && host.dataRoot === undefined) return undefined;
  const root = running?.root ?? host.root;
  const config = await readDaemonConfig(root, running);
  const dataRoot = host.dataRoot ?? join(root, config.dataRoot);
  const hung = await findHungPaths([dataRoot], limits.helperMs);
  const [state, api] = await Promise.all([
    hung.length > 0 ? nothing([]) : inTime(readEngineState(dataRoot, config), limits.budget),
    running === undefined ? noEngine : firstAnswer(root, config.sockets, limits.budget),
  ]);
  const { process, stopped = false } = running ?? {};
  return { facts: { process, stopped, config, dataRoot, state, api }, hung };
}

const noEngine: ApiAnswer = { state: "dead", why: "no engine runs" };

async function firstAnswer(root: string, sockets: readonly string[], budget: TimeBudget): Promise<ApiAnswer> {
  const deadlineMs = Math.max(budget.total / 3, budget.left() / 2);
  const answers = await Promise.all(sockets.map((path) => pingEngine(root, { path, deadlineMs })));
  return answers.find(({ state }) => state === "answers") ?? answers[0] ?? noEngine;
}

/** A disk may be so slow that the rest of the examination must not wait for it. */
async function inTime(reading: Promise<EngineState>, budget: TimeBudget): Promise<EngineState> {
  const { promise, resolve } = Promise.withResolvers<EngineState>();
  const late = (): void => resolve(nothing(["there was not time enough; give it more with --deadline"]));
  budget.signal.addEventListener("abort", late, { once: true });
  if (budget.signal.aborted) late();
  try {
    return await Promise.race([reading, promise]);
  } finally {
    budget.signal.removeEventListener("abort", late);
  }
}

function nothing(unread: readonly string[]): EngineState {
  return { uses: [], managed: [], unread };
}
