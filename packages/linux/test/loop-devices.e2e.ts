import assert from "node:assert/strict";
import { link, mkdtemp, rename, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { findLoopDevice, run } from "@outrigger/linux";

const skip = process.env.CI !== "true" && process.getuid?.() !== 0 && "a loop device needs root";

test(
  "a loop device is found by its file under any path, and not by another file under the same path",
  { skip },
  async () => {
    await using held = new AsyncDisposableStack();
    const folder = await mkdtemp(join(tmpdir(), "outrigger-loop-"));
    held.defer(() => rm(folder, { recursive: true, force: true }));
    const [file, other, linked] = [join(folder, "image"), join(folder, "other"), join(folder, "linked")];
    await Promise.all([writeFile(file, Buffer.alloc(1024 * 1024)), writeFile(other, Buffer.alloc(1024 * 1024))]);
    const device = (await run(["losetup", "--find", "--show", file])).stdout.trim();
    held.defer(async () => void (await run(["losetup", "--detach", device])));

    await link(file, linked);
    assert.equal((await findLoopDevice(linked))?.device, device);
    assert.equal(await findLoopDevice(other), undefined);
    await rename(other, file);
    assert.equal(await findLoopDevice(file), undefined);
    assert.equal((await findLoopDevice(linked))?.device, device);
  },
);
