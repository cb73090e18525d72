// outrigger record: every call between the engine and plugins, into a file.
import { openRecording, type CallRecord } from "@outrigger/inspector";
import { Command } from "commander";
import { EnvironmentError, messageOf } from "./command-error.ts";
import { count, note, print, printJson } from "./output.ts";
import { withSession } from "./trace.ts";
import { tell, traceUntilStopped, type SessionFlags } from "./trace-session.ts";
import { asCommandError } from "./trace-targets.ts";

interface RecordFlags extends SessionFlags {
  readonly about?: string;
  readonly json?: true;
}

const help = `
Traces as outrigger trace does, and writes each call as a line of JSON; see outrigger trace --help. The first line says
what the file is, and a file that is there already is gone on with. Lines are whole also after kill -9: one that a crash
of the machine cut off is taken away by the next recording into the file, and left out by a replay.

Secrets are taken out before anything is written. The file is for its owner alone (mode 0600) all the same: what is
secret in it without being called so, nobody can know.

Examples:
  outrigger record calls.jsonl
  outrigger record calls.jsonl volume-local --about "docker run -v"
  outrigger replay calls.jsonl volume-local`;

/** Builds the verb. */
export function createCommand(): Command {
  return withSession(new Command("record"))
    .description("Write every call between the engine and running plugins into a file.")
    .argument("<file>", "where to; one that is there is gone on with")
    .argument("[plugin...]", "a name as the engine knows it, or an address; all that are live where none is named")
    .option("--about <text>", "a word on what is recorded, for who reads it")
    .option("--json", 'print {"file", "calls"} at the end')
    .addHelpText("after", help)
    .action(record);
}

async function record(file: string, named: readonly string[], flags: RecordFlags): Promise<void> {
  const secrets = flags.showSecrets === true ? "shown" : "redacted";
  const { about } = flags;
  let calls = 0;
  const full = new AbortController();
  using recording = await opened(file, { plugins: named, secrets, ...(about !== undefined && { about }) });
  if (recording.mended > 0)
    note(`${file} ended within a line, of which ${count(recording.mended, "byte")} are gone now`);
  const publish = (call: CallRecord): void => {
    if (full.signal.aborted) return;
    try {
      recording.add(call);
      calls++;
    } catch (error) {
      full.abort(error);
    }
  };
  await traceUntilStopped({ named, command: [] }, flags, {
    publish,
    say: tell,
    begun: (plugins) => note(`recording ${plugins.map(({ name }) => name).join(", ")} into ${file}`),
    signal: full.signal,
  });
  if (full.signal.aborted) {
    throw new EnvironmentError(
      `cannot write to ${file}: ${messageOf(full.signal.reason)}; ${count(calls, "call")} are in it`,
    );
  }
  if (flags.json === true) printJson({ file, calls });
  else print(`${count(calls, "call")} in ${file}`);
}

async function opened(
  file: string,
  about: { plugins: readonly string[]; secrets: "shown" | "redacted" },
): ReturnType<typeof openRecording> {
  try {
    return await openRecording(file, { madeAt: new Date().toISOString(), ...about });
  } catch (cause) {
    const known = asCommandError(cause);
    if (known !== cause) throw known;
    throw new EnvironmentError(`cannot record into ${file}: ${messageOf(cause)}; name another file`, { cause });
  }
}
