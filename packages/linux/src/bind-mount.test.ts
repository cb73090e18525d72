import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";

const skip =
  process.getuid?.() !== 0 && process.env["CI"] !== "true" && "needs root to mount in a namespace of its own";

/** In a mount namespace of its own: a file system, in which a command lives for a while. */
const program = `
  import { spawn } from "node:child_process";
  import { once } from "node:events";
  import { readMounts, run, unmountFolder } from ${JSON.stringify(new URL("index.ts", import.meta.url).href)};
  const [folder, seconds] = process.argv.slice(1);
  await run(["mount", "-t", "tmpfs", "none", folder]);
  const user = spawn("sleep", [seconds], { cwd: folder });
  await once(user, "spawn");
  const failure = await unmountFolder(folder).then(() => "", String);
  user.kill("SIGKILL");
  const mounted = (await readMounts()).some(({ mountpoint }) => mountpoint === folder);
  console.log(JSON.stringify({ failure, mounted }));
`;

test("a mount that is busy for a moment is unmounted, one that stays busy is not", { skip }, async () => {
  assert.deepEqual(unmountWhileUsed("0.5"), { failure: "", mounted: false });
  const { failure, mounted } = unmountWhileUsed("60");
  assert.match(failure, /umount .* failed with code 32: .*target is busy/);
  assert.equal(mounted, true);
});

function unmountWhileUsed(seconds: string): { failure: string; mounted: boolean } {
  const folder = mkdtempSync(join(tmpdir(), "outrigger-unmount-"));
  const node = [process.execPath, "--input-type=module", "--eval", program, folder, seconds];
  try {
    const { stdout, stderr } = spawnSync("unshare", ["--mount", ...node], { encoding: "utf8" });
    assert.notEqual(stdout, "", stderr);
    // What the program above prints.
    return JSON.parse(stdout) as { failure: string; mounted: boolean };
  } finally {
    rmSync(folder, { recursive: true });
  }
}
