// Traces plugins until a signal comes, whatever is made of the calls.
import { constants } from "node:os";
import { Redactor, type CallRecord, type TraceEvent, type Tracing } from "@outrigger/inspector";
import { count, note, printable } from "./output.ts";
import { asCommandError, traceTargets, type StandFlags } from "./trace-targets.ts";

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
 * Traces the named plugins, all that are live where none is named. A signal ends it: plugins get their places back at
 * once, and calls that run are waited for; a second signal cuts them off.
 */
export async function traceUntilStopped(
  named: readonly string[],
  flags: SessionFlags,
  listener: SessionListener,
): Promise<void> {
  // Heard from before anything is moved on, so that there is no instant at which a signal leaves something behind.
  const stop = listenForSignals();
  try {
    await trace(named, flags, { ...listener, stop });
  } catch (error) {
    throw asCommandError(error);
  } finally {
    stop[Symbol.dispose]();
  }
}

async function trace(
  named: readonly string[],
  flags: SessionFlags,
  { publish, say, begun, signal, stop }: SessionListener & { stop: Stop },
): Promise<void> {
  const targets = await traceTargets(named, flags);
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
  await aborted(AbortSignal.any([stop.stopped, ...(signal === undefined ? [] : [signal])]));
  const busy = running.reduce((sum, { busy }) => sum + busy, 0);
  if (busy > 0) note(`waiting for the answers to ${count(busy, "call")}; another Ctrl-C cuts them off`);
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
