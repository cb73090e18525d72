// outrigger explain: what an engine's error means, and what to do.
import { explain, type Explained, type Explanation } from "@outrigger/doctor";
import { Command } from "commander";
import { UsageError } from "./command-error.ts";
import { paint, print, printable, printJson } from "./output.ts";

interface ExplainFlags {
  readonly json?: true;
}

const help = `
Takes what docker, a compose file's run or the engine's log printed, whole or in part, and names the cause and the way
out. Of an error within errors the innermost comes first. Asks nobody, and needs no engine. docs/errors.md has them all.

Exit code 1 when the error is not known; the nearest ones are shown then.

Examples:
  outrigger explain 'error looking up volume plugin shelf: plugin "shelf" not found'
  docker run -v data:/data busybox 2>&1 | outrigger explain
  journalctl -u docker -n 20 | outrigger explain --json`;

/** Builds the verb. */
export function createCommand(): Command {
  return new Command("explain")
    .description("Say what an engine's error about plugins means, and what to do.")
    .argument("[text...]", "the error; read from standard input where left out")
    .option("--json", 'print {"explanations": [...], "nearest": [...]}')
    .addHelpText("after", help)
    .action(explainText);
}

async function explainText(words: readonly string[], flags: ExplainFlags): Promise<void> {
  const text = words.length > 0 ? words.join(" ") : await readInput();
  if (text.trim() === "") throw new UsageError("there is nothing to explain; give the error's text, or pipe it in");
  const explained = explain(text);
  if (explained.explanations.length === 0) process.exitCode = 1;
  if (flags.json) printJson(explained);
  else print(...asText(explained));
}

const mostRead = 8 * 1024 * 1024;

/** The end of the input, for a log can be long; one that never ends is left after so much of it. */
async function readInput(): Promise<string> {
  if (process.stdin.isTTY) throw new UsageError("give the error's text, or pipe it in");
  let text = "";
  let read = 0;
  // Read as text, the input comes in strings.
  for await (const chunk of process.stdin.setEncoding("utf8") as AsyncIterable<string>) {
    text = (text + chunk).slice(-65_536);
    read += chunk.length;
    if (read > mostRead) break;
  }
  return text;
}

function asText({ explanations, nearest }: Explained): string[] {
  const [first, ...others] = explanations;
  if (first === undefined) {
    return [
      "this error is not known here",
      ...nearest.flatMap(({ id, example }) => [`  ${paint("bold", id)}  ${printable(example)}`]),
    ];
  }
  return [
    ...paragraph(first),
    ...(others.length === 0 ? [] : ["", "Around it:"]),
    ...others.map(({ id, means }) => `  ${paint("bold", id)}  ${printable(means)}`),
  ];
}

function paragraph({ id, found, means, why, remedy, source }: Explanation): string[] {
  return [
    `${paint("bold", id)}  ${printable(found)}`,
    "",
    ...[means, why, remedy].map((text) => printable(text)),
    "",
    printable(`Read from ${source}.`),
  ];
}
