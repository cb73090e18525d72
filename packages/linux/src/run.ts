import { spawn } from "node:child_process";
import { setTimeout as wait } from "node:timers/promises";

/** How to run a command. */
export interface RunOptions {
  /** Milliseconds after which its whole process group is killed; 60 s unless told. */
  readonly timeoutMs?: number;
  /** Kills its process group when aborted. */
  readonly signal?: AbortSignal | undefined;
  /** Written to its standard input; without it the input is empty. */
  readonly input?: string | Uint8Array;
  readonly cwd?: string;
  /** All of its environment; a plain PATH unless told. */
  readonly env?: Readonly<Record<string, string>>;
  /** Exit codes that are no failure; 0 alone unless told. */
  readonly accept?: readonly number[];
  /** The most to keep of each of its outputs, 16 MiB unless told; a command that prints more is killed. */
  readonly maxOutputBytes?: number;
}

/** What a command that ended left behind. */
export interface RunResult {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** A command that could not start, was killed, or ended with a code that is a failure. */
export class CommandError extends Error {
  override readonly name = "CommandError";
  readonly argv: readonly string[];
  /** Missing where the command never started or was killed. */
  readonly code: number | undefined;
  readonly stderr: string;

  constructor(
    message: string,
    options: { argv: readonly string[]; code?: number | undefined; stderr?: string; cause?: unknown },
  ) {
    super(message, { cause: options.cause });
    this.argv = options.argv;
    this.code = options.code;
    this.stderr = options.stderr ?? "";
  }
}

const systemPath = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/**
 * The environment of a command that was given none: the locale that its messages are read in, and the system's programs
 * behind those of the folder that OUTRIGGER_PROGRAMS names. Where Node keeps compiled code, another Node does too.
 */
export const plainEnvironment: Readonly<Record<string, string>> = {
  ...programsFirst(process.env.OUTRIGGER_PROGRAMS),
  ...(process.env.NODE_COMPILE_CACHE && { NODE_COMPILE_CACHE: process.env.NODE_COMPILE_CACHE }),
  LC_ALL: "C.UTF-8",
};

function programsFirst(folder: string | undefined): Readonly<Record<string, string>> {
  return folder ? { OUTRIGGER_PROGRAMS: folder, PATH: `${folder}:${systemPath}` } : { PATH: systemPath };
}

/**
 * Runs a command to its end, without a shell and in a process group of its own. Throws `CommandError` for any ending
 * but an accepted exit code.
 */
export async function run(argv: readonly string[], options: RunOptions = {}): Promise<RunResult> {
  const { timeoutMs = 60_000, accept = [0], maxOutputBytes = 16 * 1024 * 1024, signal } = options;
  const [command = "", ...args] = argv;
  const shown = describeCommand(argv);
  signal?.throwIfAborted();
  const child = spawn(command, args, {
    cwd: options.cwd,
    env: options.env ?? plainEnvironment,
    detached: true,
    stdio: ["pipe", "pipe", "pipe"],
  });
  let killedFor: string | undefined;
  const kill = (why: string): void => {
    killedFor ??= why;
    killGroup(child.pid);
    // What has left the group may hold them open for ever.
    child.stdout.destroy();
    child.stderr.destroy();
  };
  const stdout = collect(child.stdout, maxOutputBytes, () => kill(`printed more than ${maxOutputBytes} bytes`));
  const stderr = collect(child.stderr, maxOutputBytes, () => kill(`printed more than ${maxOutputBytes} bytes`));
  // A command may end without having read its input.
  child.stdin.on("error", () => {});
  child.stdin.end(options.input);

  const ended = new AbortController();
  const aborted = (): void => kill("was stopped");
  signal?.addEventListener("abort", aborted, { once: true });
  void wait(timeoutMs, undefined, { signal: ended.signal, ref: false }).then(
    () => kill(`did not end within ${timeoutMs / 1000} s`),
    () => {},
  );
  try {
    const code = await new Promise<number | undefined>((resolve, reject) => {
      child.once("error", (cause) =>
        reject(new CommandError(`${shown} could not be started: ${cause.message}`, { argv, cause })),
      );
      child.once("close", (exitCode) => resolve(exitCode ?? undefined));
    });
    const result = { stdout: stdout(), stderr: stderr() };
    if (killedFor !== undefined) {
      throw new CommandError(`${shown} ${killedFor}`, { argv, stderr: result.stderr, cause: signal?.reason });
    }
    if (code === undefined) throw new CommandError(`${shown} was killed by a signal`, { argv, stderr: result.stderr });
    if (accept.includes(code)) return { code, ...result };
    throw new CommandError(`${shown} failed with code ${code}: ${lastLines(result.stderr)}`, {
      argv,
      code,
      stderr: result.stderr,
    });
  } finally {
    ended.abort();
    signal?.removeEventListener("abort", aborted);
  }
}

/** A command as a person would type it, cut to a line. */
export function describeCommand(argv: readonly string[]): string {
  const text = argv.map((word) => (/^[\w@%+=:,./-]+$/.test(word) ? word : JSON.stringify(word))).join(" ");
  return text.length > 200 ? `${text.slice(0, 200)}…` : text;
}

/** SIGKILL to a process group; what has ended already is no error. */
export function killGroup(pid: number | undefined, signal: NodeJS.Signals = "SIGKILL"): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, signal);
  } catch (error) {
    if (!(error instanceof Error && "code" in error && error.code === "ESRCH")) throw error;
  }
}

function collect(stream: NodeJS.ReadableStream, most: number, overflow: () => void): () => string {
  const chunks: Buffer[] = [];
  let size = 0;
  stream.on("data", (chunk: Buffer) => {
    size += chunk.length;
    if (size > most) overflow();
    else chunks.push(chunk);
  });
  return () => Buffer.concat(chunks).toString();
}

function lastLines(text: string): string {
  const lines = text.trim().split("\n").slice(-5).join("; ");
  return lines === "" ? "it printed no reason" : lines.slice(-1000);
}
