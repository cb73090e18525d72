// The conformance kit with real plugins: volume-local keeps every rule, also with a real engine and killed at any moment.
import assert from "node:assert/strict";
import { runCases, type RunResult, type Setting } from "@outrigger/conformance";
import type { Host } from "@outrigger/e2e/lab";
import { servePlugins } from "./plugin-on-host.ts";
import { story } from "./story.ts";

const name = "volume-local";

story("volume-local passes every case of volumes, with containers and with kill -9", async (host) => {
  await using plugin = await servePlugins(host);
  await host.image("busybox");
  const result = await judge(host, {
    restart: async (signal) => {
      await (signal === "SIGTERM" ? plugin.stop() : plugin.kill9());
      await plugin.start();
    },
    engine: {
      socket: host.engine.socket,
      driver: name,
      image: "busybox",
      restart: async (signal) => {
        await (signal === "SIGTERM" ? host.engine.stop() : host.engine.kill9());
        await host.engine.start({ liveRestore: signal === "SIGTERM" });
      },
    },
  });
  assert.deepEqual(problemsOf(result), []);
  assert.deepEqual(result.left, []);
  assert.ok(result.cases.length > 60, `${result.cases.length} cases`);
});

function judge(host: Host, setting: Partial<Setting>): Promise<RunResult> {
  const target = `unix://${host.path(`/run/docker/plugins/${name}.sock`)}`;
  const hostRoot = `/proc/${host.pid}/root`;
  return runCases({ target, hostRoot, chaos: true, patienceMs: 5000, ...setting }, { only: ["VOL"] });
}

/** Each case that failed or was skipped, with the reason. */
function problemsOf(result: RunResult): string[] {
  return result.cases
    .filter(({ status }) => status !== "passed")
    .map(({ id, status, message }) => `${id} ${status}: ${message}`);
}
