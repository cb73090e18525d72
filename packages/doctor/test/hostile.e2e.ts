// Folders that are too slow or too large for the quick gate: a file system that hangs, and a hundred thousand files.
import assert from "node:assert/strict";
import { mkdir, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { setTimeout as wait } from "node:timers/promises";
import { plainEnvironment, readMounts, run, startChild, type Child } from "@outrigger/linux";
import { examine } from "../src/examine.ts";
import { leaveSocket, scratch, type Scratch } from "./scratch.ts";

const skip =
  process.getuid?.() !== 0 && process.env["CI"] !== "true" && "needs root to mount a FUSE file system; run it as root";

test(
  "folders, links, sockets and state on a file system that hangs are told, and what else there is too",
  { skip },
  async () => {
    await using at = await scratch();
    await using mounted = await mountFuse(at);
    for (const name of ["specs", "state"]) await mkdir(join(mounted.folder, name));
    await writeFile(join(mounted.folder, "linked.spec"), "unix:///run/none.sock");
    await symlink(join(mounted.folder, "linked.spec"), join(at.specs, "linked.spec"));
    await symlink(join(mounted.folder, "linked.sock"), join(at.plugins, "linked.sock"));
    await at.write("etc/docker/plugins/far.spec", `unix://${mounted.folder}/far.sock`);
    await leaveSocket(join(at.plugins, "dead.sock"));
    mounted.child.kill("SIGSTOP");

    const { findings } = await examine({
      folders: { sockets: at.plugins, specs: [at.specs, join(mounted.folder, "specs")] },
      stateFolders: [join(mounted.folder, "state")],
      budgetMs: 3000,
    });
    const hung = findings.filter(({ id }) => id === "hung-path");
    assert.deepEqual(
      hung.map(({ object }) => object).sort(),
      [
        join(at.specs, "linked.spec"),
        join(at.plugins, "linked.sock"),
        ...["far.sock", "specs", "state"].map((name) => join(mounted.folder, name)),
      ].sort(),
    );
    assert.equal(
      hung
        .find(({ object }) => object.endsWith("specs"))
        ?.remedy.split(" ")
        .at(-1),
      mounted.folder,
    );
    assert.deepEqual(
      findings.filter(({ id }) => id !== "hung-path").map(({ id }) => id),
      ["dead-socket"],
    );
  },
);

test("a folder of sockets that hangs is told, and no engine is looked for behind it", { skip }, async () => {
  await using at = await scratch();
  await using mounted = await mountFuse(at);
  mounted.child.kill("SIGSTOP");
  const { findings } = await examine({
    folders: { sockets: mounted.folder, specs: [at.specs] },
    stateFolders: [],
    budgetMs: 3000,
  });
  assert.deepEqual(
    findings.map(({ id, object }) => [id, object]),
    [["hung-path", mounted.folder]],
  );
});

test("a hundred thousand spec files are told, and a dead socket beside them is still found", async () => {
  // In memory, where so many are made in a second.
  await using at = await scratch("/dev/shm");
  await run(["sh", "-c", 'cd "$1" && seq -f "z%.0f.spec" 100000 | xargs touch', "sh", at.specs]);
  await leaveSocket(join(at.plugins, "dead.sock"));
  const { findings, plugins } = await examine({ ...at.here, budgetMs: 20_000 });
  const objects = (check: string): string[] => findings.filter(({ id }) => id === check).map(({ object }) => object);
  assert.deepEqual(objects("crowded-folder"), [at.specs]);
  assert.deepEqual(objects("dead-socket"), [join(at.plugins, "dead.sock")]);
  assert.equal(plugins, 256, "no more than that are looked at");
});

/** A FUSE file system on a folder of its own, as rclone serves it. Disposing lets it go on, and ends it. */
async function mountFuse(at: Scratch): Promise<AsyncDisposable & { folder: string; child: Child }> {
  const [folder, source, bin] = [at.path("fuse"), at.path("source"), at.path("bin")];
  for (const one of [folder, source, bin]) await mkdir(one);
  // rclone calls it by its older name.
  const { stdout } = await run(["sh", "-c", "command -v fusermount3"]);
  await symlink(stdout.trim(), join(bin, "fusermount"));
  const env = { ...plainEnvironment, PATH: `${bin}:${plainEnvironment["PATH"] ?? ""}` };
  const child = await startChild(["rclone", "mount", "--config", "", source, folder], { env });
  let over = false;
  void child.ended.then(() => (over = true));
  const limit = performance.now() + 30_000;
  const isMounted = async (): Promise<boolean> => (await readMounts()).some(({ mountpoint }) => mountpoint === folder);
  while (!(await isMounted())) {
    if (over || performance.now() > limit) throw new Error(`rclone did not mount ${folder}: ${child.output()}`);
    await wait(20);
  }
  return {
    folder,
    child,
    [Symbol.asyncDispose]: async () => {
      child.kill("SIGCONT");
      await child[Symbol.asyncDispose]();
      if (await isMounted()) await run(["umount", "-l", folder]);
    },
  };
}
