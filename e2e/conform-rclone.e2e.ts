// The conformance kit with a plugin that is not ours: `rclone serve docker`, and what is known to be wrong with it.
import assert from "node:assert/strict";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { runCases, type CaseResult } from "@outrigger/conformance";
import { lab } from "@outrigger/e2e/lab";
import { plainEnvironment, type Child } from "@outrigger/linux";
import { until } from "./plugin-on-host.ts";

const socket = "/run/docker/plugins/rclone.sock";
const command = [
  "rclone",
  "serve",
  "docker",
  `--socket-addr=${socket}`,
  "--base-dir=/run/rclone/volumes",
  "--cache-dir=/run/rclone/cache",
  "--config=/run/rclone/config",
];

test("what is known to be wrong with rclone 1.60 is found, case by case", { skip: lab.skip() }, async () => {
  await using host = await lab.host();
  await host.run(["mkdir", "-p", "/run/rclone/remote", "/run/rclone/volumes", "/run/rclone/cache"]);
  await host.run(["touch", "/run/rclone/config"]);
  const programs = await writeFusermount(host.share);
  let child: Child | undefined;
  const start = async (): Promise<void> => {
    child = await host.start(command, {
      env: { ...plainEnvironment, PATH: `${programs}:${plainEnvironment.PATH ?? ""}` },
    });
    await until("rclone serves", async () => (await host.run(["test", "-S", socket], { accept: [0, 1] })).code === 0);
  };
  await start();
  const result = await runCases(
    {
      target: `unix://${host.path(socket)}`,
      hostRoot: `/proc/${host.pid}/root`,
      options: { remote: ":local:/run/rclone/remote" },
      patienceMs: 3000,
      callLimitMs: 8000,
      restart: async (signal) => {
        child?.kill(signal);
        await child?.ended;
        await start();
      },
    },
    { only: ["VOL"], onCase: (r) => console.log(r.id, r.status, r.message, r.left) },
  );
  assert.deepEqual(failed(result.cases), []);
  console.log(child?.output());
});

/** rclone of Debian 12 calls it by the name of before FUSE 3. Returns the folder that it is in. */
async function writeFusermount(folder: string): Promise<string> {
  const programs = join(folder, "programs");
  await mkdir(programs);
  await writeFile(join(programs, "fusermount"), '#!/bin/sh\nexec fusermount3 "$@"\n', { mode: 0o755 });
  return programs;
}

function failed(cases: readonly CaseResult[]): string[] {
  return cases.filter(({ status }) => status === "failed").map(({ id }) => id);
}
