import assert from "node:assert/strict";
import { closeSync, mkdirSync, openSync } from "node:fs";
import { mkdir, readdir, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { readMounts, run } from "@outrigger/linux";
import { temporaryFolder } from "../test/stage.ts";
import { emptyTrash, Trash } from "./trash.ts";

const withoutRoot = process.getuid?.() !== 0 && process.env["CI"] !== "true";
const never = new AbortController().signal;

test("links are deleted, not followed", async () => {
  await using place = await trashWithSentinel();
  await mkdir(join(place.trash, "volume"));
  await symlink(place.sentinel, join(place.trash, "volume", "link"));
  await symlink(join(place.sentinel, "file"), join(place.trash, "volume", "file-link"));
  await symlink(place.sentinel, join(place.trash, "link-on-top"));
  await symlink("nowhere", join(place.trash, "volume", "dangling"));
  assert.deepEqual(await emptyTrash(place.trash, never), []);
  await place.check();
});

test("names that are not UTF-8, hidden files, sockets and pipes are deleted", async () => {
  await using place = await trashWithSentinel();
  const volume = join(place.trash, "volume");
  await mkdir(volume);
  await writeFile(Buffer.concat([Buffer.from(`${volume}/`), Buffer.from([0xff, 0xfe, 0x0a, 0x20])]), "x");
  await mkdir(Buffer.concat([Buffer.from(`${volume}/dir`), Buffer.from([0x80])]));
  await writeFile(join(volume, ".hidden"), "x");
  await writeFile(join(volume, "\u202etxt\n"), "x");
  await run(["mkfifo", join(volume, "pipe")]);
  assert.deepEqual(await emptyTrash(place.trash, never), []);
  await place.check();
});

test("folders nested deeper than a path may be long are deleted", async () => {
  await using place = await trashWithSentinel();
  await mkdir(join(place.trash, "volume"));
  let folder = openSync(join(place.trash, "volume"), "r");
  const name = "d".repeat(100);
  for (let length = 0; length < 20_000; length += name.length) {
    mkdirSync(`/proc/self/fd/${folder}/${name}`);
    const inner = openSync(`/proc/self/fd/${folder}/${name}`, "r");
    closeSync(folder);
    folder = inner;
  }
  closeSync(folder);
  assert.deepEqual(await emptyTrash(place.trash, never), []);
  await place.check();
});

const mounts = {
  "of another file system": ["mount", "-t", "tmpfs", "none"],
  "of the same device": ["mount", "--bind"],
};
for (const [what, command] of Object.entries(mounts)) {
  test(
    `what is mounted in it ${what} is left alone, and said`,
    { skip: withoutRoot && "needs root to mount" },
    async () => {
      await using place = await trashWithSentinel();
      const at = join(place.trash, "volume", "deep", "mounted");
      await mkdir(at, { recursive: true });
      await run([...command, ...(command.includes("--bind") ? [place.sentinel] : []), at]);
      try {
        const problems = await emptyTrash(place.trash, never);
        assert.equal(problems.length, 1);
        await place.check({ empty: false });
      } finally {
        const left = (await readMounts()).filter(({ mountpoint }) => mountpoint.startsWith(place.trash));
        for (const { mountpoint } of left) await run(["umount", mountpoint]);
      }
      assert.deepEqual(await emptyTrash(place.trash, never), []);
      await place.check();
    },
  );
}

test(
  "a mount on the trash's own entry is left alone, and said",
  { skip: withoutRoot && "needs root to mount" },
  async () => {
    await using place = await trashWithSentinel();
    await mkdir(join(place.trash, "volume"));
    await run(["mount", "--bind", place.sentinel, join(place.trash, "volume")]);
    try {
      const [problem] = await emptyTrash(place.trash, never);
      assert.match(String(problem), /a file system is mounted on volume in the trash folder; unmount it/);
      await place.check({ empty: false });
    } finally {
      await run(["umount", join(place.trash, "volume")]);
    }
  },
);

test(
  "what cannot be deleted is said, and the rest is deleted",
  { skip: withoutRoot && "needs root to set attributes" },
  async (t) => {
    await using place = await trashWithSentinel();
    for (const name of ["a", "b", "c"]) await mkdir(join(place.trash, name));
    const stuck = join(place.trash, "b", "stuck");
    await writeFile(stuck, "x");
    try {
      await run(["chattr", "+i", stuck]);
    } catch (error) {
      return t.skip(`the file system has no immutable files: ${String(error)}`);
    }
    try {
      const problems = await emptyTrash(place.trash, never);
      assert.match(String(problems), /EPERM/);
      assert.deepEqual(await readdir(place.trash), ["b"]);
    } finally {
      await run(["chattr", "-i", stuck]);
    }
  },
);

test("deleting stops when it is told to, and goes on later", async () => {
  await using place = await trashWithSentinel();
  for (let i = 0; i < 50; i++) await writeFile(join(place.trash, `file${i}`), "x");
  const stop = new AbortController();
  stop.abort();
  await emptyTrash(place.trash, stop.signal);
  assert.equal((await readdir(place.trash)).length, 50);
  await emptyTrash(place.trash, never);
  await place.check();
});

test("what is thrown in while it is being emptied is deleted too", async () => {
  await using place = await trashWithSentinel();
  const trash = new Trash(place.trash, { signal: never, onEnd: () => {} });
  await writeFile(join(place.trash, "one"), "x");
  const first = trash.empty();
  await writeFile(join(place.trash, "two"), "x");
  await Promise.all([first, trash.empty()]);
  await place.check();
});

/** A trash folder beside a folder that has to survive. */
async function trashWithSentinel() {
  const folder = await temporaryFolder();
  const trash = join(folder.path, "trash");
  const sentinel = join(folder.path, "sentinel");
  await mkdir(join(sentinel, "inner"), { recursive: true });
  await mkdir(trash);
  await writeFile(join(sentinel, "file"), "precious");
  return {
    trash,
    sentinel,
    async check({ empty = true } = {}) {
      assert.equal(await readFile(join(sentinel, "file"), "utf8"), "precious");
      assert.deepEqual((await readdir(sentinel)).sort(), ["file", "inner"]);
      if (empty) assert.deepEqual(await readdir(trash), []);
    },
    async [Symbol.asyncDispose]() {
      await rm(trash, { recursive: true, force: true });
      await folder[Symbol.asyncDispose]();
    },
  };
}
