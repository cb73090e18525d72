import assert from "node:assert/strict";
import { mkdir, mkdtemp, realpath, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { findLoopDevice, run } from "../src/index.ts";

const skip = process.env["CI"] !== "true" && process.getuid?.() !== 0 && "loop devices need root; run it as root";

const index = new URL("../src/index.ts", import.meta.url).href;
const askForDevice = `import { findLoopDevice } from ${JSON.stringify(index)};
console.log((await findLoopDevice(process.argv.at(-1)))?.device ?? "none");`;

test("a loop device is found by its file, and not by another file at the same path", { skip }, async () => {
  const folder = await realpath(await mkdtemp(join(tmpdir(), "outrigger-loop-")));
  const file = join(folder, "kept", "image");
  await mkdir(join(folder, "kept"));
  await writeFile(file, Buffer.alloc(2 ** 20));
  assert.equal(await findLoopDevice(file), undefined);
  const device = (await run(["losetup", "--find", "--show", file])).stdout.trim();
  try {
    assert.equal((await findLoopDevice(file))?.device, device);
    // What a process in another mount namespace sees at this path, where the kernel shows the path that it was.
    const script =
      'mount -t tmpfs other "$1" && head -c 1048576 /dev/zero >"$2" && exec "$3" --input-type=module --eval "$4" "$2"';
    const given = [join(folder, "kept"), file, process.execPath, askForDevice];
    const { stdout } = await run(["unshare", "--mount", "--propagation=private", "sh", "-c", script, "sh", ...given]);
    assert.equal(stdout, "none\n");
  } finally {
    await run(["losetup", "--detach", device]);
    await rm(folder, { recursive: true, force: true });
  }
});
