// The examples on a lab host, judged there with the host's own engine.
import { runCases, type RunResult } from "@outrigger/conformance";
import type { Host } from "@outrigger/e2e/lab";
import { startExample } from "./example-on-host.ts";

/** An example that can be ended and started again. Disposing ends it. */
export interface ServedExample extends AsyncDisposable {
  readonly restart: (signal: "SIGKILL" | "SIGTERM") => Promise<void>;
}

/** Serves an example on a host, and makes the image that its containers are of. */
export async function serveExample(
  host: Host,
  example: { readonly file: string; readonly name: string },
): Promise<ServedExample> {
  await host.image("busybox");
  let child = await startExample(host, example);
  return {
    restart: async (signal) => {
      child.kill(signal);
      await child.ended;
      child = await startExample(host, example);
    },
    [Symbol.asyncDispose]: () => child[Symbol.asyncDispose](),
  };
}

/** Which plugin of the host to judge, by which cases. */
export interface JudgedPlugin {
  readonly name: string;
  readonly only: readonly string[];
  /** What to end and start again, where that is asked for. */
  readonly served?: ServedExample;
  /** Links come and go with containers, on a machine that may be busy: 10 s where left out. */
  readonly patienceMs?: number;
}

/** Judges a plugin on its host. */
export function judgeOnHost(host: Host, { name, only, served, patienceMs = 10_000 }: JudgedPlugin): Promise<RunResult> {
  return runCases(
    {
      target: `unix://${host.path(`/run/docker/plugins/${name}.sock`)}`,
      hostRoot: host.path("/"),
      patienceMs,
      chaos: true,
      ...(served && { restart: served.restart }),
      engine: {
        socket: host.engine.socket,
        driver: name,
        image: "busybox",
        restart: async (signal) => {
          await (signal === "SIGKILL" ? host.engine.kill9() : host.engine.stop());
          await host.engine.start();
        },
      },
    },
    { only },
  );
}

/** The cases that came out in a way, in order. */
export function idsOf(result: RunResult, status: "passed" | "failed" | "skipped"): string[] {
  return result.cases.filter((one) => one.status === status).map(({ id }) => id);
}

/** What failed, with the messages. */
export function problemsOf(result: RunResult): string[] {
  return result.cases.filter((one) => one.status === "failed").map(({ id, message }) => `${id}: ${message}`);
}
