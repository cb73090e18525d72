// A plugin for both engines is judged twice, as each of them calls it.
import { runCases, type CaseResult, type RunOptions, type RunResult } from "./run.ts";
import type { CaseProfile, Setting } from "./setting.ts";

/** Runs the cases under each profile; a case passes where it passes under all of them. */
export async function runProfiles(
  profiles: readonly CaseProfile[],
  setting: Omit<Setting, "profile">,
  options: RunOptions = {},
): Promise<RunResult> {
  const runs: { readonly profile: CaseProfile; readonly run: RunResult }[] = [];
  for (const profile of profiles) {
    const { onCase } = options;
    const told = profiles.length > 1 ? (one: CaseResult) => onCase?.(asOf(one, profile)) : onCase;
    const run = await runCases({ ...setting, profile }, { ...options, ...(told && { onCase: told }) });
    runs.push({ profile, run });
    if (run.interrupted) break;
  }
  const [first] = runs;
  if (first === undefined) throw new TypeError("no profile was given; name docker, podman or both");
  if (profiles.length === 1) return first.run;
  return {
    ...first.run,
    cases: first.run.cases.map(({ id }) =>
      worst(
        runs.flatMap(({ profile, run }) => run.cases.filter((one) => one.id === id).map((one) => asOf(one, profile))),
      ),
    ),
    left: runs.flatMap(({ run }) => run.left),
    interrupted: runs.some(({ run }) => run.interrupted),
  };
}

function asOf(one: CaseResult, profile: CaseProfile): CaseResult {
  return one.status === "failed" ? { ...one, message: `as ${profile} calls: ${one.message}` } : one;
}

/** Failed before passed before skipped: what one profile could not judge, the other has. */
function worst(results: readonly CaseResult[]): CaseResult {
  const rank = { failed: 0, passed: 1, skipped: 2 };
  const sorted = results.toSorted((a, b) => rank[a.status] - rank[b.status]);
  const [first] = sorted;
  if (first === undefined) throw new TypeError("a case without a result; this is a fault of the kit");
  return first;
}
