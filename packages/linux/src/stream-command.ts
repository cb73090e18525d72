import { spawn } from "node:child_process";
import type { Readable } from "node:stream";
import { CommandError, describeCommand, killGroup, plainEnvironment } from "./run.ts";

/** How to run a command that reads or writes a stream. */
export interface StreamCommandOptions {
  readonly cwd?: string;
  /** All of its environment; a plain PATH unless told. */
  readonly env?: Readonly<Record<string, string>>;
  /** Its standard input; empty unless told. */
  readonly input?: Readable;
  /** Kills its process group when aborted. */
  readonly signal?: AbortSignal;
  /** Exit codes that are no failure; 0 alone unless told. */
  readonly accept?: readonly number[];
}

/** A command that is running. */
export interface StreamCommand {
  /** Has to be read, or the command waits. */
  readonly stdout: Readable;
  /** Its exit code; rejects with `CommandError` for one that is not accepted, or 127 where there is no such command. */
  readonly ended: Promise<number>;
}

const keptErrorBytes = 16 * 1024;

/**
 * Runs a command whose input or output is a stream, for as long as that takes, without a shell and in a process group of
 * its own. The kernel kills it when this process ends, kill -9 included: prctl(2), PR_SET_PDEATHSIG.
 */
export function streamCommand(argv: readonly string[], options: StreamCommandOptions = {}): StreamCommand {
  const { accept = [0], signal, input } = options;
  signal?.throwIfAborted();
  const child = spawn("setpriv", ["--pdeathsig", "KILL", "--", ...argv], {
    cwd: options.cwd,
    env: options.env ?? plainEnvironment,
    detached: true,
    stdio: ["pipe", "pipe", "pipe"],
  });
  let stderr = Buffer.alloc(0);
  child.stderr.on("data", (chunk: Buffer) => {
    stderr = Buffer.concat([stderr, chunk]).subarray(-keptErrorBytes);
  });
  const kill = (): void => {
    killGroup(child.pid);
    child.stdout.destroy();
  };
  signal?.addEventListener("abort", kill, { once: true });
  child.stdin.on("error", () => {});
  if (input === undefined) child.stdin.end();
  // An input that breaks off must not look like one that ended well.
  else input.once("error", kill).pipe(child.stdin);

  const shown = describeCommand(argv);
  const exited = new Promise<number>((resolve, reject) => {
    child.once("error", (cause) =>
      reject(new CommandError(`${shown} could not be started: ${cause.message}`, { argv, cause })),
    );
    // Not `close`, which waits for somebody to read the output.
    child.once("exit", (code) => {
      signal?.removeEventListener("abort", kill);
      const text = stderr.toString().trim();
      if (code !== null && accept.includes(code)) return resolve(code);
      const how = code === null ? "was stopped" : `failed with code ${code}`;
      const why = text === "" ? "" : `: ${text.split("\n").slice(-5).join("; ").slice(-1000)}`;
      reject(new CommandError(`${shown} ${how}${why}`, { argv, code: code ?? undefined, stderr: text }));
    });
  });
  exited.catch(() => {});
  return { stdout: child.stdout, ended: exited };
}
