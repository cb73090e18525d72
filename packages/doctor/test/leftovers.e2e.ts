import assert from "node:assert/strict";
import { mkdir, open, utimes } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { answerAs, scratch, type Scratch } from "./scratch.ts";
import { examine } from "../src/examine.ts";

/** What a kernel shows of plugins of ours: their mounts, loop devices and links. */
async function kernel(at: Scratch, plugin: string): Promise<void> {
  const state = at.path(`var/lib/outrigger/${plugin}`);
  await mkdir(join(state, "volumes"), { recursive: true });
  const mounts = [`10 1 8:1 / / rw - ext4 /dev/root rw`, `11 10 7:3 / ${state}/volumes/data rw - xfs /dev/loop3 rw`];
  await at.write("proc/1/mountinfo", `${mounts.join("\n")}\n`);
  await at.write("sys/block/loop3/loop/backing_file", `${state}/volumes/data.img\n`);
  await at.write("sys/block/loop4/loop/backing_file", "/srv/other.img\n");
  await at.write("sys/class/net/or-1f/ifalias", `outrigger:${plugin}:e1\n`);
  await at.write("sys/class/net/or-2f/ifalias", "\n");
  await at.write("sys/class/net/eth0/ifalias", "\n");
}

test("mounts, loop devices and links of a plugin that does not run are told with the command that removes them", async () => {
  await using at = await scratch();
  await kernel(at, "shelf");
  const { findings } = await examine({ root: at.root, budgetMs: 20_000 });
  assert.deepEqual(findings.map(({ id, object }) => `${id} ${object.split("/").at(-1)}`).sort(), [
    "leftover-link or-1f",
    "leftover-link or-2f",
    "leftover-loop loop3",
    "leftover-mount data",
  ]);
  const remedies = findings.map(({ remedy }) => remedy).join("\n");
  for (const command of [/umount \S+\/data/, /losetup -d \/dev\/loop3/, /ip link del or-1f/])
    assert.match(remedies, command);
});

test("they are no leftovers while the plugin answers", async () => {
  await using at = await scratch();
  await kernel(at, "shelf");
  await at.listen(join(at.plugins, "shelf.sock"), answerAs("VolumeDriver"));
  const { findings } = await examine({ root: at.root, budgetMs: 20_000 });
  assert.deepEqual(
    findings.map(({ object }) => object),
    ["or-2f"],
  );
});

test("state that a process has open is in use under whatever name its plugin listens", async () => {
  await using at = await scratch();
  const folder = at.path("state/other-name");
  await at.write("state/other-name/state.db", "");
  await at.write("state/other-name/state.db.damaged-2026/state.db", "");
  await using _file = await open(join(folder, "state.db"));
  const { findings } = await examine({ ...at.here, budgetMs: 20_000 });
  assert.deepEqual(
    findings.map(({ id }) => id),
    ["damaged-state"],
  );
});

test("what a plugin left that was killed while it made its socket is told once it is a minute old", async () => {
  await using at = await scratch();
  for (const name of [".shelf.sock", ".aB3_x9", ".other"]) await mkdir(join(at.plugins, name));
  const hourAgo = Date.now() / 1000 - 3600;
  for (const name of [".shelf.sock", ".other"]) await utimes(join(at.plugins, name), hourAgo, hourAgo);
  const { findings } = await examine({ ...at.here, budgetMs: 20_000 });
  assert.deepEqual(
    findings.map(({ id, object, severity }) => [id, object, severity]),
    [["leftover-lock", join(at.plugins, ".shelf.sock"), "note"]],
  );
});
