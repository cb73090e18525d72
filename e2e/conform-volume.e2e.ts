// The conformance kit with real plugins: volume-local keeps every rule, also with a real engine and killed at any moment.
import assert from "node:assert/strict";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { lab } from "@outrigger/e2e/lab";
import { run } from "@outrigger/linux";
import { judgeOnHost, onNewest, problemsOf } from "./conform-story.ts";
import { servePlugins, until } from "./plugin-on-host.ts";
import { story } from "./story.ts";

const command = fileURLToPath(new URL("../packages/cli/src/main.ts", import.meta.url));
const engineCases = Array.from({ length: 13 }, (_, index) => `VOL-E${`${index + 1}`.padStart(2, "0")}`);

story("volume-local passes every case of volumes, with containers and with kill -9", async (host) => {
  await using plugin = await servePlugins(host);
  await host.image("busybox");
  const result = await judgeOnHost(host, {
    name: "volume-local",
    // What is no engine's doing is judged once.
    only: onNewest(host) ? ["VOL"] : engineCases,
    restart: async (signal, whileDown) => {
      await (signal === "SIGTERM" ? plugin.stop() : plugin.kill9());
      await whileDown?.();
      await plugin.start();
    },
    // Containers outlive the engine that is killed.
    engineOptions: { liveRestore: true },
  });
  assert.deepEqual(problemsOf(result), []);
  assert.deepEqual(result.left, []);
  assert.ok(result.cases.length > (onNewest(host) ? 60 : 12), `${result.cases.length} cases`);
});

test("`outrigger conform` restarts the engine by the command it is given", { skip: lab.skip() }, async () => {
  await using host = await lab.host();
  await using _plugin = await servePlugins(host);
  await host.image("busybox");
  const asked = join(host.share, "asked");
  // Stands for systemctl: who runs the engine here is this test.
  const line = `echo "$OUTRIGGER_SIGNAL" >${asked}; until test -e ${asked}.done; do sleep 0.1; done`;
  const flags = ["--engine", host.engine.socket, "--engine-restart-command", line, "--host-root", host.path("/")];
  const plugin = host.path("/run/docker/plugins/volume-local.sock");
  const judged = run([process.execPath, command, "conform", plugin, ...flags, "--only", "VOL-E12", "--json"], {
    timeoutMs: 120_000,
  });
  judged.catch(() => {});
  const signal = async (): Promise<string> => (await readFile(asked, "utf8").catch(() => "")).trim();
  await until("the command is asked to restart the engine", async () => (await signal()) !== "");
  assert.equal(await signal(), "SIGTERM");
  await host.engine.stop();
  await host.engine.start();
  await writeFile(`${asked}.done`, "");
  assert.match((await judged).stdout, /"id": "VOL-E12",[^}]*"status": "passed"/);
});
