// What a network driver on a host starts by name.
import assert from "node:assert/strict";
import { chmod, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import type { Host } from "@outrigger/e2e/lab";
import { findInRoots } from "./lab/engine-root.ts";

/** The machine may lack iproute2, which the engine's root folder has. */
export async function pathWithIp(host: Host): Promise<string> {
  const tool = findInRoots("ip");
  assert.ok(tool);
  const file = join(host.share, "ip");
  await writeFile(file, `#!/bin/sh\nexec chroot "${tool.root}" "${tool.command}" "$@"\n`);
  await chmod(file, 0o755);
  return `${dirname(file)}:${dirname(process.execPath)}:/usr/sbin:/usr/bin:/sbin:/bin`;
}
