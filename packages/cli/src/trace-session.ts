// Traces plugins until a signal comes, whatever is made of the calls.
import { constants } from "node:os";
import { Redactor, type CallRecord, type TraceEvent, type Tracing } from "@outrigger/inspector";
import { messageOf } from "./command-error.ts";
import { count, note, printable } from "./output.ts";
import { asCommandError, traceTargets, type StandFlags } from "./trace-targets.ts";
import { CommandEnd, startTraced, type TraceSubject } from "./traced-command.ts";

/** Flags that decide what a call's record holds. */
export interface SessionFlags extends StandFlags {
  readonly showSecrets?: true;
  readonly bodyLimit?: number;
}

/** A plugin that is being traced. */
export interface TracedPlugin {
  readonly name: string;
  /** Where the engine reaches it, and us. */
  readonly address: string;
}

/** Who hears of calls and of what happens around them. */
export interface SessionListener {
  readonly publish: (record: CallRecord) => void;
  readonly say: (event: TraceEvent) => void;
  /** Every plugin is being traced. */
  readonly begun?: (plugins: readonly TracedPlugin[]) => void;
  /** Aborts what cannot go on, such as a full disk. */
  readonly signal?: AbortSignal;
}

const signals = ["SIGINT", "SIGTERM", "SIGHUP"] as const;

/**
 * Traces the named plugins, all that are live where none is named, or those of a command that is started for it and
 * ended with it. A signal ends it, and so does the command's end: plugins get their places back at once, and calls that
 * run are waited for; a second signal cuts them off.
 */
export async function traceUntilStopped(
  subject: TraceSubject,
  flags: SessionFlags,
  listener: SessionListener,
): Promise<void> {
  // Heard from before anything is moved on, so that there is no instant at which a signal leaves something behind.
  const stop = listenForSignals();
  try {
    await trace(subject, flags, { ...listener, stop });
  } catch (error) {
    if (!stop.stopped.aborted || error !== stop.stopped.reason) throw asCommandError(error);
  } finally {
    stop[Symbol.dispose]();
  }
}

async function trace(
  subject: TraceSubject,
  flags: SessionFlags,
  { publish, say, begun, signal, stop }: SessionListener & { stop: Stop },
): Promise<void> {
  await using command = subject.command.length === 0 ? undefined : await startTraced(subject, flags, stop.stopped);
  const targets = await traceTargets(command?.plugins ?? subject.named, flags);
  const redactor = flags.showSecrets === true ? undefined : new Redactor();
  let numbered = 0;
  await using traces = new AsyncDisposableStack();
  const running: Tracing[] = [];
  const plugins: TracedPlugin[] = [];
  for (const { name, begin } of targets) {
    if (stop.stopped.aborted) return;
    const options = {
      plugin: name,
      publish,
      say,
      redactor,
      bodyLimit: flags.bodyLimit,
      nextNumber: () => ++numbered,
      hurry: stop.hurried,
    };
    const tracing = traces.use(await begin(options));
    running.push(tracing);
    plugins.push({ name, address: tracing.address });
  }
  begun?.(plugins);
  const ends = [stop.stopped, signal, command?.over].filter((one) => one !== undefined);
  await aborted(AbortSignal.any(ends));
  if (command?.over.aborted === true) tellEnd(command.over.reason);
  const busy = running.reduce((sum, { busy }) => sum + busy, 0);
  if (busy > 0) note(`waiting for the answers to ${count(busy, "call")}; another Ctrl-C cuts them off`);
}

/** What the command came to is what the trace came to. */
function tellEnd(reason: unknown): void {
  note(messageOf(reason));
  if (!(reason instanceof CommandEnd && reason.good)) process.exitCode = 1;
}

interface Stop extends Disposable {
  readonly stopped: AbortSignal;
  readonly hurried: AbortSignal;
}

function listenForSignals(): Stop {
  const [stop, hurry] = [new AbortController(), new AbortController()];
  const onSignal = (signal: NodeJS.Signals): void => {
    // Whatever holds it up by then: nothing of ours is left behind, for that is seen to as the process exits.
    if (hurry.signal.aborted) process.exit(128 + constants.signals[signal]);
    if (stop.signal.aborted) hurry.abort();
    stop.abort();
  };
  for (const signal of signals) process.on(signal, onSignal);
  return {
    stopped: stop.signal,
    hurried: hurry.signal,
    [Symbol.dispose]: () => {
      for (const signal of signals) process.off(signal, onSignal);
    },
  };
}

async function aborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return;
  const timer = setInterval(() => {}, 2 ** 30);
  await new Promise((resolve) => signal.addEventListener("abort", resolve, { once: true }));
  clearInterval(timer);
}

/** Says what happens around the calls to who reads the terminal. */
export function tell({ plugin, text }: TraceEvent): void {
  note(printable(`${plugin}: ${text}`));
}
