import assert from "node:assert/strict";
import { mkdir, mkdtemp, realpath, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { startChild, type Child } from "./child.ts";
import { findFolderUsers } from "./folder-users.ts";
import { run } from "./run.ts";

const skip =
  process.getuid?.() !== 0 && process.env["CI"] !== "true" && "needs root to mount in a namespace of its own";

test("a folder that nobody has mounted has no users", { skip }, async () => {
  await using folder = await temporaryFolder();
  assert.deepEqual((await findFolderUsers(folder.path)).users, []);
});

const mounts = {
  "the folder itself": 'mount --bind "$1/volume" "$1/elsewhere"',
  "a folder in it": 'mount --bind "$1/volume/data" "$1/elsewhere"',
};
for (const [what, mount] of Object.entries(mounts)) {
  test(`a process that has ${what} mounted elsewhere is a user until it ends`, { skip }, async () => {
    await using folder = await temporaryFolder();
    {
      await using child = await inNamespace(mount, folder.path);
      const { users } = await findFolderUsers(join(folder.path, "volume"));
      assert.deepEqual(users, [{ pid: child.pid, mountpoint: join(folder.path, "elsewhere") }]);
    }
    assert.deepEqual((await findFolderUsers(join(folder.path, "volume"))).users, []);
  });
}

test("a folder whose name begins alike, and the folder above, are not uses of the folder", { skip }, async () => {
  await using folder = await temporaryFolder();
  await using _child = await inNamespace(
    'mount --bind "$1/volume-2" "$1/elsewhere" && mount --bind "$1" "$1/above"',
    folder.path,
  );
  assert.deepEqual((await findFolderUsers(join(folder.path, "volume"))).users, []);
});

test(
  "a mount in the folder is used where it is bound elsewhere, not where a namespace has a copy of it",
  { skip },
  async () => {
    await using folder = await temporaryFolder();
    const volume = join(folder.path, "volume");
    await run(["mount", "-t", "tmpfs", "none", volume]);
    await using _unmount = { [Symbol.asyncDispose]: async () => void (await run(["umount", volume])) };
    await using _copy = await inNamespace("true", folder.path);
    assert.deepEqual((await findFolderUsers(volume)).users, []);
    await using child = await inNamespace('mount --bind "$1/volume" "$1/elsewhere"', folder.path);
    assert.deepEqual((await findFolderUsers(volume)).users, [
      { pid: child.pid, mountpoint: join(folder.path, "elsewhere") },
    ]);
  },
);

/** A process with mounts of its own, once they are made. */
async function inNamespace(script: string, folder: string): Promise<Child> {
  const ready = Promise.withResolvers<void>();
  const child = await startChild(
    ["unshare", "--mount", "sh", "-c", `${script} && echo ready && exec cat`, "sh", folder],
    {
      onOutput: () => ready.resolve(),
    },
  );
  await Promise.race([ready.promise, child.ended]);
  assert.match(child.output(), /^ready$/m);
  return child;
}

async function temporaryFolder() {
  const path = await realpath(await mkdtemp(join(tmpdir(), "outrigger-linux-")));
  for (const name of ["volume/data", "volume-2", "elsewhere", "above"])
    await mkdir(join(path, name), { recursive: true });
  return { path, [Symbol.asyncDispose]: () => rm(path, { recursive: true, force: true }) };
}
