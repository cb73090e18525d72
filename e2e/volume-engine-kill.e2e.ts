// The engine is killed in the middle of mounts and unmounts: what ran had its volume, and in the end nobody holds it.
import assert from "node:assert/strict";
import { test } from "node:test";
import { lab } from "@outrigger/e2e/lab";
import { servePlugins, until } from "./plugin-on-host.ts";
import { assertNothingLeft, callDirectly, driver, plantSentinel } from "./volume-story.ts";

const engine = "26.1";

test(
  `an engine that is killed amid mounts and unmounts leaves no hold and loses no data (engine ${engine})`,
  {
    skip: lab.skip(engine),
  },
  async () => {
    await using host = await lab.host({ engine });
    await plantSentinel(host);
    await using plugin = await servePlugins(host);
    await host.image("busybox");
    const docker = (...args: string[]): Promise<string> => host.docker(args);
    await docker("volume", "create", "-d", driver, "data");
    await docker("run", "-d", "--name", "user", "-v", "data:/data", "busybox", "sleep", "1d");
    await docker("exec", "user", "sh", "-c", "echo kept >/data/file; sync /data/file");
    for (let kill = 0; kill < 2; kill++) {
      const before = plugin.calls().length;
      const storm = Array.from({ length: 6 }, (_, index) =>
        docker("run", "--rm", "-v", "data:/data", "busybox", "cat", "/data/file").catch(() => `cut off ${index}`),
      );
      // One container's calls have come, others are on their way.
      await until("there is a mount", () =>
        plugin
          .calls()
          .slice(before)
          .some(({ method }) => method === "VolumeDriver.Mount"),
      );
      await host.engine.kill9();
      await Promise.all(storm);
      await host.engine.start();
      await docker("start", "user");
      assert.equal(await docker("exec", "user", "cat", "/data/file"), "kept");
    }
    const left = (await docker("ps", "-aq")).split("\n").filter(Boolean);
    await docker("rm", "-f", ...left);
    await until("nobody holds the volume", async () => {
      // An Unmount makes it look at the kernel: what earlier lives of the engine held is held by nobody.
      await callDirectly({ host, name: driver }, (client) => client.unmount({ Name: "data", ID: "nobody" }));
      const { Volume } = await callDirectly({ host, name: driver }, (client) => client.get({ Name: "data" }));
      return JSON.stringify(Volume?.Status?.["holders"]) === "[]";
    });
    assert.equal(await docker("run", "--rm", "-v", "data:/data", "busybox", "cat", "/data/file"), "kept");
    await docker("volume", "rm", "data");
    await assertNothingLeft(host, [{ plugin, name: driver }]);
  },
);
