import { readFile } from "node:fs/promises";
import { setTimeout as wait } from "node:timers/promises";
import { startChild, type Child, type Namespace } from "@outrigger/linux";

/** Namespaces held open by their first process, which ends when this process does. */
export interface HeldNamespaces extends AsyncDisposable {
  /** The first process, as this process's own namespace counts. */
  readonly pid: number;
}

const limitMs = 20_000;

/**
 * Makes namespaces, runs a command as their first process and waits until it prints `ready`. The command is to read its
 * standard input to the end and then to exit: everything in the namespaces is killed with it, whatever ended us.
 */
export async function holdNamespaces(kinds: readonly Namespace[], argv: readonly string[]): Promise<HeldNamespaces> {
  const mounts = kinds.includes("mount") ? ["--propagation=private", "--mount-proc"] : [];
  const flags = [...kinds.map((kind) => `--${kind}`), ...mounts, "--fork", "--kill-child"];
  const holder = await startChild(["unshare", ...flags, "--", ...argv], { graceMs: 0 });
  try {
    await untilReady(holder);
    return { pid: await firstChild(holder.pid), [Symbol.asyncDispose]: () => end(holder) };
  } catch (error) {
    await holder[Symbol.asyncDispose]();
    throw error;
  }
}

async function untilReady(holder: Child): Promise<void> {
  const limit = performance.now() + limitMs;
  while (!/^ready$/m.test(holder.output())) {
    const over = await Promise.race([holder.ended, wait(5)]);
    const problem = over !== undefined ? "ended" : performance.now() > limit ? "was not ready in time" : undefined;
    if (problem !== undefined) throw new Error(`a lab host ${problem} as it was made: ${holder.output().trim()}`);
  }
}

/** The oldest child of a process. */
export async function firstChild(parent: number): Promise<number> {
  const children = await readFile(`/proc/${parent}/task/${parent}/children`, "utf8");
  return Number(children.trim().split(" ")[0]);
}

/** unshare sees the end of the first process only when the kernel has ended all others of its PID namespace. */
async function end(holder: Child): Promise<void> {
  holder.stdin.end();
  if ((await Promise.race([holder.ended, wait(limitMs, undefined, { ref: false })])) !== undefined) return;
  await holder[Symbol.asyncDispose]();
  throw new Error("processes of a lab host have not ended; look for one that is stopped or waits for a dead mount");
}
