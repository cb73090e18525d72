// The real command as a child process.
import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { text as readAll } from "node:stream/consumers";
import { fileURLToPath } from "node:url";

/** The file that the `outrigger` command is. */
export const main = fileURLToPath(new URL("../src/main.ts", import.meta.url));

/** What a finished command left. */
export interface Ended {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** What a command is started with beside its arguments. */
export interface Surroundings {
  readonly input?: string;
  readonly env?: Readonly<Record<string, string>>;
  readonly cwd?: string;
  /** Bound by file modes, as everybody but root is. */
  readonly bound?: boolean;
}

/** Runs the command to its end. */
export async function outrigger(args: readonly string[], surroundings: Surroundings = {}): Promise<Ended> {
  const child = start(args, surroundings);
  child.stdin?.end(surroundings.input ?? "");
  const [stdout, stderr] = await Promise.all([readAll(child.stdout), readAll(child.stderr), once(child, "exit")]);
  return { status: child.exitCode, stdout, stderr };
}

/** A command that goes on until it is told to end. */
export interface Running extends AsyncDisposable {
  readonly child: ChildProcess;
  /** Lines of standard output so far. */
  readonly lines: readonly string[];
  /** The first line, so far or to come, that matches; rejects when the command ends without one. */
  readonly line: (pattern: RegExp) => Promise<string>;
  /** Waits for the end. */
  readonly ended: () => Promise<Ended>;
  /** Sends a signal and waits for the end. */
  readonly stop: (signal?: NodeJS.Signals) => Promise<Ended>;
}

/** Starts the command and returns at once; disposing kills what is left of it. */
export function startOutrigger(args: readonly string[], surroundings: Surroundings = {}): Running {
  const child = start(args, surroundings);
  const ended = once(child, "exit");
  const lines: string[] = [];
  const stderr = readAll(child.stderr);
  const reader = createInterface({ input: child.stdout });
  reader.on("line", (line) => lines.push(line));
  const line = async (pattern: RegExp): Promise<string> => {
    for (;;) {
      const found = lines.find((one) => pattern.test(one));
      if (found !== undefined) return found;
      const more = await Promise.race([once(reader, "line").then(() => true), ended.then(() => false)]);
      if (!more)
        throw new Error(`the command ended without a line like ${pattern}: ${lines.join("\n")}${await stderr}`);
    }
  };
  const end = async (): Promise<Ended> => {
    await ended;
    return { status: child.exitCode, stdout: lines.join("\n"), stderr: await stderr };
  };
  const stop = (signal: NodeJS.Signals = "SIGTERM"): Promise<Ended> => {
    child.kill(signal);
    return end();
  };
  return { child, lines, line, ended: end, stop, [Symbol.asyncDispose]: async () => void (await stop("SIGKILL")) };
}

function start(args: readonly string[], { env = {}, cwd, bound = false }: Surroundings) {
  // Colours, debugging and the tests' own reporter are not for the command.
  const { FORCE_COLOR: _colour, NODE_TEST_CONTEXT: _context, ...rest } = process.env;
  const bind = bound && process.getuid?.() === 0 ? ["setpriv", "--bounding-set=-dac_override,-dac_read_search"] : [];
  const [program = "", ...words] = [...bind, process.execPath, main, ...args];
  return spawn(program, words, {
    env: { ...rest, ...env },
    cwd,
    stdio: ["pipe", "pipe", "pipe"],
  });
}
