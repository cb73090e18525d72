// The plugins in examples/, run on a lab host.
import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { chmod, rm, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Host } from "@outrigger/e2e/lab";
import { plainEnvironment, type Child } from "@outrigger/linux";
import { findInRoots } from "./lab/engine-root.ts";
import { until } from "./plugin-on-host.ts";

/** Runs an example as its reader would, and waits until the engine can find it. */
export async function startExample(host: Host, example: { file: string; name: string; root?: false }): Promise<Child> {
  const file = fileURLToPath(new URL(`../examples/${example.file}`, import.meta.url));
  const command = fileURLToPath(new URL("../packages/cli/src/main.ts", import.meta.url));
  // A folder that the lab's engine sees, as any engine sees all of its machine.
  const root = example.root === false ? [] : ["--root", `/var/lib/outrigger/${example.name}`];
  const socket = host.path(`/run/docker/plugins/${example.name}.sock`);
  await rm(socket, { force: true });
  const argv = [process.execPath, command, "serve", file, ...root];
  const child = await host.start(argv, { env: { ...plainEnvironment, PATH: await pathWithIp(host) } });
  await until(`${example.file} serves`, () => {
    if (existsSync(socket)) return true;
    assert.equal(child.output(), "");
    return false;
  });
  return child;
}

/** The machine may lack iproute2, which the engine's root folder has. */
async function pathWithIp(host: Host): Promise<string> {
  const tool = findInRoots("ip");
  assert.ok(tool);
  const file = join(host.share, "ip");
  await writeFile(file, `#!/bin/sh\nexec chroot "${tool.root}" "${tool.command}" "$@"\n`);
  await chmod(file, 0o755);
  return `${dirname(file)}:${dirname(process.execPath)}:/usr/sbin:/usr/bin:/sbin:/bin`;
}
