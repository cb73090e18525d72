import { constants } from "node:os";

const signals = ["SIGINT", "SIGTERM", "SIGHUP"] as const;

/** The engine and systemd send SIGKILL 10 s after SIGTERM or later. */
const patienceMs = 9500;

const closes = new Set<() => Promise<void>>();
let stoppedBy: NodeJS.Signals | undefined;

/**
 * Runs `close` at the first signal that asks the process to end. The process then ends when nothing is left to do, at
 * the latest after 9.5 s or at a second signal. Returns what ends this again.
 */
export function closeOnSignal(close: () => Promise<void>): () => void {
  if (closes.size === 0) for (const signal of signals) process.on(signal, onSignal);
  closes.add(close);
  // Too late to be served: the signal came while this one was being set up.
  if (stoppedBy !== undefined) void close();
  return () => {
    // A second signal still has to be heard, by process 1 above all: there an unheard one does nothing.
    if (closes.delete(close) && closes.size === 0 && stoppedBy === undefined) {
      for (const signal of signals) process.off(signal, onSignal);
    }
  };
}

function onSignal(signal: NodeJS.Signals): void {
  if (stoppedBy !== undefined) process.exit(128 + constants.signals[signal]);
  stoppedBy = signal;
  setTimeout(() => process.exit(128 + constants.signals[signal]), patienceMs).unref();
  for (const close of closes) void close();
}
