// The plugin goes away and comes back while containers use its volumes.
import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { until } from "./plugin-on-host.ts";
import { driver, volumeStory } from "./volume-story.ts";

volumeStory("a container keeps its volume while the plugin is stopped or killed and started again", async (given) => {
  const { docker, keepRunning, inVolume, plugin, holders } = given;
  await docker("volume", "create", "-d", driver, "data");
  await keepRunning("user");
  const [held] = await holders("data");
  for (const end of ["stop", "kill9"] as const) {
    await plugin[end]();
    await docker("exec", "user", "sh", "-c", `echo ${end} >/data/file`);
    await plugin.start();

    assert.equal(await inVolume("cat /data/file"), end);
    const [still, ...others] = await holders("data");
    assert.deepEqual([still?.ID, still?.mounts, others], [held?.ID, 1, []]);
    await assert.rejects(docker("volume", "rm", "data"), /volume is in use/);
  }
  await docker("rm", "-f", "user");
  assert.deepEqual(await holders("data"), []);
  await docker("volume", "rm", "data");
});

volumeStory("a container that stops while the plugin is away gives its volume back when it returns", async (given) => {
  const { host, docker, keepRunning, plugin, holders } = given;
  await docker("volume", "create", "-d", driver, "data");
  await keepRunning("user");
  await plugin.stop();
  assert.ok(!existsSync(host.path(`/run/docker/plugins/${driver}.sock`)), "no socket that a scan would dial");
  const removed = docker("rm", "-f", "user");
  await until("the engine misses the plugin", () => host.engine.log().includes("Unable to connect to plugin"));
  await plugin.start();
  await removed;
  assert.deepEqual(await holders("data"), []);
  await docker("volume", "rm", "data");
});
