// The examples on a lab host, judged there with the host's own engine.
import { fileURLToPath } from "node:url";
import { runCases, type RunResult } from "@outrigger/conformance";
import type { Host } from "@outrigger/e2e/lab";
import { plainEnvironment } from "@outrigger/linux";
import { pathWithIp } from "./path-with-ip.ts";
import { servePlugins, type PluginOnHost } from "./plugin-on-host.ts";

/** Serves an example on a host, with what it needs to be judged through containers. */
export async function serveExample(host: Host, { file, name }: { file: string; name: string }): Promise<PluginOnHost> {
  await host.image("busybox");
  const plugin = fileURLToPath(new URL(`../examples/${file}`, import.meta.url));
  const env = { ...plainEnvironment, PATH: await pathWithIp(host) };
  return servePlugins(host, [{ plugin, name, options: { root: `/var/lib/outrigger/${name}` } }], { env });
}

/** Which plugin of the host to judge, by which cases. */
export interface JudgedPlugin {
  readonly name: string;
  readonly only: readonly string[];
  /** The process to kill and start again, where that is asked for. */
  readonly process?: PluginOnHost;
  /** Links come and go with containers, on a machine that may be busy: 10 s where left out. */
  readonly patienceMs?: number;
}

/** Judges a plugin on its host. */
export function judgeOnHost(
  host: Host,
  { name, only, process, patienceMs = 10_000 }: JudgedPlugin,
): Promise<RunResult> {
  const restart = async (signal: "SIGKILL" | "SIGTERM"): Promise<void> => {
    await (signal === "SIGKILL" ? process?.kill9() : process?.stop());
    await process?.start();
  };
  return runCases(
    {
      target: `unix://${host.path(`/run/docker/plugins/${name}.sock`)}`,
      hostRoot: host.path("/"),
      patienceMs,
      chaos: true,
      ...(process && { restart }),
      engine: {
        socket: host.engine.socket,
        driver: name,
        image: "busybox",
        restart: async () => {
          await host.engine.stop();
          await host.engine.start();
        },
      },
    },
    { only },
  );
}

/** The cases that came out in a way, with their messages where they failed. */
export function outcome(result: RunResult, status: "passed" | "failed" | "skipped"): string[] {
  return result.cases.filter((one) => one.status === status).map(({ id }) => id);
}

/** The messages of what failed. */
export function problemsOf(result: RunResult): string[] {
  return result.cases.filter((one) => one.status === "failed").map(({ id, message }) => `${id}: ${message}`);
}
