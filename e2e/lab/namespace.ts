import { readFile } from "node:fs/promises";
import { startChild, type Child, type Namespace } from "@outrigger/linux";

/** Namespaces held open by their first process, which ends when this process does. */
export interface HeldNamespaces extends AsyncDisposable {
  /** The first process, as this process's own namespace counts. */
  readonly pid: number;
}

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
    return {
      pid: await firstChild(holder.pid),
      [Symbol.asyncDispose]: () => end(holder),
    };
  } catch (error) {
    await end(holder);
    throw error;
  }
}

async function untilReady(holder: Child): Promise<void> {
  const deadline = AbortSignal.timeout(20_000);
  while (!/^ready$/m.test(holder.output())) {
    const ended = await Promise.race([holder.ended, next(deadline)]);
    if (ended !== undefined) throw new Error(`a lab host ended while it was made: ${holder.output().trim()}`);
  }
}

async function next(deadline: AbortSignal): Promise<undefined> {
  deadline.throwIfAborted();
  await new Promise((resolve) => setTimeout(resolve, 10));
  return undefined;
}

/** The oldest child of a process. */
export async function firstChild(parent: number): Promise<number> {
  const children = await readFile(`/proc/${parent}/task/${parent}/children`, "utf8");
  return Number(children.trim().split(" ")[0]);
}

/** SIGKILL to unshare reaches its child by --kill-child; then the kernel ends every process of the PID namespace. */
async function end(holder: Child): Promise<void> {
  holder.stdin.end();
  holder.kill("SIGKILL");
  await holder.ended;
}
