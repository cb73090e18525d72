import type { Job } from "@outrigger/storage-api";
import type { Finding, VolumeEvent } from "@outrigger/volume-core";
import { Command } from "commander";
import { abortOnSignal } from "../abort-on-signal.ts";
import { columns, paint, print, printable } from "../output.ts";
import { clientFrom, show, withApi, type ApiFlags } from "./api-flags.ts";
import { describe } from "./progress-line.ts";

/** Verbs that look for what is wrong, and at what happens. */
export function upkeepCommands(): Command[] {
  return [check(), gc(), events(), operations()];
}

function check(): Command {
  return withApi(new Command("check"))
    .summary("compare records, disk and kernel")
    .description("Compare records, disk and kernel, and change nothing. Exit code 1 when something is wrong.")
    .addHelpText("after", "\nExample:\n  outrigger volume check")
    .action(async (flags: ApiFlags) => {
      const findings = (await clientFrom(flags).call({ method: "POST", path: "/v1/check" })) as Finding[];
      if (findings.length > 0) process.exitCode = 1;
      show(flags, findings, () => print(...(findings.length === 0 ? ["all is well"] : findings.flatMap(lines))));
    });
}

function gc(): Command {
  return withApi(new Command("gc"))
    .summary("find what belongs to no volume")
    .description("Find what belongs to no volume; with --apply it is taken away. Exit code 1 when something is left.")
    .option("--apply", "take it away")
    .addHelpText("after", "\nExample:\n  outrigger volume gc --apply")
    .action(async (flags: ApiFlags & { readonly apply?: true }) => {
      const body = { apply: flags.apply === true };
      const findings = (await clientFrom(flags).call({ method: "POST", path: "/v1/gc", body })) as Finding[];
      if (findings.some(({ done }) => !done)) process.exitCode = 1;
      show(flags, findings, () => print(...(findings.length === 0 ? ["nothing to collect"] : findings.flatMap(lines))));
    });
}

function lines({ kind, text, remedy, done }: Finding): string[] {
  return [
    `${paint(done ? "green" : "yellow", done ? `${kind}, taken away` : kind)}: ${printable(text)}`,
    ...(done ? [] : [`  ${printable(remedy)}`]),
  ];
}

function events(): Command {
  return withApi(new Command("events"))
    .summary("every change as it happens")
    .description("Show every change as it happens, until stopped; with --json an object a line.")
    .addHelpText("after", "\nExample:\n  outrigger volume events --json")
    .action(async (flags: ApiFlags) => {
      using stop = abortOnSignal();
      for await (const event of clientFrom(flags).events({ path: "/v1/events", signal: stop.signal })) {
        // As the API sends them.
        print(flags.json ? JSON.stringify(event) : asLine(event as VolumeEvent));
      }
    });
}

function asLine({ time, volume, action, outcome, snapshot, reason, lost }: VolumeEvent): string {
  const what = snapshot === undefined ? volume : `${volume}@${snapshot}`;
  const before = lost === undefined ? "" : ` (${lost} events before this one were lost)`;
  return `${time} ${printable(what)} ${action} ${outcome}${reason === undefined ? "" : `: ${printable(reason)}`}${before}`;
}

function operations(): Command {
  return withApi(new Command("operations"))
    .summary("long work, running and ended")
    .description("List long work that is running, and what ended since the plugin started.")
    .addHelpText("after", "\nExample:\n  outrigger volume operations")
    .action(async (flags: ApiFlags) => {
      const jobs = (await clientFrom(flags).call({ path: "/v1/operations" })) as Job[];
      const head = ["OPERATION", "STATE", "VOLUME", "STARTED", "HOW"].map((title) => paint("bold", title));
      const rows = jobs.map((job) => [
        job.id,
        job.state,
        printable(job.volume ?? "-"),
        job.startedAt,
        printable(job.error ?? describe(job)),
      ]);
      show(flags, jobs, () => print(...columns([head, ...rows])));
    });
}
