// What the stories about `outrigger conform` share: an example on a host, and a run of the kit with all that it may need.
import { existsSync } from "node:fs";
import { rm } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { runCases, type RunResult, type Setting } from "@outrigger/conformance";
import type { Host } from "@outrigger/e2e/lab";
import type { Child } from "@outrigger/linux";
import { fifoPool } from "../packages/conformance/test/fifo-pool.ts";
import { until } from "./plugin-on-host.ts";

/** An example that runs on a host. */
export interface ServedExample extends AsyncDisposable {
  readonly restart: NonNullable<Setting["restart"]>;
}

/** Runs an example as its reader would, and waits until the engine can find it. */
export async function serveExample(
  host: Host,
  example: { readonly file: string; readonly name: string; readonly root?: false },
): Promise<ServedExample> {
  const file = fileURLToPath(new URL(`../examples/${example.file}`, import.meta.url));
  const command = fileURLToPath(new URL("../packages/cli/src/main.ts", import.meta.url));
  const socket = host.path(`/run/docker/plugins/${example.name}.sock`);
  // A folder that the lab's engine sees, as any engine sees all of its machine.
  const root = example.root === false ? [] : ["--root", `/var/lib/outrigger/${example.name}`];
  const start = async (): Promise<Child> => {
    // What a killed one left behind would look like the new one.
    await rm(socket, { force: true });
    const child = await host.start([process.execPath, command, "serve", file, ...root]);
    let ended = false;
    void child.ended.then(() => (ended = true));
    await until(`${example.file} serves`, () => {
      if (ended) throw new Error(`${example.file} ended: ${child.output()}`);
      return existsSync(socket);
    });
    return child;
  };
  let child = await start();
  return {
    restart: async (signal, whileDown) => {
      child.kill(signal);
      await child.ended;
      await whileDown?.();
      child = await start();
    },
    [Symbol.asyncDispose]: () => child[Symbol.asyncDispose](),
  };
}

/** Which plugin of a host to judge, and how. */
export interface JudgeOptions {
  readonly name: string;
  /** Its socket on the host by default. */
  readonly address?: string;
  readonly restart?: NonNullable<Setting["restart"]>;
  readonly only?: readonly string[];
  readonly callLimitMs?: number;
}

/** Judges a plugin on a host, through the host's engine, too. */
export async function judgeOnHost(host: Host, options: JudgeOptions): Promise<RunResult> {
  const {
    name,
    address = `unix://${host.path(`/run/docker/plugins/${name}.sock`)}`,
    restart,
    only,
    callLimitMs,
  } = options;
  await using pool = await fifoPool(host.path(host.share));
  return await runCases(
    {
      target: address,
      hostRoot: host.path("/"),
      fifoFolder: host.share,
      makeFifo: pool.makeFifo,
      patienceMs: 10_000,
      engine: { socket: host.engine.socket, driver: name, image: "busybox" },
      ...(restart && { restart }),
      ...(callLimitMs !== undefined && { callLimitMs }),
    },
    // An idle connection takes half a minute.
    only === undefined ? { except: ["TR-23"] } : { only },
  );
}

/** Each case that failed or was skipped, with the reason. */
export function problemsOf(result: RunResult): string[] {
  return result.cases
    .filter(({ status }) => status !== "passed")
    .map(({ id, status, message }) => `${id} ${status}: ${message}`);
}
