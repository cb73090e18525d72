// What the core counts on, tried on each backend with real loop devices, btrfs, xfs, ext4 and tmpfs.
import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { after, test } from "node:test";
import { readLoopDevices } from "@outrigger/linux";
import { backendCases, type Backend } from "@outrigger/volume-core";
import { BtrfsPool } from "../src/btrfs-pool.ts";
import { createBtrfs } from "../src/btrfs.ts";
import { dir } from "../src/dir.ts";
import { image } from "../src/image.ts";
import { deleteSubvolume, limitSubvolume, makeSubvolume, staleGroups } from "../src/subvolume.ts";
import { tmpfs } from "../src/tmpfs.ts";
import { tool } from "../src/tool.ts";
import { runWithOwnMounts } from "./own-mounts.ts";
import { scratch } from "./scratch.ts";

runWithOwnMounts(import.meta.filename);

interface Stand {
  readonly backend: Backend;
  readonly root: string;
  readonly options: Readonly<Record<string, string>>;
}

const folder = await scratch();
after(() => folder[Symbol.asyncDispose]());
const pool = new BtrfsPool(folder.path, 2 ** 30);
const onDisk = await made(join(folder.path, "volumes"));

// The disk that images are on: with shared blocks in the pool, and whatever this machine has elsewhere.
const stands: Readonly<Record<string, () => Promise<Stand>>> = {
  dir: async () => ({ backend: dir, root: onDisk, options: {} }),
  "dir with a source": async () => ({
    backend: dir,
    root: await made(join(folder.path, "dirs", "volumes")),
    options: { source: await made(join(folder.path, "source")) },
  }),
  tmpfs: async () => ({ backend: tmpfs, root: onDisk, options: { size: "16MiB", mode: "0700" } }),
  "btrfs in a pool": async () => ({ backend: createBtrfs(pool), root: onDisk, options: { size: "32MiB" } }),
  "btrfs as it is": async () => ({ backend: createBtrfs(), root: await inPool("plain"), options: { size: "32MiB" } }),
  "image with ext4": async () => ({ backend: image, root: onDisk, options: { size: "48MiB" } }),
  "image with xfs": async () => ({ backend: image, root: onDisk, options: { size: "300MiB" } }),
  "image with ext4 on btrfs": async () => ({
    backend: image,
    root: await inPool("images"),
    options: { size: "48MiB", fs: "ext4" },
  }),
};

for (const [name, stand] of Object.entries(stands)) {
  const { backend, root, options } = await stand();
  for (const { title, run } of backendCases(backend)) {
    // Two volumes on one adopted folder share it: that is what they are for.
    if (name === "dir with a source" && title === "two volumes do not share data") continue;
    test(`${name}: ${title}`, () => run({ backend, root, options }));
  }
}

test("a quota group that the kernel is about to take away is not called stale", async () => {
  const { signal } = new AbortController();
  const place = await inPool("groups");
  for (let round = 1; round <= 3; round++) {
    const path = join(place, String(round));
    await makeSubvolume(path, signal);
    await limitSubvolume(path, 2 ** 30, signal);
    await writeFile(join(path, "file"), randomBytes(16 * 2 ** 20), { flush: true });
    await deleteSubvolume(path, signal);
    // The kernel begins when the deletion is on the disk, which has more to write, and ends soon after.
    await writeFile(join(place, "other"), randomBytes(48 * 2 ** 20));
    const looks = async (): Promise<void> => {
      for (let look = 0; look < 30; look++) assert.deepEqual(await staleGroups(place, signal), [], `round ${round}`);
    };
    await Promise.all([tool(["btrfs", "filesystem", "sync", place], signal), looks()]);
  }
});

test("no loop device is left but the pool's", async () => {
  const left = (await readLoopDevices()).filter(({ file }) => file.startsWith(folder.path));
  assert.deepEqual(
    left.map(({ file }) => file),
    [join(folder.path, "pool.btrfs")],
  );
});

async function inPool(name: string): Promise<string> {
  await pool.open(AbortSignal.timeout(60_000));
  return await made(join(folder.path, "pool", name));
}

async function made(path: string): Promise<string> {
  await mkdir(path, { recursive: true });
  return path;
}
