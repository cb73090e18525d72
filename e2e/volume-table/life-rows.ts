// Rows about what goes on when a plugin, an engine, a mount or a disk does not.
import assert from "node:assert/strict";
import { open } from "node:fs/promises";
import { join } from "node:path";
import { until } from "../plugin-on-host.ts";
import { driver } from "../volume-story.ts";
import type { Row, Stage } from "./stage.ts";

/** In the table's order. */
export const lifeRows: readonly Row[] = [
  [
    "definitions survive restart",
    async ({ docker, create, plugin }) => {
      await create("data", "size=64MiB", "mode=0700", "on-remove=delete");
      const before = await docker("volume", "inspect", "data");
      await plugin.stop();
      await plugin.start();
      assert.equal(await docker("volume", "inspect", "data"), before);
      await docker("volume", "rm", "data");
    },
  ],
  [
    "atomic, versioned, fsynced state + intent log",
    async ({ host, root, docker, create, plugin, inVolumes }) => {
      await create("data", "mode=0711", "size=64MiB");
      await inVolumes(["data"], "echo kept >/data/file");
      await plugin.kill9();
      await spoil(host.path(join(root, "state.db")));
      await plugin.start();
      assert.equal(await inVolumes(["data"], "stat -c %a /data; cat /data/file"), "711\nkept");
      await docker("volume", "rm", "data");
    },
  ],
  [
    "right after kill -9 at any point (fault-injected)",
    async (at) => {
      const { docker, create, plugin, inVolumes, verb } = at;
      await verb("dieAt", "create: provisioned");
      const creating = assert.rejects(create("data", "size=64MiB"), /request has no body/);
      await plugin.ended;
      await plugin.start();
      await creating;
      await create("data", "size=64MiB");
      await inVolumes(["data"], "echo kept >/data/file");
      await verb("snapshot", "data", "first");
      for (const [step, name, ...args] of [
        ["snapshot: taken", "snapshot", "data", "second"],
        ["restore: restored", "restore", "data", "first"],
        ["resize: resized", "resize", "data", 128 * 2 ** 20],
      ] as const) {
        await verb("dieAt", step);
        await assert.rejects(verb(name, ...args), /socket hang up|ECONNRESET/);
        await plugin.start();
        await untilInOrder(at);
      }
      assert.equal(await inVolumes(["data"], "cat /data/file"), "kept");
      await docker("volume", "rm", "data");
    },
  ],
  [
    "per-ID holds, nested (docker cp) safe",
    async ({ host, docker, create, keepRunning, inUser, status }) => {
      await create("data");
      await keepRunning("data");
      const { holders } = await status("data");
      await inUser("echo out >/data/out");
      await docker("cp", "user:/data/out", `${host.share}/out`);
      await docker("cp", `${host.share}/out`, "user:/data/in");
      assert.equal(await inUser("cat /data/in"), "out");
      assert.deepEqual((await status("data")).holders, holders);
      assert.equal(holders.length, 1);
      await docker("rm", "-f", "user");
      assert.deepEqual((await status("data")).holders, []);
      await docker("volume", "rm", "data");
    },
  ],
  [
    "engine crash: same-ID Mount neither fails nor leaks",
    async ({ host, docker, create, keepRunning, inUser, status }) => {
      await create("data");
      await keepRunning("data");
      await inUser("echo before >/data/file");
      const [before] = (await status("data")).holders;
      await host.engine.kill9();
      await host.engine.start();
      await docker("start", "user");
      assert.equal(await inUser("cat /data/file"), "before");
      const { holders } = await status("data");
      assert.deepEqual(
        holders.map(({ ID }) => ID),
        [before?.ID],
      );
      await docker("rm", "-f", "user");
      assert.deepEqual((await status("data")).holders, []);
      await docker("volume", "rm", "data");
    },
  ],
  [
    "lost Unmount healed from kernel truth",
    async ({ host, docker, create, keepRunning, status }) => {
      await create("data");
      await keepRunning("data");
      await host.engine.kill9();
      await host.engine.start();
      assert.equal((await status("data")).holders.length, 1, "the engine has not unmounted it");
      await docker("rm", "user");
      await docker("volume", "rm", "data");
    },
  ],
  [
    "dead mount found, cleaned, remounted",
    async ({ host, docker, create, keepRunning, inUser, inVolumes, status, folderOf }) => {
      await create("data", "backend=image", "size=16MiB");
      await keepRunning("data");
      await inUser("echo kept >/data/file");
      await host.run(["umount", "--lazy", join(await folderOf("data"), "data")]);
      await until("the plugin finds the mount gone", async () => (await status("data")).state === "lost");
      const { reason = "", since = "" } = await status("data");
      assert.match(reason, /nothing is mounted on .*data, where ext4 .* has to be/);
      assert.ok(!Number.isNaN(Date.parse(since)), since);
      assert.equal(await inVolumes(["data"], "cat /data/file"), "kept");
      assert.equal((await status("data")).state, "mounted");
      await docker("rm", "-f", "user");
      await docker("volume", "rm", "data");
    },
  ],
  [
    "plugin restart does not disturb running containers",
    async ({ docker, create, keepRunning, inUser, plugin, status }) => {
      await create("data", "size=64MiB");
      await keepRunning("data");
      const { holders } = await status("data");
      for (const end of ["stop", "kill9"] as const) {
        await plugin[end]();
        await inUser(`echo ${end} >/data/file`);
        await plugin.start();
        assert.equal(await inUser("cat /data/file"), end);
      }
      assert.deepEqual(
        (await status("data")).holders.map(({ ID }) => ID),
        holders.map(({ ID }) => ID),
      );
      await docker("rm", "-f", "user");
      await docker("volume", "rm", "data");
    },
  ],
  [
    "Get/List answer in ms with backend dead",
    async (at) => {
      const { docker, create } = at;
      await create("data");
      await withFrozenPool(at, async () => {
        assert.equal(await docker("volume", "inspect", "-f", "{{.Status.backend}}", "data"), "btrfs");
        assert.equal(await docker("volume", "ls", "-q", "--filter", `driver=${driver}`), "data");
      });
      await docker("volume", "rm", "data", "slow");
    },
  ],
  [
    "slow volume never blocks others",
    async (at) => {
      const { docker, create, inVolumes } = at;
      await withFrozenPool(at, async () => {
        await create("other", "backend=dir");
        assert.equal(await inVolumes(["other"], "echo used >/other/file; cat /other/file"), "used");
        await docker("volume", "rm", "other");
      });
      await docker("volume", "rm", "slow");
    },
  ],
  [
    "mount verified (fstype, source, statfs) before 200",
    async ({ host, docker, create, inVolumes, folderOf }) => {
      await create("data", "backend=image", "size=16MiB");
      await inVolumes(["data"], "echo kept >/data/file");
      const mountpoint = join(await folderOf("data"), "data");
      await host.run(["mkdir", "-p", mountpoint]);
      await host.run(["mount", "-t", "tmpfs", "stranger", mountpoint]);
      await assert.rejects(inVolumes(["data"], "echo lost >/data/file"), /tmpfs stranger is mounted on .* instead of/);
      await host.run(["umount", mountpoint]).catch(() => {});
      assert.equal(await inVolumes(["data"], "cat /data/file"), "kept");
      await docker("volume", "rm", "data");
    },
  ],
];

/** Writes over a file's beginning. */
async function spoil(file: string): Promise<void> {
  await using handle = await open(file, "r+");
  await handle.write(Buffer.alloc(4096, "x"), 0, 4096, 0);
}

async function untilInOrder({ verb }: Stage): Promise<void> {
  let findings: unknown;
  await until(`nothing is wrong, as in ${JSON.stringify(findings)}`, async () => {
    findings = await verb("check");
    return Array.isArray(findings) && findings.length === 0;
  });
}

/** Does something while the disk below the pool answers no write, and a volume `slow` is being made there. */
async function withFrozenPool({ host, root, create }: Stage, act: () => Promise<void>): Promise<void> {
  const pool = join(root, "pool");
  await host.run(["fsfreeze", "--freeze", pool]);
  let made = false;
  let making: Promise<unknown>;
  try {
    making = create("slow").then(() => (made = true));
    await act();
    assert.ok(!made, "the slow volume is still being made");
  } finally {
    await host.run(["fsfreeze", "--unfreeze", pool]);
  }
  await making;
}
