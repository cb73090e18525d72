// A disk that is full, fails or can only be read, state files that make no sense, and links where folders were.
import assert from "node:assert/strict";
import { mkdir, mkdtemp, readdir, readFile, rename, rm, stat, symlink, truncate, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { after, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { run } from "@outrigger/linux";
import { openVolumes, type Volumes, type VolumesOptions } from "@outrigger/volume-core";
import { backendsFor } from "../src/backends.ts";
import { runWithOwnMounts } from "./own-mounts.ts";
import { scratch } from "./scratch.ts";

runWithOwnMounts(import.meta.filename);

const folder = await scratch();
after(() => folder[Symbol.asyncDispose]());

const mebi = 2 ** 20;

test("on a full disk volumes are read, refused with the reason, and removed", async () => {
  const disk = await smallDisk(32 * mebi);
  await using volumes = await open(join(disk, "root"));
  await volumes.create("data");
  await write(volumes, "data", "kept");
  await volumes.create("image", { backend: "image", size: "16MiB" });
  const held = await volumes.openVolume("data");
  await fill(join(disk, "filler"));
  await assert.rejects(volumes.create("more", { backend: "image", size: "64MiB" }), /full|No space|ENOSPC/i);
  assert.equal(await readFile(join(held.path, "file"), "utf8"), "kept");
  await held[Symbol.asyncDispose]();
  await volumes.remove("image");
  await volumes.remove("data");
  assert.deepEqual(volumes.list(), []);
  await rm(join(disk, "filler"));
  await volumes.create("more");
  assert.deepEqual(await volumes.check(), []);
});

test("a full volume of image or btrfs says so to its writer, is no fault of the volume, and is removed", async () => {
  const root = await made();
  await using volumes = await open(root, { poolSize: 300 * mebi });
  for (const [name, options] of Object.entries({
    image: { backend: "image", size: "16MiB" },
    quota: { backend: "btrfs", size: "16MiB" },
    // Fills the pool itself.
    pool: { backend: "btrfs" },
  })) {
    await volumes.create(name, options);
    {
      await using opened = await volumes.openVolume(name);
      await fill(join(opened.path, "filler"));
    }
    await volumes.remove(name);
  }
  for (const { name } of volumes.list()) await volumes.remove(name);
  assert.deepEqual(volumes.list(), []);
  assert.deepEqual(await volumes.check(), []);
});

test("a volume whose disk fails is degraded with the reason, others go on, and it is removed", async () => {
  const root = await made();
  await using volumes = await open(root, { upkeepMs: 20 });
  await volumes.create("bad", { backend: "image", size: "16MiB" });
  await volumes.create("good", { backend: "image", size: "16MiB" });
  await write(volumes, "good", "kept");
  const opened = await volumes.openVolume("bad");
  await writeFile(join(opened.path, "lost"), Buffer.alloc(mebi), { flush: true });
  await run(["sync", "--file-system", opened.path]);
  await truncate(join(await folderOf(root, "bad"), "image"), 4096);
  await until("it is called degraded", () => volumes.inspect("bad").state === "degraded");
  assert.match(volumes.inspect("bad").reason ?? "", /the disk has lost the rest; restore a snapshot/);
  await write(volumes, "good", "still");
  assert.equal(await read(volumes, "good"), "still");
  await opened[Symbol.asyncDispose]();
  await volumes.remove("bad");
  assert.deepEqual(
    volumes.list().map(({ name }) => name),
    ["good"],
  );
  assert.deepEqual(await volumes.check(), []);
});

test("on a disk that can only be read volumes are read, and the rest is refused with the reason until it is back", async () => {
  const disk = await smallDisk(32 * mebi);
  await using volumes = await open(join(disk, "root"));
  await volumes.create("data");
  await write(volumes, "data", "kept");
  await using held = await volumes.openVolume("data");
  // What is open for writing keeps a file system from being made read-only; a bind mount is made so nevertheless.
  await run(["mount", "--bind", disk, disk]);
  await run(["mount", "-o", "remount,bind,ro", disk]);
  const why = /read-?only|EROFS/i;
  assert.equal(await readFile(join(held.path, "file"), "utf8"), "kept");
  assert.deepEqual(
    volumes.list().map(({ name }) => name),
    ["data"],
  );
  await assert.rejects(volumes.create("more"), why);
  await assert.rejects(volumes.snapshot("data"), /snapshot/);
  await run(["umount", disk]);
  await volumes.create("more");
  assert.equal(await read(volumes, "data"), "kept");
  await held[Symbol.asyncDispose]();
  for (const { name } of volumes.list()) await volumes.remove(name);
});

const damages: Readonly<Record<string, (file: string) => Promise<void>>> = {
  "has garbage in the middle": async (file) => {
    const bytes = await readFile(file);
    bytes.fill(0xa5, Math.floor(bytes.length / 3), Math.floor((bytes.length * 2) / 3));
    await writeFile(file, bytes);
  },
  "is empty": (file) => truncate(file),
  "is cut off": async (file) => truncate(file, Math.floor((await stat(file)).size / 2)),
  "is a folder": async (file) => {
    await rm(file);
    await mkdir(file);
  },
};
for (const [what, spoil] of Object.entries(damages)) {
  for (const copies of ["state.db", "state.db.good"] as const) {
    const also = copies === "state.db" ? "" : ", and its good copy with it,";
    test(`a state file that ${what}${also} costs no volume and no data`, async () => {
      const root = await made();
      {
        await using volumes = await open(root);
        for (const name of ["one", "two"]) {
          await volumes.create(name, { labels: "team=web" });
          await write(volumes, name, name);
        }
      }
      await spoil(join(root, "state.db"));
      if (copies === "state.db.good") await spoil(join(root, "state.db.good"));
      await using volumes = await open(root);
      await volumes.recovered;
      for (const name of ["one", "two"]) assert.equal(await read(volumes, name), name);
      assert.deepEqual(volumes.inspect("one").labels, { team: "web" });
      assert.deepEqual(await volumes.check(), []);
    });
  }
}

test("links that a container swaps for folders lead no verb outside", async () => {
  const root = await made();
  const outside = join(folder.path, "sentinel");
  await mkdir(join(outside, "inner"), { recursive: true });
  await writeFile(join(outside, "inner", "file"), "sentinel");
  const before = await tree(outside);
  await using volumes = await open(root, { poolSize: 300 * mebi, trashKeepMs: 1 });
  for (const backend of ["dir", "btrfs"]) {
    for (let round = 0; round < 4; round++) {
      const name = `data-${round}`;
      await volumes.create(name, { backend, "on-remove": round % 2 === 0 ? "trash" : "delete" });
      const opened = await volumes.openVolume(name);
      await using swapping = swap(opened.path, outside);
      if (backend === "btrfs") {
        await volumes.snapshot(name, "point");
        await volumes.clone({ volume: name }, "copy");
        await volumes.remove("copy", { policy: "delete" });
      }
      await opened[Symbol.asyncDispose]();
      await volumes.remove(name);
      for (const { id } of volumes.removed()) {
        await volumes.bringBack(id, { name });
        await volumes.remove(name, { policy: "delete" });
      }
      assert.ok(swapping.count() > 0);
    }
  }
  await until("the trash is empty", async () => (await readdir(join(root, "trash"))).length === 0);
  assert.deepEqual(await tree(outside), before);
  assert.deepEqual(await volumes.check(), []);
});

/** Swaps a folder of a volume for a link that leads outside, and back, without end. */
function swap(path: string, outside: string): AsyncDisposable & { readonly count: () => number } {
  let count = 0;
  let over = false;
  const swapping = (async () => {
    await mkdir(join(path, "sub", "inner"), { recursive: true });
    await symlink(outside, join(path, "link"));
    // Gone with the volume at some time: then there is nothing to swap any more.
    while (!over) {
      await rename(join(path, "sub"), join(path, "sub.real"));
      await rename(join(path, "link"), join(path, "sub"));
      count++;
      await rename(join(path, "sub"), join(path, "link"));
      await rename(join(path, "sub.real"), join(path, "sub"));
    }
  })().catch(() => {});
  return {
    count: () => count,
    async [Symbol.asyncDispose]() {
      over = true;
      await swapping;
    },
  };
}

/** Everything below a folder, with device, inode number and contents. */
async function tree(path: string): Promise<string[]> {
  const names = ["", ...(await readdir(path, { recursive: true }))].sort();
  return await Promise.all(
    names.map(async (name) => {
      const { dev, ino, mode } = await stat(join(path, name));
      const text = (mode & 0o170000) === 0o100000 ? await readFile(join(path, name), "utf8") : "";
      return [name, dev, ino, mode, text].join(" ");
    }),
  );
}

async function open(
  root: string,
  { poolSize, ...options }: { poolSize?: number } & Partial<VolumesOptions> = {},
): Promise<Volumes> {
  return await openVolumes({ root, backend: backendsFor({ root, poolSize }), ...options });
}

async function made(): Promise<string> {
  return await mkdtemp(join(folder.path, "root-"));
}

/** A file system of its own on a loop device. */
async function smallDisk(size: number): Promise<string> {
  const disk = await made();
  const file = `${disk}.img`;
  await writeFile(file, "");
  await truncate(file, size);
  await run(["mkfs.ext4", "-q", "-F", "-m", "0", file]);
  await run(["mount", "-o", "loop", file, disk]);
  return disk;
}

/** Writes until there is no room. */
async function fill(file: string): Promise<void> {
  const piece = Buffer.alloc(mebi, 1);
  for (const size of [mebi, 4096]) {
    await assert.rejects(
      (async () => {
        for (;;) await writeFile(file, piece.subarray(0, size), { flag: "a", flush: true });
      })(),
      (error) => error instanceof Error && "errno" in error && [-28, -122].includes(Number(error.errno)),
    );
  }
}

async function folderOf(root: string, name: string): Promise<string> {
  const found = (await readdir(join(root, "volumes"))).find((entry) => entry.startsWith(`${name}-`));
  assert.ok(found);
  return join(root, "volumes", found);
}

async function write(volumes: Volumes, name: string, text: string): Promise<void> {
  await using opened = await volumes.openVolume(name);
  await writeFile(join(opened.path, "file"), text, { flush: true });
}

async function read(volumes: Volumes, name: string): Promise<string> {
  await using opened = await volumes.openVolume(name);
  return await readFile(join(opened.path, "file"), "utf8");
}

async function until(what: string, condition: () => boolean | Promise<boolean>): Promise<void> {
  const limit = performance.now() + 60_000;
  while (!(await condition())) {
    assert.ok(performance.now() < limit, `waited in vain until ${what}`);
    await sleep(10);
  }
}
