import { spawn, type ChildProcess, type ChildProcessByStdio } from "node:child_process";
import { once } from "node:events";
import { readFile } from "node:fs/promises";
import type { Readable, Writable } from "node:stream";
import { setTimeout as wait } from "node:timers/promises";
import { enterNamespaces, type NamespacesOf } from "./namespaces.ts";
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
  /** Open descriptors of this process that it gets as 3 and up. */
  readonly descriptors?: readonly number[];
  /** Starts it in namespaces of another process, a PID namespace among them. */
  readonly within?: NamespacesOf;
}

/** How a process ended. */
export interface Ending {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

/** A running process in a process group of its own; disposing it ends the whole group, stopped or not. */
export interface Child extends AsyncDisposable {
  /** Its id as this process counts, also where it runs in another PID namespace. */
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

/**
 * Starts a process, without a shell. Throws where it cannot start; in namespaces a command that is not there ends with
 * code 127 instead.
 */
export async function startChild(argv: readonly string[], options: ChildOptions = {}): Promise<Child> {
  const { within } = options;
  const [command = "", ...args] = within === undefined ? argv : enterAsLeader(argv, within);
  // The first three are pipes, whatever follows; the types know that of three alone.
  const process = spawn(command, args, {
    cwd: options.cwd,
    env: options.env ?? plainEnvironment,
    detached: true,
    stdio: ["pipe", "pipe", "pipe", ...(options.descriptors ?? [])],
  }) as ChildProcessByStdio<Writable, Readable, Readable>;
  const exited = new Promise<void>((resolve) => process.once("exit", () => resolve()));
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
  const isOver = (): boolean => process.exitCode !== null || process.signalCode !== null;
  const started = process.pid ?? Number.NaN;
  const pid = within === undefined ? started : ((await findLeader(started, isOver)) ?? started);
  const kill = (signal: NodeJS.Signals = "SIGTERM"): void => {
    if (isOver()) return;
    killGroup(pid, signal);
    if (pid !== started) wakeUp(process, signal);
  };
  return {
    pid,
    stdin: process.stdin,
    ended,
    output,
    kill,
    [Symbol.asyncDispose]: async () => {
      kill("SIGTERM");
      // A stopped process takes SIGTERM only when it goes on.
      kill("SIGCONT");
      await atMost(exited, options.graceMs ?? 10_000);
      kill("SIGKILL");
      // What it started may have outlived it in its group, or have left the group with the outputs still open.
      killGroup(pid, "SIGKILL");
      await exited;
      await atMost(ended, 1000);
      process.stdout.destroy();
      process.stderr.destroy();
      await ended;
    },
  };
}

/** Waits for something for so many milliseconds, and then no longer. */
async function atMost(something: Promise<unknown>, milliseconds: number): Promise<void> {
  const done = new AbortController();
  await Promise.race([something, wait(milliseconds, undefined, { signal: done.signal })]);
  done.abort();
}

/**
 * Enters the PID namespace, becomes the leader of a session, and enters the others, where setsid(1) need not be. Signals
 * are for that leader, not for the nsenter that waits for it and ends as it ends.
 */
function enterAsLeader(argv: readonly string[], { pid, namespaces }: NamespacesOf): string[] {
  const others = namespaces.filter((namespace) => namespace !== "pid");
  const leader = ["setsid", ...enterNamespaces(argv, { pid, namespaces: others })];
  return enterNamespaces(leader, { pid, namespaces: ["pid"] });
}

/** The process that nsenter started, once it leads a group; none where nsenter ended before that. */
async function findLeader(nsenter: number, isOver: () => boolean): Promise<number | undefined> {
  while (!isOver()) {
    const pid = Number.parseInt(await readIfThere(`/proc/${nsenter}/task/${nsenter}/children`), 10);
    // The group is the third field after the command's name, which is in brackets and may hold anything: proc(5).
    const group = Number(/\) \S \d+ (\d+) [^)]*$/.exec(await readIfThere(`/proc/${pid}/stat`))?.[1]);
    if (pid === group) return pid;
    await wait(1);
  }
  return undefined;
}

async function readIfThere(path: string): Promise<string> {
  return readFile(path, "utf8").catch(() => "");
}

/** nsenter stops when the process that it waits for is stopped, and would not see it go on or end. */
function wakeUp(nsenter: ChildProcess, signal: NodeJS.Signals): void {
  if (signal === "SIGCONT") nsenter.kill("SIGCONT");
  if (signal !== "SIGKILL") return;
  const waking = setInterval(() => nsenter.kill("SIGCONT"), 10);
  nsenter.once("exit", () => clearInterval(waking));
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
