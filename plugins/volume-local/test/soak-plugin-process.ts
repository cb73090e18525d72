import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { PassThrough } from "node:stream";
import { startChild, type Child } from "@outrigger/linux";

/** Where the plugin keeps its volumes, its pool and its socket. */
export interface SoakPlace {
  readonly root: string;
  readonly pluginsDir: string;
  readonly poolSize: number;
}

/** One line to the process. */
export interface SoakCommand {
  readonly id: number;
  readonly verb: string;
  readonly args: readonly unknown[];
}

interface Answer {
  readonly id: number;
  readonly done?: unknown;
  readonly error?: string;
}

/** A call that was cut off by the plugin's death: what came of it is not known. */
export class CutOff extends Error {}

/** What is killed: the plugin, the commands that it runs just now, or both. */
export type Victim = "plugin" | "commands" | "both";

/** The plugin in a process of its own. */
export interface SoakPlugin extends AsyncDisposable {
  /** Does it; rejects with `CutOff` where the process died before it answered. */
  do(verb: string, ...args: unknown[]): Promise<unknown>;
  /** SIGKILL, and waits for the plugin's end if it is among the victims. */
  kill9(victim: Victim): Promise<void>;
}

/** Plugins one after another, each loaded while the one before it is at work: a kill costs no start of Node. */
export class SoakPlugins implements AsyncDisposable {
  readonly #place: SoakPlace;
  readonly #compileCache: string;
  readonly #ahead: Promise<Loaded>[] = [];

  private constructor(place: SoakPlace, compileCache: string) {
    this.#place = place;
    this.#compileCache = compileCache;
  }

  static async open(place: SoakPlace, compileCache: string): Promise<SoakPlugins> {
    const plugins = new SoakPlugins(place, compileCache);
    // Node writes its cache of compiled code when it ends, which those that are killed never do.
    const { child } = await plugins.#load();
    child.stdin.end();
    await child.ended;
    plugins.#ahead.push(plugins.#load(), plugins.#load());
    return plugins;
  }

  /** Starts the next one and waits until it serves; what an earlier one left is brought in order meanwhile. */
  async next(): Promise<SoakPlugin> {
    this.#ahead.push(this.#load());
    const { child, listen } = await (this.#ahead.shift() ?? this.#load());
    return await begin(child, { listen, place: this.#place });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const { child } of await Promise.all(this.#ahead)) {
      child.stdin.end();
      await child[Symbol.asyncDispose]();
    }
  }

  async #load(): Promise<Loaded> {
    const program = new URL("soak-plugin.ts", import.meta.url).pathname;
    const output = new PassThrough();
    const env = {
      PATH: process.env["PATH"] ?? "",
      OUTRIGGER_PROGRAMS: process.env["OUTRIGGER_PROGRAMS"] ?? "",
      NODE_COMPILE_CACHE: this.#compileCache,
    };
    const argv = [process.execPath, "--disable-warning=ExperimentalWarning", program];
    const child = await startChild(argv, { onOutput: (chunk) => void output.write(chunk), env });
    const lines = createInterface({ input: output });
    return { child, listen: (hear) => void lines.on("line", (line) => hear(readAnswer(line))) };
  }
}

interface Loaded {
  readonly child: Child;
  readonly listen: (hear: (answer: Answer) => void) => void;
}

async function begin(
  child: Child,
  { listen, place }: { listen: Loaded["listen"]; place: SoakPlace },
): Promise<SoakPlugin> {
  const waiting = new Map<number, { resolve: (done: unknown) => void; reject: (error: Error) => void }>();
  const up = Promise.withResolvers<unknown>();
  waiting.set(0, up);
  listen(({ id, done, error }) => {
    const asker = waiting.get(id);
    waiting.delete(id);
    if (error === undefined) asker?.resolve(done);
    else asker?.reject(new Error(error));
  });
  let dead = false;
  const died = child.ended.then(() => {
    dead = true;
    for (const { reject } of waiting.values()) reject(new CutOff(`the plugin ended: ${child.output().slice(-2000)}`));
    waiting.clear();
  });
  child.stdin.write(`${JSON.stringify(place)}\n`);
  await up.promise;
  let last = 0;
  return {
    async do(verb, ...args) {
      if (dead) throw new CutOff("the plugin is dead");
      const id = ++last;
      const asked = Promise.withResolvers<unknown>();
      waiting.set(id, asked);
      child.stdin.write(`${JSON.stringify({ id, verb, args } satisfies SoakCommand)}\n`);
      try {
        return await asked.promise;
      } catch (error) {
        if (error instanceof CutOff) throw error;
        const what = [verb, ...args.map((arg) => JSON.stringify(arg))].join(" ");
        throw new Error(`${what}: ${String(error)}`, { cause: error });
      }
    },
    async kill9(victim) {
      const groups = victim === "plugin" ? [] : await groupsOf(child.pid);
      if (victim !== "commands") child.kill("SIGKILL");
      for (const group of groups) killGroup(group);
      if (victim !== "commands") await died;
    },
    [Symbol.asyncDispose]: async () => {
      child.stdin.end();
      const { code, signal } = await child.ended;
      if (signal !== "SIGKILL") assert.deepEqual({ code, signal }, { code: 0, signal: null }, child.output());
      await child[Symbol.asyncDispose]();
    },
  };
}

function readAnswer(line: string): Answer {
  // Written by `soak-plugin.ts`; what else it prints is for its output.
  return line.startsWith("{") ? (JSON.parse(line) as Answer) : { id: -1 };
}

/** The processes that one has started, each the leader of a group, and theirs. */
async function groupsOf(pid: number): Promise<number[]> {
  const text = await readFile(join("/proc", String(pid), "task", String(pid), "children"), "utf8").catch(() => "");
  const children = text.split(" ").filter(Boolean).map(Number);
  return [...children, ...(await Promise.all(children.map((child) => groupsOf(child)))).flat()];
}

function killGroup(pid: number): void {
  try {
    process.kill(-pid, "SIGKILL");
  } catch {
    // It has ended by itself, or leads no group.
  }
}
