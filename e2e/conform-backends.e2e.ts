// The conformance kit on volume-local where volumes are mounts: btrfs in a pool and file systems in files, on the newest engine.
import assert from "node:assert/strict";
import { test } from "node:test";
import { runCases, type RunResult } from "@outrigger/conformance";
import { lab } from "@outrigger/e2e/lab";
import { servePlugins, type PluginToServe } from "./plugin-on-host.ts";
import { assertNothingLeft, plantSentinel } from "./volume-story.ts";

const newest = lab.engines().at(-1);

/** What each is told, and what each volume of the kit is created with. */
const backends: readonly (readonly [
  backend: string,
  options: Record<string, string>,
  create: Record<string, string>,
])[] = [
  ["btrfs", { pool: "auto", "pool-size": "512MiB" }, {}],
  ["image", { backend: "image" }, { size: "16MiB" }],
];

for (const [backend, options, create] of backends) {
  test(
    `volume-local on ${backend} passes every case of volumes, also killed at any moment`,
    { skip: lab.skip(newest) },
    async () => {
      await using host = await lab.host(newest === undefined ? {} : { engine: newest });
      await plantSentinel(host);
      const name = "volume-local";
      const served: PluginToServe = { name, options: { ...options, root: `/var/lib/outrigger/${name}` } };
      await using plugin = await servePlugins(host, [served]);
      await host.image("busybox");
      const result = await runCases(
        {
          target: `unix://${host.path(`/run/docker/plugins/${name}.sock`)}`,
          hostRoot: `/proc/${host.pid}/root`,
          chaos: true,
          patienceMs: 10_000,
          options: create,
          restart: async (signal) => {
            await (signal === "SIGTERM" ? plugin.stop() : plugin.kill9());
            await plugin.start();
          },
          engine: { socket: host.engine.socket, driver: name, image: "busybox" },
        },
        { only: ["VOL"] },
      );
      assert.deepEqual(problemsOf(result), []);
      assert.deepEqual(result.left, []);
      await assertNothingLeft(host, [{ plugin, name }]);
    },
  );
}

function problemsOf(result: RunResult): string[] {
  return result.cases
    .filter(({ status }) => status !== "passed")
    .map(({ id, status, message }) => `${id} ${status}: ${message}`);
}
