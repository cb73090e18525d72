import { ActivationError, formatAddress, openWire, type Wire } from "@outrigger/engine";
import { protocols } from "@outrigger/protocol";
import type { ConformanceCase, Severity, Subject } from "./case.ts";
import { cases as allCases } from "./cases.ts";
import { kindsInConfig } from "./cases/kinds.ts";
import type { Exchange } from "./connection.ts";
import { fieldOf, isObject } from "./json-field.ts";
import { createLedger, type Debt, type Ledger } from "./ledger.ts";
import { missing } from "./needs.ts";
import type { Setting } from "./setting.ts";
import { openTrial, type OpenTrial } from "./trial.ts";
import { Skip, Violation } from "./violation.ts";

/** What came of one case. */
export interface CaseResult {
  readonly id: string;
  readonly protocol: Subject;
  readonly severity: Severity;
  readonly status: "passed" | "failed" | "skipped";
  readonly title: string;
  /** Why it failed or was skipped; empty where it passed. */
  readonly message: string;
  readonly rule: string;
  /** The calls of a failed case, the last one last. */
  readonly exchanges: readonly Exchange[];
  /** What the case made that could not be taken away again. */
  readonly left: readonly string[];
}

/** What came of a run. */
export interface RunResult {
  readonly address: string;
  /** What the plugin implements. */
  readonly protocols: readonly string[];
  readonly cases: readonly CaseResult[];
  /** What could not be taken away again. */
  readonly left: readonly string[];
  /** The run was ended before its last case. */
  readonly interrupted: boolean;
}

/** Which cases to run, and who hears of each. */
export interface RunOptions {
  /** Ids, or beginnings of them: `VOL`, `VOL-31`. All by default. */
  readonly only?: readonly string[];
  readonly except?: readonly string[];
  readonly onCase?: (result: CaseResult) => void;
}

const caseLimitMs = 180_000;

/**
 * Runs the cases of what a plugin implements, one after the other. What cases made is taken away after each, also when
 * the run is interrupted by the setting's signal. Throws `DiscoveryError` where the address cannot be used, and
 * `ActivationError` where nothing at it answers the handshake, in whatever way. A plugin's file that cannot be used, and
 * a managed plugin's folder given as the target, are judged without dialling.
 */
export async function runCases(setting: Setting, options: RunOptions = {}): Promise<RunResult> {
  const offline = cannotBeDialled(setting);
  const wire = offline ? closedWire : await openWire(setting.target, wireOptions(setting));
  const implemented = offline ? [] : await implementedBy({ setting, wire });
  const online = offline ? [] : ["handshake", "transport", ...implemented];
  const files = typeof setting.target === "string" ? [] : ["files"];
  const managed = setting.managedFolder === undefined ? [] : ["managed"];
  const subjects = new Set<string>([...online, ...files, ...managed]);
  const chosen = allCases.filter((one) => subjects.has(one.protocol) && isChosen(one, options));
  const interruption = setting.signal ?? new AbortController().signal;

  const results: CaseResult[] = [];
  for (const one of chosen) {
    if (interruption.aborted) break;
    const ledger = createLedger();
    const limit = AbortSignal.timeout(caseLimitMs);
    const trial = openTrial({ setting, wire, ledger, signal: AbortSignal.any([limit, interruption]) });
    const outcome = await outcomeOf(one, trial);
    const revived = outcome.status === "failed" && !offline ? await reviveDead({ setting, wire }) : "";
    const left = await settle(ledger, { setting, wire });
    const result = { ...outcome, message: outcome.message + revived, left };
    results.push(result);
    options.onCase?.(result);
  }
  return {
    address: offline ? offlineName(setting) : formatAddress(wire.address),
    protocols: implemented,
    cases: results,
    left: results.flatMap(({ left }) => left),
    interrupted: interruption.aborted,
  };
}

function wireOptions(setting: Setting): {
  profile: "docker" | "podman";
  rules: "engine";
  tls?: NonNullable<Setting["tls"]>;
} {
  return { profile: setting.profile ?? "docker", rules: "engine", ...(setting.tls && { tls: setting.tls }) };
}

function offlineName({ target }: Setting): string {
  return typeof target === "string" ? target : target.file;
}

function cannotBeDialled({ target, managedFolder }: Setting): boolean {
  return typeof target === "string" ? target === managedFolder : target.address === undefined;
}

const closedWire: Wire = {
  address: { transport: "unix", path: "/" },
  profile: "docker",
  request: () => ({ path: "/", headers: [], body: Buffer.alloc(0) }),
  deadlineMs: () => 0,
  dial: () => Promise.reject(new Error("only files are judged; give the address of the running plugin")),
};

/** What the handshake names, as far as it can be made out: a faulty one is for the cases to judge. */
async function implementedBy(plugin: Plugin): Promise<readonly string[]> {
  const limit = AbortSignal.timeout(10_000);
  const signal = plugin.setting.signal === undefined ? limit : AbortSignal.any([limit, plugin.setting.signal]);
  await using trial = openTrial({ ...plugin, ledger: createLedger(), signal });
  try {
    const answer = await trial.send("Plugin.Activate", undefined, { deadlineMs: 10_000 });
    const isRefused = answer.failure !== undefined;
    // What is wrong with config.json is for its own case to say.
    if (isRefused && plugin.setting.managedFolder !== undefined) return await kindsInConfig(trial).catch(() => []);
    const names = isRefused ? [] : fieldOf(answer.fields, "Implements");
    return Array.isArray(names) ? names.filter((name) => Object.hasOwn(protocols, String(name))).map(String) : [];
  } catch (cause) {
    if (!(cause instanceof Violation)) throw cause;
    throw new ActivationError(`${formatAddress(plugin.wire.address)} was not activated: ${cause.message}`, {
      code: "handshake-failed",
      cause,
    });
  }
}

function isChosen({ id }: ConformanceCase, { only, except = [] }: RunOptions): boolean {
  const matches = (pattern: string): boolean => id === pattern || id.startsWith(`${pattern}-`);
  return (only === undefined || only.some(matches)) && !except.some(matches);
}

type Outcome = Omit<CaseResult, "left">;

async function outcomeOf(one: ConformanceCase, trial: OpenTrial): Promise<Outcome> {
  const { id, protocol, severity, title, rule } = one;
  const about = { id, protocol, severity, title, rule };
  const lacks = missing(one, trial.setting);
  if (lacks !== undefined) return { ...about, status: "skipped", message: lacks, exchanges: [] };
  try {
    await using _ = trial;
    await one.judge(trial);
    return { ...about, status: "passed", message: "", exchanges: [] };
  } catch (error) {
    const cause = error instanceof SuppressedError ? error.suppressed : error;
    if (cause instanceof Skip) return { ...about, status: "skipped", message: cause.message, exchanges: [] };
    return { ...about, status: "failed", message: reasonOf(cause, trial), exchanges: trial.exchanges };
  }
}

function reasonOf(cause: unknown, trial: OpenTrial): string {
  if (cause instanceof Violation) return cause.message;
  if (trial.setting.signal?.aborted === true) return "the run was interrupted";
  if (trial.signal.aborted) return `the case took over ${caseLimitMs / 1000} s`;
  return `the case itself failed: ${cause instanceof Error ? (cause.stack ?? cause.message) : String(cause)}`;
}

/** A plugin that a case has killed would fail every case behind it. Returns what to add to the case's message. */
async function reviveDead(plugin: Plugin): Promise<string> {
  await using trial = openTrial({ ...plugin, ledger: createLedger(), signal: AbortSignal.timeout(30_000) });
  try {
    await trial.send("Plugin.Activate", undefined, { deadlineMs: 5000 });
    return "";
  } catch {
    if (plugin.setting.restart === undefined) return "; the plugin does not answer any more";
  }
  await trial.restart("SIGKILL").catch(() => {});
  return "; the plugin did not answer any more, and was started again";
}

interface Plugin {
  readonly setting: Setting;
  readonly wire: Wire;
}

/**
 * Takes away what a case made; returns what could not be, with the reason. A plugin that leaves one call unanswered is
 * started again if it can be, and asked no more if not: each further call would take the engine's whole deadline.
 */
async function settle(ledger: Ledger, plugin: Plugin): Promise<string[]> {
  const left: string[] = [];
  let isSilent = false;
  for (const debt of ledger.debts()) {
    let problem = isSilent ? notAsked : await undo(debt, plugin);
    if (problem?.startsWith(unanswered) === true) {
      isSilent = !(await startAgain(plugin));
      if (!isSilent) problem = await undo(debt, plugin);
    }
    if (problem !== undefined) left.push(`${debt.what}: ${problem}`);
  }
  return left;
}

const unanswered = "no answer: ";
const notAsked = "not asked, for the plugin left a call before unanswered";

async function startAgain(plugin: Plugin): Promise<boolean> {
  if (plugin.setting.restart === undefined) return false;
  await using trial = openTrial({ ...plugin, ledger: createLedger(), signal: AbortSignal.timeout(60_000) });
  return trial.restart("SIGKILL").then(
    () => true,
    () => false,
  );
}

async function undo(debt: Debt, plugin: Plugin): Promise<string | undefined> {
  // An interrupted run cleans up all the same.
  await using trial = openTrial({ ...plugin, ledger: createLedger(), signal: AbortSignal.timeout(60_000) });
  try {
    const { failure } = await trial.send(debt.method, debt.request);
    if (failure === undefined) return undefined;
    // A volume that was never made, or is gone already, may be refused, and so may an Unmount of it.
    if (!debt.method.startsWith("VolumeDriver.")) return undefined;
    const there = await trial.send("VolumeDriver.Get", { Name: fieldOf(debt.request, "Name") });
    return there.failure === undefined && isObject(fieldOf(there.fields, "Volume")) ? failure : undefined;
  } catch (error) {
    return `${unanswered}${error instanceof Error ? error.message : String(error)}`;
  }
}
