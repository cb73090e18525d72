// outrigger ls: what stands behind every plugin file of this machine.
import { discover, formatAddress, probe, type PluginState, type ProbedEntry } from "@outrigger/engine";
import { Command } from "commander";
import { formatMilliseconds, roundMilliseconds } from "./call-cost.ts";
import { columns, paint, print, printable, printJson } from "./output.ts";
import { foldersFrom, parseMilliseconds, withFolders, type FolderFlags } from "./target-flags.ts";

interface LsFlags extends FolderFlags {
  readonly deadline: number;
  readonly json?: true;
}

const help = `
Each file is listed with its state:
  answers       a plugin
  fails         a plugin that answers the handshake with an error
  silent        accepts, but does not answer: it hangs \`docker volume ls\`
  dead          nothing listens, the file is left over: it costs \`docker volume ls\` 15 s
  not-a-plugin  something else answers
  forbidden     this user may not connect
  unusable      could not be tried: a fault in the file or in trust
and, where there is one, the reason, and what the engine ignores or weakens in the file.

Files are read as the engine reads them. Exit code 1 when any of them does not answer, 3 when that is because this user may not ask.

Examples:
  outrigger ls
  outrigger ls --plugins-dir /tmp/plugins --spec-dir /tmp/specs
  outrigger ls --json | jq '.plugins[] | select(.state != "answers")'`;

/** Builds the verb. */
export function createCommand(): Command {
  return withFolders(new Command("ls"))
    .description("List the plugins the engine would find, and whether they answer.")
    .option("--deadline <ms>", "how long to wait, for all of them at once", parseMilliseconds, 1000)
    .option("--json", 'print {"folders": {...}, "plugins": [...]}')
    .addHelpText("after", help)
    .action(list);
}

async function list(flags: LsFlags): Promise<void> {
  const folders = foldersFrom(flags);
  const entries = await discover({ folders, rules: "engine" });
  const probed = await probe(entries, { deadlineMs: flags.deadline });
  process.exitCode = exitCodeFor(probed.map(({ state }) => state));
  if (flags.json) return printJson({ folders, plugins: probed.map(asJson) });
  if (probed.length === 0) return print(`no plugins in ${[folders.sockets, ...folders.specs].join(", ")}`);
  print(...asText(probed));
}

function exitCodeFor(states: readonly PluginState[]): number {
  const bad = states.filter((state) => state !== "answers");
  if (bad.length === 0) return 0;
  return bad.every((state) => state === "forbidden") ? 3 : 1;
}

function asJson(entry: ProbedEntry): object {
  return {
    name: entry.name,
    kind: entry.kind,
    file: entry.file,
    address: entry.address === undefined ? null : formatAddress(entry.address),
    state: entry.state,
    reason: entry.reason,
    implements: entry.implements ?? null,
    milliseconds: entry.milliseconds === undefined ? null : roundMilliseconds(entry.milliseconds),
    warnings: entry.warnings,
  };
}

function asText(entries: readonly ProbedEntry[]): string[] {
  const head = ["NAME", "STATE", "PROTOCOLS", "TIME", "ADDRESS", "FILE"].map((title) => paint("bold", title));
  const rows = entries.map((entry) => [
    printable(entry.kind === "managed" ? entry.name.slice(0, 12) : entry.name),
    paint(colours[entry.state], entry.state),
    printable(entry.implements?.join(",") || "-"),
    entry.milliseconds === undefined ? "-" : formatMilliseconds(entry.milliseconds),
    entry.address === undefined ? "-" : printable(formatAddress(entry.address)),
    printable(entry.file),
  ]);
  const [title = "", ...lines] = columns([head, ...rows]);
  return [
    title,
    ...lines.flatMap((line, index) => {
      const { reason = "", warnings = [] } = entries[index] ?? {};
      return [line, ...[reason, ...warnings].filter(Boolean).map((text) => `  ${paint("yellow", printable(text))}`)];
    }),
  ];
}

const colours: Record<PluginState, "green" | "yellow" | "red"> = {
  answers: "green",
  fails: "red",
  silent: "red",
  dead: "red",
  "not-a-plugin": "red",
  forbidden: "yellow",
  unusable: "red",
};
