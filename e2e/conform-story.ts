// What the stories about `outrigger conform` share: an example on a host, a run of the kit with all that it may need, and
// plugins with one fault, each of which has to be found.
import assert from "node:assert/strict";
import { test } from "node:test";
import { runCases, type RunResult, type Setting } from "@outrigger/conformance";
import { lab, type EngineOptions, type Host } from "@outrigger/e2e/lab";
import { fifoPool } from "../packages/conformance/test/fifo-pool.ts";
import { idsOf } from "../packages/conformance/test/model.ts";
import { startExample } from "./example-on-host.ts";
import { serveSpoiled, type Spoil } from "./spoiled-plugin.ts";

/** An example that can be ended and started again. Disposing ends it. */
export interface ServedExample extends AsyncDisposable {
  readonly restart: NonNullable<Setting["restart"]>;
}

/** Which example of `examples/`, and its plugin's name. */
export interface Example {
  readonly file: string;
  readonly name: string;
  readonly root?: false;
}

/** Serves an example on a host as its reader would. */
export async function serveExample(host: Host, example: Example): Promise<ServedExample> {
  let child = await startExample(host, example);
  return {
    restart: async (signal, whileDown) => {
      child.kill(signal);
      await child.ended;
      await whileDown?.();
      child = await startExample(host, example);
    },
    [Symbol.asyncDispose]: () => child[Symbol.asyncDispose](),
  };
}

/** Which plugin of a host to judge, by which cases. */
export interface JudgedPlugin {
  readonly name: string;
  /** Its socket in the host's plugin folder by default. */
  readonly address?: string;
  readonly only?: readonly string[];
  readonly except?: readonly string[];
  readonly restart?: NonNullable<Setting["restart"]>;
  /** How the host's engine is started again. */
  readonly engineOptions?: EngineOptions;
  /** Links come and go with containers, on a machine that may be busy: 10 s where left out. */
  readonly patienceMs?: number;
  readonly callLimitMs?: number;
}

/** Judges a plugin on a host whose image `busybox` is made, through the host's engine, too. */
export async function judgeOnHost(host: Host, plugin: JudgedPlugin): Promise<RunResult> {
  const { name, restart, only, except = [], engineOptions, patienceMs = 10_000, callLimitMs } = plugin;
  await using pool = await fifoPool(host.path(host.share));
  const setting: Setting = {
    target: plugin.address ?? `unix://${host.path(`/run/docker/plugins/${name}.sock`)}`,
    hostRoot: host.path("/"),
    fifoFolder: host.share,
    makeFifo: pool.makeFifo,
    patienceMs,
    chaos: true,
    ...(callLimitMs !== undefined && { callLimitMs }),
    ...(restart && { restart }),
    engine: {
      socket: host.engine.socket,
      driver: name,
      image: "busybox",
      restart: async (signal) => {
        await (signal === "SIGKILL" ? host.engine.kill9() : host.engine.stop());
        await host.engine.start(engineOptions);
      },
    },
  };
  return await runCases(setting, { ...(only && { only }), except });
}

/** Whether a story is told on the newest engine: what is no engine's doing is told there alone. */
export function onNewest({ engine }: Host): boolean {
  return engine.version === lab.engines().at(-1);
}

/** Each case that failed or was skipped, with the reason. */
export function problemsOf(result: RunResult): string[] {
  return result.cases
    .filter(({ status }) => status !== "passed")
    .map(({ id, status, message }) => `${id} ${status}: ${message}`);
}

/** Throws where not exactly these cases failed, or one for another reason. */
export function assertFails(result: RunResult, fails: Readonly<Record<string, RegExp>>): void {
  const failed = result.cases.filter(({ status }) => status === "failed");
  const ids = failed.map(({ id }) => id).sort();
  assert.deepEqual(ids, Object.keys(fails).sort(), problemsOf(result).join("\n"));
  for (const { id, message } of failed) assert.match(message, fails[id] ?? /^$/, id);
}

/** A plugin with one fault, and what comes of it. */
export interface Spoiled {
  readonly title: string;
  readonly fails: Readonly<Record<string, RegExp>>;
  /** Cases near to these that it passes. */
  readonly passes?: readonly string[];
  readonly skips?: readonly string[];
  /** Less, where a case waits in vain. */
  readonly patienceMs?: number;
  readonly spoil: Spoil;
}

/** Declares a story on one engine: an example behind each of the faults fails the cases that are about it. */
export function spoiledStory(title: string, example: Example, faults: readonly Spoiled[]): void {
  test(title, { skip: lab.skip() }, async (t) => {
    await using host = await lab.host();
    await host.image("busybox");
    await using _plugin = await serveExample(host, example);
    for (const [index, fault] of faults.entries()) {
      const { fails, passes = [], skips = [], patienceMs, spoil } = fault;
      await t.test(fault.title, async () => {
        const name = `spoiled-${index}`;
        await using _spoiled = await serveSpoiled(host, { good: example.name, name, spoil });
        const only = [...Object.keys(fails), ...passes, ...skips];
        const result = await judgeOnHost(host, { name, only, ...(patienceMs && { patienceMs }) });
        assertFails(result, fails);
        assert.deepEqual(idsOf(result, "skipped").sort(), [...skips].sort());
      });
    }
  });
}
