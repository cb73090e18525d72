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
}

const help = `
Stands between the engine and a plugin that runs, and starts neither anew: its socket file is moved aside, ours is put
there, and on every way out the plugin's is put back; after kill -9 by the next trace, or by trace --put-back. Every byte
is passed on as it is, also of a plugin that speaks no HTTP. Where the plugin starts anew, the trace follows.

Connections that the engine opened before still go straight to the plugin, and calls on them are not seen until they
close; how many there are is said.

A plugin on TCP has no place to take: stand in front of it with --listen, and point the engine's .spec or .json there.

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
  outrigger trace --listen tcp://127.0.0.1:4001 tcp://127.0.0.1:4000
  outrigger trace --put-back`;

/** Builds the verb. */
export function createCommand(): Command {
  return withSession(new Command("trace"))
    .description("Show every call between the engine and running plugins; all that are live where none is named.")
    .argument("[plugin...]", "a name as the engine knows it, or an address")
    .option("--full", "show both bodies of each call")
    .option("--json", "print each call as a JSON object on a line")
    .option("--web", "show calls on a page in a browser of this machine")
    .option("--port <number>", "serve the page at this port (default: a free one)", parsePort)
    .option("--from <file>", "with --web: show this recording")
    .option("--put-back", "only put back what a trace that was killed left behind")
    .addHelpText("after", help)
    .action(trace);
}

/** Adds the flags of everything that traces. */
export function withSession(command: Command): Command {
  return withTarget(command)
    .option("--listen <address>", "stand in front of the one plugin at this unix:// or tcp:// address of ours")
    .option("--show-secrets", "take nothing out")
    .option("--body-limit <size>", "how much of each body to look at (default: 64KiB)", parseSize);
}

async function trace(named: readonly string[], flags: TraceFlags): Promise<void> {
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
  if (flags.web === true) return traceOnPage(named, flags);
  const feed = createFeed();
  const [ended, readerGone] = [new AbortController(), new AbortController()];
  const printing = printCalls(feed.subscribe(ended.signal), flags).catch(() => readerGone.abort());
  try {
    await traceUntilStopped(named, flags, {
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
