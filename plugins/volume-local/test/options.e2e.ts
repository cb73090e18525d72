// Options of a volume, as Create takes them, with real mounts.
import assert from "node:assert/strict";
import { mkdir, readFile, stat, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { readMounts, run } from "@outrigger/linux";
import { openVolumes, type Volumes } from "@outrigger/volume-core";
import { backendsFor } from "../src/backends.ts";
import { foreignOptions } from "../src/foreign-options.ts";
import { runWithOwnMounts } from "./own-mounts.ts";
import { scratch } from "./scratch.ts";

runWithOwnMounts(import.meta.filename);

const folder = await scratch();
const root = join(folder.path, "root");
let volumes: Volumes;

before(async () => {
  // As on most hosts: what is mounted is seen in other namespaces too.
  await run(["mount", "--bind", folder.path, folder.path]);
  await run(["mount", "--make-shared", folder.path]);
  volumes = await openVolumes({ root, backend: backendsFor({ root, poolSize: 2 ** 29 }), foreignOptions });
});
after(async () => {
  await volumes[Symbol.asyncDispose]();
  await folder[Symbol.asyncDispose]();
});

for (const options of [
  { backend: "dir" },
  { backend: "btrfs", size: "16MiB" },
  { backend: "image", size: "16MiB" },
  { backend: "tmpfs", size: "1MiB" },
]) {
  test(`readonly and subpath give out a folder of ${options.backend} that cannot be written to`, async () => {
    const name = `view-${options.backend}`;
    await volumes.create(name, { ...options, readonly: "", subpath: "a/b", mode: "0750" });
    {
      await using opened = await volumes.openVolume(name);
      await using again = await volumes.openVolume(name);
      assert.equal(again.path, opened.path);
      await assert.rejects(writeFile(join(opened.path, "file"), "x"), { code: "EROFS" });
      const inner = join(opened.path, "..", "data", "a", "b");
      await writeFile(join(inner, "file"), "x");
      assert.equal(await readFile(join(opened.path, "file"), "utf8"), "x");
      assert.equal((await stat(join(inner, "..", ".."))).mode & 0o777, 0o750);
      // A namespace that gets what is mounted here later sees it read-only too.
      const { stdout } = await run(["unshare", "--mount", "--propagation=slave", "cat", "/proc/self/mountinfo"]);
      assert.match(stdout, new RegExp(` ${opened.path} ro,`));
    }
    assert.deepEqual(await volumes.check(), []);
    await volumes.remove(name);
    const left = (await readMounts()).filter(({ mountpoint }) => mountpoint.includes(name));
    assert.deepEqual(left, []);
  });
}

test("a subpath that a container has replaced with a link is not followed", async () => {
  await volumes.create("linked", { subpath: "inner", backend: "dir" });
  const { folder: own } = { folder: join(root, "volumes") };
  const [data = ""] = (await run(["find", own, "-path", "*linked-*/data"])).stdout.split("\n");
  await symlink("/etc", join(data, "inner"));
  await assert.rejects(volumes.openVolume("linked"), /inner is not a folder but a link/);
});

test("an adopted folder is given out as it is, and stays when the volume is removed", async () => {
  const source = join(folder.path, "adopted");
  await mkdir(source);
  await writeFile(join(source, "file"), "mine");
  await volumes.create("adopted", { mountpoint: source });
  {
    await using opened = await volumes.openVolume("adopted");
    assert.equal(await readFile(join(opened.path, "file"), "utf8"), "mine");
    await writeFile(join(opened.path, "more"), "more");
  }
  await volumes.remove("adopted");
  assert.equal(await readFile(join(source, "more"), "utf8"), "more");
  assert.equal(await readFile(join(source, "file"), "utf8"), "mine");
});

const refused: readonly [Record<string, string>, RegExp][] = [
  [{ source: "/none/such" }, /folder \/none\/such .* is not there; make it/],
  [{ source: join(folder.path, "root", "volumes") }, /are not apart; choose another/],
  [{ source: folder.path }, /are not apart/],
  [{ source: "/etc", uid: "0" }, /takes the folder as it is; leave "uid"/],
  [{ source: "/etc", mountpoint: "/etc" }, /"mountpoint" and "source" mean the same; give one/],
  [{ repl: "2" }, /"repl" is not possible here: there is one copy, on this host; leave it out/],
  [{ size: "1GiB" }, /"size" is not possible on backend dir; .*backend=btrfs or backend=image or backend=tmpfs/],
  [{ fs: "xfs" }, /"fs" is not possible on backend dir; make a volume with backend=image/],
  [{ "snap-schedule": "1h" }, /"snap-schedule" is not possible on backend dir; .*backend=btrfs or backend=image/],
  [{ from: "x" }, /no such volume: "x"/],
  [{ backend: "btrf" }, /"backend".* use one of dir, btrfs, image, tmpfs/],
  [{ backend: "image" }, /"size" is missing: backend image needs one/],
  [{ backend: "image", size: "200MiB", fs: "xfs" }, /xfs needs 314572800 bytes at least; ask for more, or for fs=ext4/],
  [{ backend: "btrfs", "snap-schedule": "1x" }, /"snap-schedule": "1x" is not a span of time; .*6h/],
  [{ subpath: "../x" }, /"subpath": "\.\.\/x" is not a folder within the volume/],
  [{ labels: "=x" }, /"labels": "=x" is not a list of labels/],
];
for (const [options, text] of refused) {
  test(`Create with ${JSON.stringify(options)} is refused with what to do`, async () => {
    await assert.rejects(volumes.create("refused", options), text);
    assert.throws(() => volumes.inspect("refused"), /no such volume/);
  });
}

test("nothing is left over after all of it", async () => {
  await volumes.remove("linked");
  assert.deepEqual(await volumes.check(), []);
});
