import { spawn, type ChildProcessByStdio } from "node:child_process";
import { once } from "node:events";
import type { Readable, Writable } from "node:stream";
import { setTimeout as wait } from "node:timers/promises";
import { describeCommand, killGroup, plainEnvironment } from "./run.ts";

/** How to start a process that goes on running. */
export interface ChildOptions {
  readonly cwd?: string;
  /** All of its environment; a plain PATH unless told. */
  readonly env?: Readonly<Record<string, string>>;
  /** Called with each piece it prints, on either output. */
  readonly onOutput?: (chunk: Buffer) => void;
  /** Milliseconds between SIGTERM and SIGKILL when disposed; 10 s unless told. */
  readonly graceMs?: number;
}

/** How a process ended. */
export interface Ending {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

/** A running process in a process group of its own; disposing it ends the whole group. */
export interface Child extends AsyncDisposable {
  readonly pid: number;
  /** Its standard input, open until ended. */
  readonly stdin: Writable;
  /** Resolves when it has ended and its outputs are closed. */
  readonly ended: Promise<Ending>;
  /** The last 64 KiB of what it printed, both outputs as they came. */
  output(): string;
  /** Signals the group; SIGTERM unless told. Nothing happens when it has ended. */
  kill(signal?: NodeJS.Signals): void;
}

const keptOutputBytes = 64 * 1024;

/** Starts a process, without a shell. Throws where it cannot start. */
export async function startChild(argv: readonly string[], options: ChildOptions = {}): Promise<Child> {
  const [command = "", ...args] = argv;
  const process: ChildProcessByStdio<Writable, Readable, Readable> = spawn(command, args, {
    cwd: options.cwd,
    env: options.env ?? plainEnvironment,
    detached: true,
    stdio: ["pipe", "pipe", "pipe"],
  });
  const ended = new Promise<Ending>((resolve) => {
    process.once("close", (code, signal) => resolve({ code, signal }));
  });
  const output = keepOutput(process, options.onOutput);
  process.stdin.on("error", () => {});
  try {
    await once(process, "spawn");
  } catch (cause) {
    throw new Error(`${describeCommand(argv)} could not be started`, { cause });
  }
  const pid = process.pid ?? Number.NaN;
  const kill = (signal: NodeJS.Signals = "SIGTERM"): void => {
    if (process.exitCode === null && process.signalCode === null) killGroup(pid, signal);
  };
  return {
    pid,
    stdin: process.stdin,
    ended,
    output,
    kill,
    [Symbol.asyncDispose]: async () => {
      kill("SIGTERM");
      await Promise.race([ended, wait(options.graceMs ?? 10_000, undefined, { ref: false })]);
      killGroup(pid, "SIGKILL");
      await ended;
    },
  };
}

function keepOutput(
  process: ChildProcessByStdio<Writable, Readable, Readable>,
  onOutput: ((chunk: Buffer) => void) | undefined,
): () => string {
  let kept = Buffer.alloc(0);
  const keep = (chunk: Buffer): void => {
    kept = Buffer.concat([kept, chunk]).subarray(-keptOutputBytes);
    onOutput?.(chunk);
  };
  process.stdout.on("data", keep);
  process.stderr.on("data", keep);
  return () => kept.toString();
}
