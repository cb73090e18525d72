import { engineChecks } from "./checks/engine.ts";
import { fileChecks } from "./checks/files.ts";
import { leftoverChecks } from "./checks/leftovers.ts";
import { permissionChecks } from "./checks/permissions.ts";
import { socketChecks } from "./checks/sockets.ts";
import { tlsChecks } from "./checks/tls.ts";
import { useChecks } from "./checks/uses.ts";
import type { Check } from "./check.ts";
import type { EngineFacts, Facts } from "./facts.ts";
import type { Finding, Severity } from "./finding.ts";
import { gather } from "./gather.ts";
import { hostOf, type HostOptions } from "./host.ts";
import { startBudget } from "./time-budget.ts";

/** Every check, in the order in which findings are told. */
export const checks: readonly Check[] = [
  ...socketChecks,
  ...fileChecks,
  ...tlsChecks,
  ...permissionChecks,
  ...useChecks,
  ...engineChecks,
  ...leftoverChecks,
];

/** What to examine, and how long that may take. */
export interface ExamineOptions extends HostOptions {
  /** Milliseconds for everything; 1500 unless told. */
  readonly budgetMs?: number;
}

/** What an examination found, and what it looked at. */
export interface Report {
  readonly findings: readonly Finding[];
  /** Files that announce plugins. */
  readonly plugins: number;
  /** How the engine is: its version, `no engine runs`, or why it could not be asked. */
  readonly engine: string;
}

/** Examines the plugins of a host. Never throws for what it finds, and returns within its budget. */
export async function examine(options: ExamineOptions = {}): Promise<Report> {
  const facts = await gather(hostOf(options), startBudget(options.budgetMs ?? 1500));
  return { findings: judge(facts), plugins: facts.plugins.length, engine: describeEngine(facts.engine) };
}

/** What the facts amount to, the gravest first. */
function judge(facts: Facts): Finding[] {
  const findings = checks.flatMap(({ id, find }) => find(facts).map((finding): Finding => ({ id, ...finding })));
  return findings.toSorted((a, b) => gravity[a.severity] - gravity[b.severity]);
}

const gravity: Readonly<Record<Severity, number>> = { error: 0, warning: 1, note: 2 };

function describeEngine(engine: EngineFacts | undefined): string {
  if (engine === undefined) return "no engine uses these folders";
  const { api, process } = engine;
  if (process === undefined) return "no engine runs";
  if (api.state === "answers") return api.version;
  return api.state === "silent" ? "does not answer" : `cannot be asked: ${api.why}`;
}
