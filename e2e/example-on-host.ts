// The plugins in examples/, run on a lab host.
import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { chmod, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Host } from "@outrigger/e2e/lab";
import type { Child } from "@outrigger/linux";
import { findInRoots } from "./lab/engine-root.ts";
import { until } from "./plugin-on-host.ts";

/** Runs an example as its reader would, and waits until the engine can find it. */
export async function startExample(host: Host, example: { file: string; name: string }): Promise<Child> {
  const file = fileURLToPath(new URL(`../examples/${example.file}`, import.meta.url));
  // What it would write to the machine's /var/log stays on the host.
  const env = { PATH: await pathWithIp(host), LINES_FOLDER: "/var/lib/outrigger/lines" };
  const child = await host.start([process.execPath, file], { env });
  await until(`${example.file} serves`, () => existsSync(host.path(`/run/docker/plugins/${example.name}.sock`)));
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
