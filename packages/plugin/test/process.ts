// A plugin in a process of its own, for tests of how processes end.
import { spawn, type ChildProcess, type StdioOptions } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";

const main = fileURLToPath(new URL("plugin-process.ts", import.meta.url));

/** A running child, and what it said. */
export interface PluginProcess extends AsyncDisposable {
  readonly child: ChildProcess;
  /** What was printed since the addresses. */
  readonly output: () => string;
  /** How it ended: an exit code or a signal's name. */
  readonly ended: Promise<number | NodeJS.Signals>;
  readonly addresses: readonly string[];
}

/** How the child is started. */
export interface ProcessOptions {
  /** Passed to `serve`. */
  readonly serve?: object;
  readonly env?: NodeJS.ProcessEnv;
  readonly stdio?: StdioOptions;
  /** Run through this shell text, in which `"$@"` is the plugin. */
  readonly shell?: string;
}

/** Starts the plugin of `plugin-process.ts` and waits until it is served; killed when disposed of. */
export async function startProcess(options: ProcessOptions = {}): Promise<PluginProcess> {
  const command = [process.execPath, main, JSON.stringify(options.serve ?? {})];
  const [file = "", ...args] = options.shell === undefined ? command : ["sh", "-c", options.shell, "sh", ...command];
  const child = spawn(file, args, {
    stdio: options.stdio ?? ["ignore", "pipe", "pipe"],
    env: { ...process.env, NODE_NO_WARNINGS: "0", ...options.env },
  });
  const ended = once(child, "close").then(([code, signal]: (number | NodeJS.Signals | null)[]) => code ?? signal ?? 0);
  let output = "";
  const { promise: ready, resolve } = Promise.withResolvers<string>();
  const read = (chunk: Buffer): void => {
    output += chunk.toString();
    const line = /^serving (.*)\n/m.exec(output)?.[1];
    if (line !== undefined) resolve(line);
  };
  child.stdout?.on("data", read);
  child.stderr?.on("data", read);
  const line = await Promise.race([
    ready,
    ended.then((how) => Promise.reject(new Error(`ended with ${how}: ${output}`))),
  ]);
  return {
    child,
    output: () => output,
    ended,
    addresses: JSON.parse(line) as string[],
    [Symbol.asyncDispose]: async () => {
      child.kill("SIGKILL");
      await ended;
    },
  };
}
