// outrigger replay: recorded calls at a plugin, and how its answers differ.
import { existsSync } from "node:fs";
import { matchRules, readRecording, replay as play, type ReplayedCall } from "@outrigger/inspector";
import { Command } from "commander";
import { formatMilliseconds, roundMilliseconds } from "./call-cost.ts";
import { objectOf } from "./call-line.ts";
import { EnvironmentError, UsageError } from "./command-error.ts";
import { connectTo, findPlugin } from "./find-plugin.ts";
import { count, jsonLine, note, paint, print, printable } from "./output.ts";
import { withTarget, type TargetFlags } from "./target-flags.ts";
import { asCommandError } from "./trace-targets.ts";

interface ReplayFlags extends TargetFlags {
  readonly ignore?: string[];
  readonly plugin?: string;
  readonly json?: true;
  readonly rules?: true;
}

const help = `
Sends each recorded request, one after another in the recorded order, and compares the answers as the engine would read
them: a missing field, null and an empty one are the same. What differs from one machine or moment to the next is
matched by rule: times, mountpoints, what the plugin chooses (pools, addresses, names of links, which later requests then
carry), and in texts the ids, paths, times and ports. --rules lists every rule with its reason.

Where a recording has secrets taken out, placeholders are sent in their place, and the call is marked. Calls whose
request was cut are skipped. What a call does, it does: replay at a plugin that has nothing to lose.

Exit code 1 when an answer differs. With --json each call is an object on a line of its own, the summary on the last:
  {"line", "method", "outcome", "note", "redacted", "differences": [{"field", "recorded", "replayed"}], "milliseconds"}
  {"summary": {"same", "different", "skipped", "redacted"}}

Examples:
  outrigger replay calls.jsonl volume-local
  outrigger replay calls.jsonl unix:///tmp/mine.sock --ignore Status --ignore Volume.CreatedAt
  outrigger replay calls.jsonl tcp://127.0.0.1:4000 --plugin volume-local`;

/** Builds the verb. */
export function createCommand(): Command {
  return withTarget(new Command("replay"))
    .description("Send recorded calls to a plugin, and show how its answers differ.")
    .argument("[file]", "a recording by outrigger record")
    .argument("[address]", "the plugin: a name as the engine knows it, or an address")
    .option(
      "--ignore <field>",
      "leave this field out, by its name or its place (repeatable)",
      (field: string, before: string[] | undefined) => [...(before ?? []), field],
    )
    .option("--plugin <name>", "only the calls of this plugin, where several were recorded")
    .option("--rules", "print what is matched by rule, and why")
    .option("--json", "print each call as a JSON object on a line")
    .addHelpText("after", help)
    .action(replay);
}

async function replay(file: string | undefined, address: string | undefined, flags: ReplayFlags): Promise<void> {
  if (flags.rules === true) return printRules();
  if (file === undefined || address === undefined)
    throw new UsageError("name a recording and a plugin; see outrigger replay --help");
  if (!existsSync(file)) throw new EnvironmentError(`no such file: ${file}; make one with outrigger record`);
  const found = await findPlugin(address, flags, "strict");
  await using connection = await connectTo(found, flags, {});
  const tally = { same: 0, different: 0, skipped: 0, redacted: 0 };
  const lines = readRecording(file, (line) => note(`${file}:${line}: is cut off, as a crash leaves it; left out`));
  try {
    for await (const call of play(lines, connection, { plugin: flags.plugin, ignore: flags.ignore ?? [] })) {
      tally[call.outcome]++;
      if (call.redacted) tally.redacted++;
      print(...(flags.json === true ? [jsonLine(asJson(call))] : asText(call)));
    }
  } catch (error) {
    throw asCommandError(error);
  }
  if (tally.different > 0) process.exitCode = 1;
  if (flags.json === true) return print(jsonLine({ summary: tally }));
  print(summaryOf(tally));
}

function summaryOf({ same, different, skipped, redacted }: Readonly<Record<string, number>>): string {
  const placeholders = redacted
    ? `; ${redacted} were sent with placeholders for what was taken out of the recording`
    : "";
  return `${count((same ?? 0) + (different ?? 0), "call")} replayed: ${same} the same, ${different} different; ${skipped} skipped${placeholders}`;
}

function asJson({ line, record, outcome, note, redacted, differences, milliseconds }: ReplayedCall): object {
  const took = milliseconds === null ? null : roundMilliseconds(milliseconds);
  return { line, method: record.method, outcome, note, redacted, differences, milliseconds: took };
}

function asText({ line, record, outcome, note, redacted, differences, milliseconds }: ReplayedCall): string[] {
  const object = objectOf(record.request.json);
  const what = printable(`${record.method || "(no HTTP)"}${object === null ? "" : ` ${object}`}`);
  const took = milliseconds === null ? "" : ` (${formatMilliseconds(milliseconds)})`;
  const remark = [note, redacted ? "sent with placeholders" : null].filter((one) => one !== null).join("; ");
  return [
    `${paint(colours[outcome], outcome.padEnd(9))} ${line} ${what}${took}${remark === "" ? "" : `: ${remark}`}`,
    ...differences.map(
      ({ field, recorded, replayed }) =>
        `  ${field || "answer"}: ${printable(shown(recorded))} when recorded, now ${printable(shown(replayed))}`,
    ),
  ];
}

const colours = { same: "green", different: "red", skipped: "yellow" } as const;

function shown(value: unknown): string {
  const text = value === undefined ? "nothing" : JSON.stringify(value);
  return text.length > 300 ? `${text.slice(0, 300)}…` : text;
}

function printRules(): void {
  for (const { method, field, as, reason } of matchRules) print(`${method} ${field}: ${as}; ${reason}`);
}
