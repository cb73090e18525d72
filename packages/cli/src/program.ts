// The command line as a whole: which verb, and how every ending is told.
import { readFileSync } from "node:fs";
import { Command, CommanderError } from "commander";
import { describeError, exitCodeOf, UsageError } from "./command-error.ts";
import { didYouMean } from "./did-you-mean.ts";
import { note, paint } from "./output.ts";

interface Verb {
  readonly summary: string;
  /** Only the verb that is asked for is loaded. */
  readonly load: () => Promise<{ createCommand: (args: readonly string[]) => Command | Promise<Command> }>;
}

const verbs: Readonly<Record<string, Verb>> = {
  serve: { summary: "run plugins", load: () => import("./serve.ts") },
  init: { summary: "begin a plugin of your own", load: () => import("./init.ts") },
  dev: { summary: "run a plugin while it is being written", load: () => import("./dev.ts") },
  ls: { summary: "list the plugins the engine would find, and whether they answer", load: () => import("./ls.ts") },
  inspect: { summary: "ask one plugin what it is and has", load: () => import("./inspect.ts") },
  conform: { summary: "judge a plugin, in any language", load: () => import("./conform.ts") },
  trace: { summary: "show every call between the engine and a running plugin", load: () => import("./trace.ts") },
  record: { summary: "write every such call into a file", load: () => import("./record.ts") },
  replay: { summary: "send recorded calls to a plugin, and compare its answers", load: () => import("./replay.ts") },
  call: { summary: "send one call to a plugin, as the engine would", load: () => import("./call.ts") },
  doctor: { summary: "find what is wrong with the plugins of this machine", load: () => import("./doctor.ts") },
  volume: { summary: "snapshot, clone, resize, back up and check volumes", load: () => import("./volume.ts") },
  explain: { summary: "say what an engine's error means and what to do", load: () => import("./explain.ts") },
};

const help = `
Exit codes: 0 good, 1 a negative finding, 2 wrong usage, 3 the machine lacks something (which, and how to get it).
Set OUTRIGGER_DEBUG=1 for the whole of an error, NO_COLOR=1 for no colours.

Examples:
  outrigger serve volume-local --root /srv/volumes
  outrigger ls
  outrigger call volume-local Create '{"Name": "data"}'`;

/** Runs the command line; what happened is in `process.exitCode`. */
export async function run(args: readonly string[]): Promise<void> {
  // A reader that has enough, as in `outrigger ls | head`, ends the command; plugins go on, and so do calls.
  if (!["serve", "trace", "record"].includes(args[0] ?? "")) process.stdout.on("error", () => process.exit());
  // `outrigger help ls` is `outrigger ls --help`.
  const words = args[0] === "help" ? [...args.slice(1, 2), "--help"] : args;
  try {
    if (words.length === 0) throw new UsageError(`name a command: ${Object.keys(verbs).join(", ")}`);
    await parse(words);
  } catch (error) {
    note(`${paint("red", "outrigger:", process.stderr)} ${describeError(error)}`);
    process.exitCode = exitCodeOf(error);
  }
}

async function parse(words: readonly string[]): Promise<void> {
  const [verb = ""] = words;
  const commands: Command[] = [];
  for (const [name, { summary, load }] of Object.entries(verbs)) {
    const command = name === verb ? await (await load()).createCommand(words.slice(1)) : new Command(name);
    commands.push(quiet(command).summary(summary));
  }
  const program = quiet(new Command("outrigger"))
    .description("Docker Engine plugins: run them, find them, ask them.")
    .version(version(), "--version", "print the version")
    .helpCommand(false)
    .addHelpText("after", help);
  for (const command of commands) program.addCommand(command);
  try {
    await program.parseAsync(words, { from: "user" });
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    if (error.exitCode !== 0)
      throw usageErrorOf(
        error,
        askedFor(
          commands.find((command) => command.name() === verb),
          words.slice(1),
        ),
      );
  }
}

/** Errors are told in one place, and by exit codes of our own. */
function quiet(command: Command): Command {
  for (const verb of command.commands) quiet(verb);
  return command
    .exitOverride()
    .configureOutput({ outputError: () => {} })
    .showSuggestionAfterError(false)
    .helpOption("--help", "print this help");
}

/** The verb within a verb that the words name. */
function askedFor(command: Command | undefined, [word = "", ...words]: readonly string[]): Command | undefined {
  const verb = command?.commands.find((one) => one.name() === word);
  return verb === undefined ? command : askedFor(verb, words);
}

function usageErrorOf(error: CommanderError, command: Command | undefined): UsageError {
  const what = error.message.replace(/^error: /, "").replace(/\.$/, "");
  const [, word = ""] = /'([^']+)'/.exec(what) ?? [];
  const see = `see outrigger${command === undefined ? "" : ` ${fullNameOf(command)}`} --help`;
  const candidates: Record<string, readonly string[]> = {
    "commander.unknownCommand": Object.keys(verbs),
    "commander.unknownOption": command?.options.flatMap(({ long }) => long ?? []) ?? ["--version", "--help"],
  };
  return new UsageError(`${what}${didYouMean(word, candidates[error.code] ?? [], see)}`, { cause: error });
}

function fullNameOf(command: Command): string {
  const { parent } = command;
  return parent === null || parent.parent === null ? command.name() : `${fullNameOf(parent)} ${command.name()}`;
}

function version(): string {
  // Our own manifest, which has a version.
  const manifest = JSON.parse(readFileSync(new URL("../package.json", import.meta.url), "utf8")) as { version: string };
  return manifest.version;
}
