// Rows about what volumes can do beside being there.
import assert from "node:assert/strict";
import { until } from "../plugin-on-host.ts";
import type { Row } from "./stage.ts";

/** In the table's order. */
export const abilityRows: readonly Row[] = [
  [
    "Status: state, reason, holders, usage; CreatedAt",
    async ({ docker, create, keepRunning, status }) => {
      await create("data", "size=64MiB");
      assert.equal((await status("data")).state, "ready");
      const id = await keepRunning("data");
      assert.match(id, /^[0-9a-f]{64}$/);
      const { state, holders } = await status("data");
      assert.deepEqual([state, holders.map(({ mounts }) => mounts)], ["mounted", [1]]);
      await until("its usage is measured", async () => (await status("data")).usage !== undefined);
      const createdAt = await docker("volume", "inspect", "-f", "{{.CreatedAt}}", "data");
      assert.ok(Math.abs(Date.parse(createdAt) - Date.now()) < 3_600_000, createdAt);
      await docker("rm", "-f", "user");
      await docker("volume", "rm", "data");
    },
  ],
  [
    "size/quota enforced",
    async ({ docker, create, inVolumes }) => {
      await create("sub", "size=8MiB");
      await create("img", "backend=image", "size=8MiB");
      await create("mem", "backend=tmpfs", "size=8MiB");
      const fill = "dd if=/dev/zero of=/$name/file bs=64k count=512 conv=fsync 2>/dev/null && echo $name holds more";
      const told = await inVolumes(
        ["sub", "img", "mem"],
        `for name in sub img mem; do ${fill}; done; stat -c %s /???/file`,
      );
      const sizes = told.split("\n").map(Number);
      assert.equal(sizes.length, 3, told);
      for (const size of sizes) assert.ok(size > 4 * 2 ** 20 && size <= 9 * 2 ** 20, told);
      await docker("volume", "rm", "sub", "img", "mem");
    },
  ],
  [
    "online grow",
    async ({ docker, create, keepRunning, inUser, verb }) => {
      await create("sub", "size=8MiB");
      await create("img", "backend=image", "size=300MiB", "fs=xfs");
      await keepRunning("sub", "img");
      const fill = "dd if=/dev/zero of=/sub/file bs=64k count=512 conv=fsync 2>&1; true";
      assert.match(await inUser(fill), /quota exceeded|no space/i);
      const blocks = async (): Promise<number> => Number(await inUser("stat -f -c %b /img"));
      const before = await blocks();
      await verb("resize", "sub", 64 * 2 ** 20);
      await verb("resize", "img", 600 * 2 ** 20);
      assert.match(await inUser(fill), /512\+0 records out/);
      assert.ok((await blocks()) > 1.9 * before);
      await docker("rm", "-f", "user");
      await docker("volume", "rm", "sub", "img");
    },
  ],
  [
    "snapshots, clone, restore, schedule, retention",
    async ({ docker, create, keepRunning, inUser, inVolumes, verb }) => {
      await create("data");
      await keepRunning("data");
      await inUser("echo one >/data/file");
      await verb("snapshot", "data", "first");
      await inUser("echo two >/data/file");
      await create("copy", "from=data@first");
      assert.equal(await inVolumes(["copy"], "cat /copy/file"), "one");
      await assert.rejects(verb("restore", "data", "first"), /volume data is in use \(mounted as [0-9a-f]{12}/);
      await docker("rm", "-f", "user");
      await verb("restore", "data", "first");
      assert.equal(await inVolumes(["data"], "cat /data/file"), "one");
      await docker("volume", "rm", "data", "copy");

      await create("timed", "snap-schedule=1h", "snap-keep=1");
      const snapshots = (): Promise<string[]> => verb("snapshots", "timed") as Promise<string[]>;
      await until("the first snapshot is made", async () => (await snapshots()).length === 1);
      const [first] = await snapshots();
      await verb("putForward", 7_200_000);
      await until("a later one is there instead", async () => {
        const now = await snapshots();
        return now.length === 1 && now[0] !== first;
      });
      await verb("putForward", 0);
      await docker("volume", "rm", "timed");
    },
  ],
  [
    "backup/restore to another store",
    async ({ host, docker, create, inVolumes, verb }) => {
      await create("data");
      await inVolumes(["data"], "echo kept >/data/file");
      await verb("snapshot", "data", "nightly");
      await verb("send", "data", "nightly", `${host.share}/data.nightly`);
      await docker("volume", "rm", "data");
      await create("again");
      await verb("receive", "again", "nightly", `${host.share}/data.nightly`);
      await verb("restore", "again", "nightly");
      assert.equal(await inVolumes(["again"], "cat /again/file"), "kept");
      await docker("volume", "rm", "again");
    },
  ],
  [
    "labels, filter, stats, metrics, events",
    async ({ docker, create, inVolumes, status, verb }) => {
      await docker("volume", "create", "-d", "volume-local", "--label=team=web", "-o=labels=tier=gold", "data");
      await create("other");
      assert.equal(await docker("volume", "ls", "-q", "--filter=label=team=web"), "data");
      assert.deepEqual((await status("data")).labels, { tier: "gold" });
      await inVolumes(["data"], "dd if=/dev/zero of=/data/file bs=64k count=64 conv=fsync 2>/dev/null");
      const { usedBytes } = (await verb("stats", "data")) as { usedBytes: number };
      assert.ok(usedBytes >= 4 * 2 ** 20, String(usedBytes));
      await docker("volume", "rm", "data", "other");
      const events = (await verb("events")) as string[];
      for (const action of ["create", "mount", "unmount", "remove"]) {
        assert.ok(events.includes(`data ${action} done`), action);
      }
    },
  ],
];
