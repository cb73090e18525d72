// A volume's ordinary life: create, use, list, inspect, remove.
import assert from "node:assert/strict";
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { driver, volumeStory } from "./volume-story.ts";

volumeStory("a volume is created, listed, inspected, used and removed", async ({ docker, inVolume, holders, root }) => {
  assert.equal(await docker("volume", "create", "-d", driver, "-o", "mode=0750", "-o", "uid=12", "data"), "data");
  assert.equal(await docker("volume", "create", "-d", driver, "data"), "data", "a second create finds it");
  assert.equal(await docker("volume", "ls", "--format", "{{.Driver}} {{.Name}}"), `${driver} data`);
  const [shown] = JSON.parse(await docker("volume", "inspect", "data")) as [Record<string, unknown>];
  assert.equal(shown["Driver"], driver);
  assert.equal(shown["Scope"], "local");
  assert.deepEqual(shown["Options"], { mode: "0750", uid: "12" });
  assert.ok(Math.abs(Date.parse(String(shown["CreatedAt"])) - Date.now()) < 3_600_000, String(shown["CreatedAt"]));

  assert.equal(await inVolume("stat -c '%a %u' /data; echo hello >/data/file"), "750 12");
  assert.equal(await inVolume("cat /data/file"), "hello", "a second container reads what the first one wrote");
  assert.deepEqual(await holders("data"), []);

  assert.equal(await docker("volume", "rm", "data"), "data");
  await assert.rejects(docker("volume", "inspect", "data"), /no such volume/i);
  assert.deepEqual(await readdir(join(root, "volumes")), []);
});

volumeStory("run makes volumes by --volume-driver and by --mount with options", async ({ docker }) => {
  await docker("run", "--rm", "--volume-driver", driver, "-v", "one:/x", "busybox", "sh", "-c", "echo 1 >/x/file");
  const mount = `type=volume,source=two,target=/y,volume-driver=${driver},volume-opt=mode=0700,volume-opt=gid=7`;
  const line = "stat -c '%a %g' /y; cat /x/file";
  assert.equal(await docker("run", "--rm", "-v", "one:/x", "--mount", mount, "busybox", "sh", "-c", line), "700 7\n1");
  assert.equal(await docker("volume", "ls", "--format", "{{.Driver}} {{.Name}}"), `${driver} one\n${driver} two`);

  const wrong = `type=volume,source=three,target=/y,volume-driver=${driver},volume-opt=mod=0700`;
  await assert.rejects(
    docker("run", "--rm", "--mount", wrong, "busybox", "true"),
    /unknown option "mod".*did you mean "mode"/,
  );
  await docker("volume", "rm", "one", "two");
});

volumeStory("what the image has in the folder is copied into a new volume, once", async ({ host, docker }) => {
  await host.image("stuffed", { "/data/from-image": "image", "/data/deep/er": "deeper" });
  const use = ["run", "--rm", "--volume-driver", driver, "-v", "data:/data", "stuffed", "sh", "-c"];
  assert.equal(await docker(...use, "cat /data/from-image /data/deep/er; echo mine >/data/from-image"), "imagedeeper");
  assert.equal(await docker(...use, "cat /data/from-image"), "mine");
  await docker("volume", "rm", "data");
});

volumeStory("a volume is mounted at two paths of one container", async ({ docker, holders }) => {
  await docker("volume", "create", "-d", driver, "data");
  await docker("run", "-d", "--name", "user", "-v", "data:/a", "-v", "data:/b", "busybox", "sleep", "1d");
  await docker("exec", "user", "sh", "-c", "echo both >/a/file");
  assert.equal(await docker("exec", "user", "cat", "/b/file"), "both");
  assert.equal((await holders("data")).length, 2);
  await docker("rm", "-f", "user");
  assert.deepEqual(await holders("data"), []);
  await docker("volume", "rm", "data");
});
