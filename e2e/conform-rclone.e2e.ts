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
  const env = { ...plainEnvironment, PATH: `${programs}:${plainEnvironment.PATH ?? ""}` };
  let child: Child | undefined;
  const start = async (): Promise<void> => {
    // It does not start where a dead one has left its socket.
    await host.run(["rm", "-f", socket]);
    child = await host.start(command, { env });
    await until("rclone serves", async () => (await host.run(["test", "-S", socket], { accept: [0, 1] })).code === 0);
  };
  await start();
  const result = await runCases(
    {
      target: `unix://${host.path(socket)}`,
      hostRoot: `/proc/${host.pid}/root`,
      options: { remote: ":local:/run/rclone/remote" },
      patienceMs: 3000,
      callLimitMs: 6000,
      restart: async (signal) => {
        child?.kill(signal);
        await child?.ended;
        await start();
      },
    },
    { only: ["VOL"] },
  );
  const failed = new Map(result.cases.filter(isFailed).map(({ id, message }) => [id, message]));
  for (const [id, message] of Object.entries(known)) assert.match(failed.get(id) ?? "passed", message, id);
  // Several volumes mounted at once wait for each other, now and then for ever.
  const others = [...failed].filter(([id, message]) => !(id in known) && !message.includes("was not answered"));
  assert.deepEqual(others, []);
});

/** What is wrong with it. */
const known: Readonly<Record<string, RegExp>> = {
  "VOL-08": /Create .* was refused: volume already exists/,
  "VOL-32": /Mount .* was refused: volume is already mounted by this id/,
  "VOL-33": /Mount .* was refused: volume is already mounted by this id/,
  "VOL-34": /Unmount .* was refused: volume is not mounted by this id/,
  "VOL-36": /Unmount .* was refused: volume is not mounted/,
  "VOL-39": /after the plugin was ended by SIGTERM and started failed: ENOENT/,
  "VOL-51": /where another volume is; refuse such names/,
};

function isFailed({ status }: CaseResult): boolean {
  return status === "failed";
}

/** rclone of Debian 12 calls it by the name of before FUSE 3. Returns the folder that it is in. */
async function writeFusermount(folder: string): Promise<string> {
  const programs = join(folder, "programs");
  await mkdir(programs);
  await writeFile(join(programs, "fusermount"), '#!/bin/sh\nexec fusermount3 "$@"\n', { mode: 0o755 });
  return programs;
}
