export { runCases, type CaseResult, type RunOptions, type RunResult } from "./run.ts";
export type { Setting } from "./setting.ts";
