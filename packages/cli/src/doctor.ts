// outrigger doctor: what is wrong with the plugins of this machine.
import { resolve } from "node:path";
import {
  examine,
  fix,
  missingFolders,
  type Finding,
  type HostOptions,
  type Repair,
  type Report,
  type Severity,
} from "@outrigger/doctor";
import { pluginFolders } from "@outrigger/engine";
import { Command } from "commander";
import { EnvironmentError } from "./command-error.ts";
import { count, paint, print, printable, printJson } from "./output.ts";
import { parseMilliseconds, withFolders, type FolderFlags } from "./target-flags.ts";

interface DoctorFlags extends FolderFlags {
  readonly root?: string;
  readonly dataRoot?: string;
  readonly stateDir?: string[];
  readonly deadline: number;
  readonly fix?: true;
  readonly json?: true;
}

const help = `
Looks at the plugins' files, sockets and certificates, at who needs which driver, at the engine's release, and at what
killed plugins left: mounts, links, loop devices. It reads files and shakes hands; it never asks the engine what would
make it ask its plugins, so it works while the engine hangs, is stopped, or is not there. docs/doctor.md has every check.

--fix removes dead sockets, and renames .spec and .json files that lead nowhere to .unused: those in the first folder of
specs that lead to a socket or port of this machine, after two refused connections, and not if younger than 10 s.

Exit code 1 when there is an error or a warning, 3 when a named folder is not there.

Examples:
  outrigger doctor
  outrigger doctor --fix
  outrigger doctor --root /proc/4711/root
  outrigger doctor --json | jq -r '.findings[] | select(.severity == "error") | .remedy'`;

/** Builds the verb. */
export function createCommand(): Command {
  return withFolders(new Command("doctor"))
    .description("Find what is wrong with the plugins of this machine, and what to do about it.")
    .option("--root <folder>", "examine the machine or engine that has this folder as its root")
    .option("--data-root <folder>", "where the engine keeps its state, for an engine that does not run")
    .option(
      "--state-dir <folder>",
      "where plugins of ours keep their state instead of /var/lib/outrigger (repeatable)",
      (folder: string, before: string[] | undefined) => [...(before ?? []), folder],
    )
    .option("--deadline <ms>", "how long everything may take", parseMilliseconds, 1500)
    .option("--fix", "remove dead sockets and set dead .spec and .json files aside")
    .option("--json", 'print {"engine", "plugins", "findings": [...], "repairs": [...]}')
    .addHelpText("after", help)
    .action(diagnose);
}

async function diagnose(flags: DoctorFlags): Promise<void> {
  const options = { ...(await hostFrom(flags)), budgetMs: flags.deadline };
  let report = await examine(options);
  const repairs = flags.fix === true ? await fix(report.findings, options) : [];
  // What is left to tell is what is still there.
  if (repairs.some(({ done }) => done)) report = await examine(options);
  if (report.findings.some(({ severity }) => severity !== "note")) process.exitCode = 1;
  if (flags.json) printJson(asJson(report, repairs));
  else print(...asText(report, repairs));
}

/** Looks for named folders without a step into them: one that hangs is a finding, not the end of the examination. */
async function hostFrom(flags: DoctorFlags): Promise<HostOptions> {
  const { root, dataRoot, pluginsDir, specDir, stateDir } = flags;
  const named = [root, dataRoot, pluginsDir, specDir, stateDir].flat().filter((folder) => folder !== undefined);
  const [missing] = await missingFolders(named, flags.deadline / 4);
  if (missing !== undefined) throw new EnvironmentError(`no such folder: ${missing}; make it, or name another`);
  const at = { root: resolve(root ?? "/") };
  const own = pluginFolders({ environment: root === undefined ? process.env : {}, ...at });
  const folders = {
    sockets: resolve(pluginsDir ?? own.sockets),
    specs: [...new Set((specDir ?? own.specs).map((folder) => resolve(folder)))],
  };
  return {
    ...at,
    ...(pluginsDir === undefined && specDir === undefined ? {} : { folders }),
    ...(dataRoot !== undefined && { dataRoot: resolve(dataRoot) }),
    ...(stateDir !== undefined && { stateFolders: stateDir.map((folder) => resolve(folder)) }),
  };
}

function asJson({ findings, ...rest }: Report, repairs: readonly Repair[]): object {
  return {
    ...rest,
    findings: findings.map(({ id, severity, object, what, owner, cost, remedy }) => ({
      id,
      severity,
      object,
      what,
      owner: owner === undefined ? null : { ...owner, unit: owner.unit ?? null },
      cost,
      remedy,
    })),
    repairs,
  };
}

function asText({ findings, plugins, engine }: Report, repairs: readonly Repair[]): string[] {
  const done = repairs.map(({ object, done, what }) =>
    printable(`${object}: ${what}`).replace(/^/, `${paint(done ? "green" : "yellow", done ? "fixed" : "not fixed")}  `),
  );
  const looked = `${count(plugins, "plugin file")}, engine: ${printable(engine)}`;
  if (findings.length === 0) return [...done, `nothing wrong; ${looked}`];
  const totals = (["error", "warning", "note"] as const)
    .map((severity) => [severity, findings.filter((finding) => finding.severity === severity).length] as const)
    .filter(([, number]) => number > 0)
    .map(([severity, number]) => count(number, severity));
  return [...done, ...findings.flatMap(paragraph), `${totals.join(", ")}; ${looked}`];
}

function paragraph({ id, severity, object, what, owner, cost, remedy }: Finding): string[] {
  const unit = owner?.unit === undefined ? "" : ` (${owner.unit})`;
  const facts = [
    ["owner", owner === undefined ? "" : `process ${owner.pid}${unit}: ${owner.command}`],
    ["cost", cost],
    ["remedy", remedy],
  ] as const;
  return [
    `${paint(colours[severity], severity)}  ${paint("bold", id)}  ${printable(object)}`,
    `  ${printable(what)}`,
    ...facts.filter(([, text]) => text !== "").map(([name, text]) => `  ${name.padEnd(7)} ${printable(text)}`),
    "",
  ];
}

const colours: Record<Severity, "red" | "yellow" | "blue"> = { error: "red", warning: "yellow", note: "blue" };
