// Plugins on a lab host, run as an operator runs them: with `outrigger serve`.
import assert from "node:assert/strict";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { randomBytes } from "node:crypto";
import { setTimeout as wait } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import type { Host } from "@outrigger/e2e/lab";
import type { Child, Ending } from "@outrigger/linux";
import type { Listen } from "@outrigger/plugin";

/** One plugin to serve, as in the command's configuration file. */
export interface PluginToServe {
  /** A package or the path of a file; `volume-local` where left out. */
  readonly plugin?: string;
  readonly name?: string;
  readonly options?: Readonly<Record<string, string>>;
  readonly listen?: readonly Listen[];
}

/** A call that was answered, as `outrigger serve --trace` tells of it. */
interface AnsweredCall {
  readonly plugin: string;
  /** `VolumeDriver.Mount` */
  readonly method: string;
  /** What it was about: a volume's name. */
  readonly object: string | null;
  readonly status: number;
  readonly error: string | null;
}

/** A process that serves plugins on a host. Disposing ends it. */
export interface PluginOnHost extends AsyncDisposable {
  /** Starts it and waits until it serves; the plugins may be others than before. */
  start(plugins?: readonly PluginToServe[]): Promise<void>;
  /** SIGTERM, and waits for its end, which has to be in order. */
  stop(): Promise<void>;
  /** SIGKILL, and waits for its end. */
  kill9(): Promise<void>;
  /** Resolves when it has ended by itself. */
  readonly ended: Promise<unknown>;
  /** All calls that were answered since the first start. */
  calls(): readonly AnsweredCall[];
}

const command = fileURLToPath(new URL("../packages/cli/src/main.ts", import.meta.url));

/** Serves plugins on a host. Throws with what the command printed where it cannot. */
export async function servePlugins(host: Host, plugins: readonly PluginToServe[] = [{}]): Promise<PluginOnHost> {
  const file = join(host.share, `outrigger-${randomBytes(4).toString("hex")}.json`);
  const calls: AnsweredCall[] = [];
  let child: Child | undefined;
  let served = plugins;

  const start = async (): Promise<void> => {
    await writeFile(file, JSON.stringify({ plugins: served.map((one) => ({ plugin: "volume-local", ...one })) }));
    let up = 0;
    const onOutput = eachLine((line) => {
      const event = readEvent(line);
      if (event.event === "serving") up += 1;
      if (event.event === "call") calls.push(event);
    });
    const started = await host.start([process.execPath, command, "serve", "--config", file, "--json", "--trace"], {
      onOutput,
    });
    child = started;
    let ended = false;
    void started.ended.then(() => (ended = true));
    await until("the plugin serves", () => {
      if (ended) throw new Error(`outrigger serve ended: ${started.output()}`);
      return up === served.length;
    });
  };
  const end = async (signal: NodeJS.Signals): Promise<Ending | undefined> => {
    child?.kill(signal);
    return await child?.ended;
  };
  const stop = async (): Promise<void> => {
    assert.deepEqual(await end("SIGTERM"), { code: 0, signal: null }, `how the plugin ended: ${child?.output()}`);
  };
  await start();
  return {
    start: async (others = served) => {
      served = others;
      await start();
    },
    stop,
    kill9: async () => void (await end("SIGKILL")),
    get ended() {
      return child?.ended ?? Promise.resolve();
    },
    calls: () => calls,
    [Symbol.asyncDispose]: async () => child?.[Symbol.asyncDispose](),
  };
}

/** Waits for a condition; throws where it does not come within half a minute. */
export async function until(what: string, holds: () => boolean | Promise<boolean>): Promise<void> {
  const limit = performance.now() + 30_000;
  while (!(await holds())) {
    if (performance.now() > limit) throw new Error(`waited 30 s in vain until ${what}`);
    await wait(20);
  }
}

function readEvent(line: string): { event: string } & AnsweredCall {
  if (!line.startsWith("{")) return { event: "", plugin: "", method: "", object: null, status: 0, error: null };
  // Written by the command under test; a test that reads a wrong shape fails.
  return JSON.parse(line) as { event: string } & AnsweredCall;
}

function eachLine(take: (line: string) => void): (chunk: Buffer) => void {
  let rest = "";
  return (chunk) => {
    const lines = (rest + chunk.toString()).split("\n");
    rest = lines.pop() ?? "";
    lines.forEach(take);
  };
}
