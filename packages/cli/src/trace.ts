// outrigger trace: every call between the engine and a plugin that runs.
import { setTimeout as wait } from "node:timers/promises";
import { createFeed, type CallRecord } from "@outrigger/inspector";
import { Command } from "commander";
import { UsageError } from "./command-error.ts";
import { jsonLine, note, print } from "./output.ts";
import { formatRecord, formatRecordInFull } from "./record-line.ts";
import { SteadyOutput } from "./steady-output.ts";
import { foldersFrom, parseSize, withTarget } from "./target-flags.ts";
import { tell, traceUntilStopped, type SessionFlags } from "./trace-session.ts";
import { tellPutBack } from "./trace-targets.ts";
import type { TraceSubject } from "./traced-command.ts";
import { parsePort, showRecording, traceOnPage } from "./trace-web.ts";

/** How long the reader of the output has for what is left. */
const lastWordsMs = 2000;

interface TraceFlags extends SessionFlags {
  readonly json?: true;
  readonly full?: true;
  readonly putBack?: true;
  readonly web?: true;
  readonly port?: number;
  readonly from?: string;
  readonly name?: string;
}

const help = `
Stands between the engine and a plugin that runs, and starts neither anew: its socket file is moved aside, ours is put
there, and on every way out the plugin's is put back; after kill -9 by the next trace, or by trace --put-back. Every byte
is passed on as it is, also of a plugin that speaks no HTTP. Where the plugin starts anew, the trace follows.

Connections that the engine opened before still go straight to the plugin, and calls on them are not seen until they
close; how many there are is said.

A plugin on TCP has no place to take: stand in front of it with --listen, and point the engine's .spec or .json there.

With a command behind --, the command is started, its plugin is waited for and traced from its first call on, and with
the trace it ends: by SIGTERM, 10 s later by SIGKILL. Its own output goes to standard error. Where the command ends
first, so does the trace, with exit code 1 unless the command's was 0. Which plugin: the one named, or the one socket
that is new in the plugin folder.

Shown are time, plugin, method, what it is about, request, answer or error, milliseconds, and the share of the engine's
deadline. Secrets are not: by the protocol, by the name of an option or key, and where an error quotes one. Of each body
the first 64 KiB are looked at.

With --json each call is an object on a line of its own:
  {"version", "number", "at", "plugin", "method", "request", "reply", "status", "error", "milliseconds", "deadlineMs"}
  request and reply are {"json" or "text" or "base64", "bytes", "cut"}.

With --web calls are shown on a page instead of here: a timeline, request beside reply, how long each method takes, and
the story of each volume, network and endpoint. It is for browsers of this machine that have the whole address, which is
printed as a line, with --json as {"url"}. With --from a recording by outrigger record is shown, and nothing is traced.

Ctrl-C ends it: the plugin has its place again at once, and calls that run are waited for; a second one cuts them off.

Examples:
  outrigger trace volume-local
  outrigger trace --full --show-secrets volume-local
  outrigger trace --json | jq 'select(.error != null)'
  outrigger trace --web volume-local
  outrigger trace --web --port 8900 --from calls.jsonl
  outrigger trace -- ./my-plugin --verbose
  outrigger trace --name my --plugins-dir /tmp/plugins -- ./my-plugin --socket /tmp/plugins/my.sock
  outrigger trace --listen tcp://127.0.0.1:4001 tcp://127.0.0.1:4000
  outrigger trace --put-back`;

/** Builds the verb. */
export function createCommand(words: readonly string[] = []): Command {
  return withSession(new Command("trace"))
    .description("Show every call between the engine and running plugins; all that are live where none is named.")
    .argument("[plugin...]", "a name as the engine knows it, or an address")
    .usage("[options] [plugin...] [-- command...]")
    .option("--name <plugin>", "the plugin that the command serves, where it makes more sockets than one")
    .option("--full", "show both bodies of each call")
    .option("--json", "print each call as a JSON object on a line")
    .option("--web", "show calls on a page in a browser of this machine")
    .option("--port <number>", "serve the page at this port (default: a free one)", parsePort)
    .option("--from <file>", "with --web: show this recording")
    .option("--put-back", "only put back what a trace that was killed left behind")
    .addHelpText("after", help)
    .action((operands: readonly string[], flags: TraceFlags) => trace(subjectOf(operands, words, flags), flags));
}

/** Adds the flags of everything that traces. */
export function withSession(command: Command): Command {
  return withTarget(command)
    .option("--listen <address>", "stand in front of the one plugin at this unix:// or tcp:// address of ours")
    .option("--show-secrets", "take nothing out")
    .option("--body-limit <size>", "how much of each body to look at (default: 64KiB)", parseSize);
}

/** Commander makes one list of the words before and behind --. */
function subjectOf(operands: readonly string[], words: readonly string[], { name }: TraceFlags): TraceSubject {
  const dashes = words.indexOf("--");
  const behind = dashes === -1 ? 0 : words.length - dashes - 1;
  if (dashes !== -1 && behind === 0) throw new UsageError("name the command behind --, or leave -- out");
  const named = operands.slice(0, operands.length - behind);
  const command = operands.slice(operands.length - behind);
  if (name === undefined) return { named, command };
  if (behind === 0) throw new UsageError(`--name is about a command; write outrigger trace ${name}`);
  if (named.length > 0)
    throw new UsageError(`both ${named.join(", ")} and --name ${name} say what to trace; leave one out`);
  return { named: [name], command };
}

async function trace(subject: TraceSubject, flags: TraceFlags): Promise<void> {
  const { named, command } = subject;
  if (command.length > 0 && (flags.putBack === true || flags.from !== undefined))
    throw new UsageError("--put-back and --from trace nothing; leave the command out");
  if (flags.putBack === true) {
    if (flags.web === true) throw new UsageError("--put-back shows no calls; leave --web out");
    if (named.length > 0) throw new UsageError("--put-back looks after the whole folder; leave the plugin out");
    const done = await tellPutBack(foldersFrom(flags).sockets);
    return done === 0 ? print("nothing to put back") : undefined;
  }
  if (flags.web !== true && (flags.port !== undefined || flags.from !== undefined))
    throw new UsageError("--port and --from are about the page; say --web too");
  if (flags.web === true && flags.full === true)
    throw new UsageError("the page shows each call in full; leave --full out");
  if (flags.from !== undefined) return showRecording(flags.from, named, flags);
  if (flags.web === true) return traceOnPage(subject, flags);
  const feed = createFeed();
  const [ended, readerGone] = [new AbortController(), new AbortController()];
  const printing = printCalls(feed.subscribe(ended.signal), flags).catch(() => readerGone.abort());
  try {
    await traceUntilStopped(subject, flags, {
      publish: (record) => feed.publish(record),
      say: tell,
      signal: readerGone.signal,
    });
  } finally {
    ended.abort();
    const stuck = await Promise.race([printing, wait(lastWordsMs, "stuck", { ref: false })]);
    // Node would wait for its reader for ever. Everything but the output has been seen to.
    if (stuck !== undefined) process.kill(process.pid, "SIGKILL");
  }
}

async function printCalls(
  calls: AsyncIterable<CallRecord> & { readonly lost: number },
  { json, full }: TraceFlags,
): Promise<void> {
  const format = json === true ? jsonLine : full === true ? formatRecordInFull : formatRecord;
  const output = new SteadyOutput();
  let told = 0;
  for await (const call of calls) {
    if (calls.lost > told)
      note(`${calls.lost - told} calls are not shown: they came faster than they could be written`);
    told = calls.lost;
    await output.write(`${format(call)}\n`);
  }
  await output.end();
}
