// The engine goes away and comes back while containers use volumes.
import assert from "node:assert/strict";
import { driver, volumeStory } from "./volume-story.ts";

volumeStory("after a kill -9 of the engine containers start again on their volume", async (given) => {
  const { host, docker, keepRunning, holders } = given;
  const crash = async (): Promise<void> => {
    await host.engine.kill9();
    await host.engine.start();
    assert.equal(await docker("inspect", "-f", "{{.State.Running}}", "user"), "false");
  };
  await docker("volume", "create", "-d", driver, "data");
  await keepRunning("user");
  await docker("exec", "user", "sh", "-c", "echo before >/data/file");
  const [before] = await holders("data");
  for (let round = 0; round < 2; round++) {
    await crash();
    await docker("start", "user");
    assert.equal(await docker("exec", "user", "cat", "/data/file"), "before");
    const [again, ...others] = await holders("data");
    assert.equal(again?.ID, before?.ID, "the engine mounts with the id it had");
    assert.deepEqual(others, []);
  }
  await docker("stop", "user");
  assert.deepEqual(await holders("data"), []);

  await docker("start", "user");
  await crash();
  await docker("rm", "user");
  await docker("volume", "rm", "data");
});

volumeStory(
  "with live-restore a container keeps its volume over a restart and a kill -9 of the engine",
  async (given) => {
    const { host, docker, keepRunning, holders } = given;
    await host.engine.stop();
    await host.engine.start({ liveRestore: true });
    await docker("volume", "create", "-d", driver, "data");
    await keepRunning("user");
    const process = await docker("inspect", "-f", "{{.State.Pid}}", "user");
    const [before] = await holders("data");
    for (const end of ["stop", "kill9"] as const) {
      await host.engine[end]();
      await host.engine.start({ liveRestore: true });
      assert.equal(await docker("inspect", "-f", "{{.State.Pid}}", "user"), process, "the same process");
      await docker("exec", "user", "sh", "-c", `echo ${end} >/data/file`);
      const [after, ...others] = await holders("data");
      assert.deepEqual([after?.ID, after?.mounts, others], [before?.ID, 1, []]);
      await assert.rejects(docker("volume", "rm", "data"), /volume is in use/);
    }
    // 20.10 does not count what it restored: after a copy it takes the volume for released, and never unmounts it.
    await docker("cp", "user:/data/file", `${host.share}/file`);
    assert.equal(await docker("exec", "user", "cat", "/data/file"), "kill9");
    await docker("rm", "-f", "user");
    await docker("volume", "rm", "data");
  },
);

volumeStory("volumes of a plugin that was absent as the engine started come back with it", async (given) => {
  const { host, docker, plugin, inVolume } = given;
  await docker("volume", "create", "-d", driver, "-o", "mode=0700", "--label", "kept=yes", "data");
  await inVolume("echo kept >/data/file");
  await plugin.stop();
  await host.engine.stop();
  await host.engine.start();
  await plugin.start();
  assert.equal(await docker("volume", "inspect", "-f", "{{.Driver}} {{.Labels.kept}}", "data"), `${driver} yes`);
  assert.equal(await inVolume("stat -c %a /data; cat /data/file"), "700\nkept");
  await docker("volume", "rm", "data");
});
