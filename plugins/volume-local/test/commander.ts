import assert from "node:assert/strict";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { PassThrough } from "node:stream";
import { plainEnvironment, startChild } from "@outrigger/linux";
import type { Finding, RemovedVolume, VolumeInfo } from "@outrigger/volume-core";

/** Where volumes are, and the size of their pool. */
export interface Place {
  readonly root: string;
  readonly standardBackend: string;
  readonly poolSize?: number | undefined;
}

/** One line to the process. */
export interface Command {
  readonly verb: string;
  readonly args: readonly unknown[];
}

/** Volumes in a process of their own. */
export interface Commander extends AsyncDisposable {
  /** Does it and returns what came of it; rejects where it failed, or the process died. */
  do(verb: string, ...args: unknown[]): Promise<unknown>;
  inspect(name: string): Promise<VolumeInfo>;
  list(): Promise<string[]>;
  removed(): Promise<RemovedVolume[]>;
  check(): Promise<Finding[]>;
  /** Tells it where to kill itself, has it do something, and waits until it is dead. */
  killedAt(step: string, verb: string, ...args: unknown[]): Promise<void>;
}

/** Starts it, and waits until what an earlier one left is in order. */
export async function startVolumes(place: Place): Promise<Commander> {
  const program = new URL("commanded-volumes.ts", import.meta.url).pathname;
  const output = new PassThrough();
  const child = await startChild([process.execPath, program, JSON.stringify(place)], {
    onOutput: (chunk) => void output.write(chunk),
    // A test may have put other programs in front since it was loaded.
    env: {
      ...plainEnvironment,
      PATH: process.env["PATH"] ?? "",
      OUTRIGGER_PROGRAMS: process.env["OUTRIGGER_PROGRAMS"] ?? "",
    },
  });
  const died = child.ended.then(() => assert.fail(`it ended: ${child.output()}`));
  died.catch(() => {});
  const lines = createInterface({ input: output });
  const answers: string[] = [];
  lines.on("line", (line) => {
    answers.push(line);
    lines.emit("more");
  });
  const next = async (): Promise<string> => {
    while (answers.length === 0) await Promise.race([once(lines, "more"), died]);
    return answers.shift() ?? "";
  };
  assert.equal(await next(), "ready", child.output());
  const act = async (verb: string, ...args: unknown[]): Promise<unknown> => {
    child.stdin.write(`${JSON.stringify({ verb, args } satisfies Command)}\n`);
    // Written by `commanded-volumes.ts`.
    const { done, error } = JSON.parse(await next()) as { done?: unknown; error?: string };
    assert.equal(error, undefined, `${verb} ${args.join(" ")}`);
    return done;
  };
  // What the verbs return, through JSON.
  return {
    do: act,
    inspect: async (name) => (await act("inspect", name)) as VolumeInfo,
    list: async () => (await act("list")) as string[],
    removed: async () => (await act("removed")) as RemovedVolume[],
    check: async () => (await act("check")) as Finding[],
    async killedAt(step, verb, ...args) {
      await act("dieAt", step);
      await assert.rejects(act(verb, ...args), /it ended/, `${verb} did not come to "${step}"`);
      assert.equal((await child.ended).signal, "SIGKILL");
    },
    [Symbol.asyncDispose]: () => child[Symbol.asyncDispose](),
  };
}
