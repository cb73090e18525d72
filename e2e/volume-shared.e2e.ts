// A volume that several use at once, and who may remove it.
import assert from "node:assert/strict";
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { driver, volumeStory } from "./volume-story.ts";

volumeStory("two containers share a volume, each holds it for itself", async ({ docker, keepRunning, holders }) => {
  await docker("volume", "create", "-d", driver, "data");
  for (const name of ["first", "second"]) await keepRunning(name);
  await docker("exec", "first", "sh", "-c", "echo shared >/data/file");
  assert.equal(await docker("exec", "second", "cat", "/data/file"), "shared");
  assert.equal((await holders("data")).length, 2);

  await docker("rm", "-f", "first");
  assert.equal((await holders("data")).length, 1);
  assert.equal(await docker("exec", "second", "cat", "/data/file"), "shared");
  await docker("rm", "-f", "second");
  assert.deepEqual(await holders("data"), []);
  await docker("volume", "rm", "data");
});

volumeStory("many containers and volumes come and go at once", async ({ docker, inVolume, holders }) => {
  await docker("volume", "create", "-d", driver, "data");
  const numbers = Array.from({ length: 8 }, (_, index) => index);
  await Promise.all([
    ...numbers.map((number) => inVolume(`echo ${number} >/data/${number}`)),
    ...numbers.map(async (number) => {
      const name = `short-lived-${number}`;
      await docker("volume", "create", "-d", driver, name);
      await docker("volume", "rm", name);
    }),
  ]);
  assert.equal(await inVolume("cat /data/*"), numbers.join("\n"));
  assert.deepEqual(await holders("data"), []);
  await docker("volume", "rm", "data");
});

volumeStory(
  "docker cp mounts with the container's own id, and takes nothing away",
  async ({ host, docker, keepRunning, holders, plugin }) => {
    await docker("volume", "create", "-d", driver, "data");
    await keepRunning("user");
    const held = await holders("data");
    await docker("exec", "user", "sh", "-c", "echo out >/data/out");
    await host.run(["sh", "-c", `echo in >${host.share}/in`]);

    const before = plugin.calls().length;
    await docker("cp", "user:/data/out", `${host.share}/out`);
    await docker("cp", `${host.share}/in`, "user:/data/in");
    const mounts = plugin
      .calls()
      .slice(before)
      .filter(({ method }) => method === "VolumeDriver.Mount");
    assert.ok(mounts.length >= 2, "the engine mounted again for the copies");

    assert.equal((await host.run(["cat", `${host.share}/out`])).stdout, "out\n");
    assert.equal(await docker("exec", "user", "cat", "/data/in"), "in", "the container still has its volume");
    assert.deepEqual(await holders("data"), held);
    await assert.rejects(docker("volume", "rm", "data"), /volume is in use/);

    await docker("rm", "-f", "user");
    assert.deepEqual(await holders("data"), []);
    await docker("volume", "rm", "data");
  },
);

volumeStory("docker cp reaches the volume of a stopped container", async ({ host, docker, holders }) => {
  await docker("volume", "create", "-d", driver, "data");
  await docker("run", "--name", "user", "-v", "data:/data", "busybox", "sh", "-c", "echo out >/data/out");
  await docker("cp", "user:/data/out", `${host.share}/out`);
  assert.equal((await host.run(["cat", `${host.share}/out`])).stdout, "out\n");
  assert.deepEqual(await holders("data"), []);
  await docker("rm", "user");
  await docker("volume", "rm", "data");
});

volumeStory("what is held beside the engine is not removed, and the holder is named", async (given) => {
  const { host, docker, inVolume, directly, root } = given;
  await docker("volume", "create", "-d", driver, "data");
  await inVolume("echo mine >/data/file");
  const ID = "ab".repeat(32);
  const { Mountpoint } = await directly((client) => client.mount({ Name: "data", ID }));
  await assert.rejects(docker("volume", "rm", "data"), /volume data is in use.*abababababab.*; stop/);
  await directly((client) => client.unmount({ Name: "data", ID }));

  await host.run(["mkdir", "/run/by-hand"]);
  await host.run(["mount", "--bind", Mountpoint, "/run/by-hand"]);
  await assert.rejects(docker("volume", "rm", "data"), /volume data is in use.*process \d+.*\/run\/by-hand.*; stop/);
  await host.run(["umount", "/run/by-hand"]);

  assert.equal(await inVolume("cat /data/file"), "mine");
  assert.deepEqual(await readdir(join(root, "trash")), []);
  await docker("volume", "rm", "data");
});

volumeStory("volumes of two plugins are in one container, and one name is one volume", async (given) => {
  const { host, plugin, docker } = given;
  await plugin.stop();
  await plugin.start([{}, { name: "other", options: { root: "/run/other" } }]);
  await docker("volume", "create", "-d", driver, "ours");
  await docker("volume", "create", "-d", "other", "theirs");
  await assert.rejects(docker("volume", "create", "-d", "other", "ours"), /ours/);
  const line = "echo a >/a/file; echo b >/b/file";
  await docker("run", "--rm", "-v", "ours:/a", "-v", "theirs:/b", "busybox", "sh", "-c", line);
  assert.equal((await host.run(["sh", "-c", "cat /run/other/volumes/theirs-*/data/file"])).stdout, "b\n");
  await docker("volume", "rm", "ours", "theirs");
});
