// Tests that mount things have a mount namespace of their own: whoever makes one meanwhile takes no copy of their mounts,
// which would keep loop devices after they are unmounted.
import { spawnSync } from "node:child_process";

const mark = "OUTRIGGER_OWN_MOUNTS";

/** Runs the test file again in a mount namespace of its own, and ends; returns there. Its results are this one's. */
export function runWithOwnMounts(file: string): void {
  if (process.env[mark] === file) return;
  const node = [process.execPath, ...process.execArgv, file, ...process.argv.slice(2)];
  const argv = ["--mount", "--propagation=private", ...node];
  const { status } = spawnSync("unshare", argv, { stdio: "inherit", env: { ...process.env, [mark]: file } });
  process.exit(status ?? 1);
}
