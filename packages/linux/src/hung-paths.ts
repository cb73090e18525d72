import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFile } from "node:fs/promises";
import { plainEnvironment } from "./run.ts";

const mostProcesses = 32;

/**
 * The paths that the kernel does not answer for in time: those on a network or FUSE file system whose server is gone.
 * Processes of their own ask for them, because whoever waits for such a path cannot be interrupted, and this process
 * must go on. A path that is not there has answered. The clock starts when `/`, asked for at the same time, has
 * answered, so that a busy machine is not taken for a hung one.
 */
export async function findHungPaths(paths: readonly string[], timeoutMs: number): Promise<string[]> {
  const groups: string[][] = [];
  for (const [index, path] of [...new Set(paths)].entries()) (groups[index % mostProcesses] ??= []).push(path);
  if (groups.length === 0) return [];
  const asked = groups.map((group) => ask(group));
  const control = ask(["/"]);
  await control.answered;
  const hung = await Promise.all(
    asked.map(async (one, index) => ((await answersWithin(one, timeoutMs)) ? [] : (groups[index] ?? []))),
  );
  for (const one of asked) one.giveUp();
  return hung.flat();
}

interface Asked {
  readonly pid: number | undefined;
  readonly answered: Promise<unknown>;
  readonly giveUp: () => void;
}

function ask(paths: readonly string[]): Asked {
  const child = spawn("stat", ["-L", "--", ...paths], { stdio: "ignore", env: plainEnvironment });
  // Where there is no stat(1) nothing is found out, which is no reason to call a path hung.
  const answered = once(child, "exit").catch(() => {});
  return {
    pid: child.pid,
    answered,
    giveUp: () => {
      if (child.exitCode !== null || child.signalCode !== null) return;
      // It may end only when the file system answers: nobody waits for that.
      child.kill("SIGKILL");
      child.unref();
    },
  };
}

const mostRounds = 8;

/** Whoever has not got a processor yet, or is not even started in full, gets some more time: it does not hang. */
async function answersWithin({ pid, answered }: Asked, milliseconds: number): Promise<boolean> {
  for (let round = 0; round < mostRounds; round++) {
    if (await within(answered, milliseconds)) return true;
    const stat = await readFile(`/proc/${pid}/stat`, "utf8").catch(() => "");
    // The state is the field behind the name, which is in brackets: proc(5).
    if (stat.includes("(stat)") && !stat.includes(") R ")) return false;
  }
  return false;
}

async function within(something: Promise<unknown>, milliseconds: number): Promise<boolean> {
  const { promise: late, resolve } = Promise.withResolvers<boolean>();
  const timer = setTimeout(() => resolve(false), milliseconds);
  try {
    return await Promise.race([something.then(() => true), late]);
  } finally {
    clearTimeout(timer);
  }
}
