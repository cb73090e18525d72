// The plugin is killed in the middle of a call and started again: nothing is lost, nothing stays behind.
import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import { isDeepStrictEqual } from "node:util";
import type { Host } from "@outrigger/e2e/lab";
import { steps } from "@outrigger/volume-core";
import type { DeathPoint } from "./dying-volume-local.ts";
import { servePlugins, until, type PluginOnHost } from "./plugin-on-host.ts";
import { story } from "./story.ts";
import { assertNothingLeft, callDirectly, plantSentinel } from "./volume-story.ts";

/** A call, how the engine comes to make it, and what users find after the crash. */
interface Crash {
  /** Before the plugin is armed. */
  readonly before: (at: Place) => Promise<unknown>;
  /** Makes the engine call; the plugin dies of it. */
  readonly act: (at: Place) => Promise<unknown>;
  /** With the plugin up again. */
  readonly after: (at: Place, point: DeathPoint) => Promise<unknown>;
}

/** One plugin, volume and container for each point, so that the engine's waits pass together. */
interface Place {
  readonly docker: (...args: string[]) => Promise<string>;
  readonly plugin: string;
  readonly volume: string;
  readonly container: string;
  /** Runs a shell line in a container that is removed, with the volume at /data. */
  readonly inVolume: (line: string) => Promise<string>;
  /** The volumes that the plugin knows. */
  readonly listed: () => Promise<readonly string[]>;
}

const dying = fileURLToPath(new URL("dying-volume-local.ts", import.meta.url));

/** What the plugin, up again, says to the engine's retry, which has lost its body. */
const noBody = /request has no body/;

const crashes: Readonly<Record<"create" | "mount" | "unmount" | "remove", Crash>> = {
  create: {
    before: async () => {},
    act: ({ docker, plugin, volume }) =>
      assert.rejects(docker("volume", "create", "-d", plugin, "-o", "mode=0700", volume), noBody),
    after: async ({ docker, plugin, volume, inVolume, listed }, point) => {
      await untilListed(listed, point === "create: done" ? [volume] : []);
      await docker("volume", "create", "-d", plugin, "-o", "mode=0700", volume);
      assert.equal(await inVolume("stat -c %a /data"), "700");
    },
  },
  mount: {
    before: async ({ docker, plugin, volume, inVolume }) => {
      await docker("volume", "create", "-d", plugin, volume);
      await inVolume("echo kept >/data/file");
    },
    act: ({ docker, volume, container }) =>
      assert.rejects(docker("run", "--name", container, "-v", `${volume}:/data`, "busybox", "true"), noBody),
    after: async ({ docker, container, inVolume }) => {
      await docker("start", container);
      await docker("wait", container);
      assert.equal(await inVolume("cat /data/file"), "kept");
    },
  },
  unmount: {
    before: async ({ docker, plugin, volume, container }) => {
      await docker("volume", "create", "-d", plugin, volume);
      const kept = ["run", "-d", "--stop-signal=KILL", "--name", container, "-v", `${volume}:/data`];
      await docker(...kept, "busybox", "sh", "-c", "echo kept >/data/file; sleep 1d");
    },
    act: ({ docker, container }) => docker("stop", container),
    after: async ({ docker, container, inVolume }) => {
      assert.equal(await inVolume("cat /data/file"), "kept");
      await docker("start", container);
      await docker("stop", container);
    },
  },
  remove: {
    before: async ({ docker, plugin, volume, inVolume }) => {
      await docker("volume", "create", "-d", plugin, volume);
      await inVolume("echo old >/data/file");
    },
    act: ({ docker, volume }) => assert.rejects(docker("volume", "rm", volume), noBody),
    after: async ({ docker, plugin, volume, inVolume, listed }, point) => {
      await untilListed(listed, point === "remove: arrived" ? [volume] : []);
      await docker("volume", "create", "-d", plugin, volume);
      assert.equal(await inVolume("cat /data/file || true"), point === "remove: arrived" ? "old" : "");
    },
  },
};

for (const [call, crash] of Object.entries(crashes)) {
  // Steps begin with the call's name.
  const points = [`${call}: arrived`, ...steps.filter((step) => step.startsWith(`${call}:`))] as DeathPoint[];
  story(`a plugin killed in the middle of ${call} loses nothing and leaves nothing`, async (host) => {
    await plantSentinel(host);
    await host.image("busybox");
    await using plugins = new AsyncDisposableStack();
    const served = await Promise.all(
      points.map(async (point, index) => {
        const name = `volume-local-${index}`;
        const plugin = plugins.use(await servePlugins(host, [{ name }]));
        await suffer({ crash, point, plugin, place: placeOf(host, index) });
        return { plugin, name };
      }),
    );
    await assertNothingLeft(host, served);
  });
}

function placeOf(host: Host, index: number): Place {
  const plugin = `volume-local-${index}`;
  const volume = `data-${index}`;
  const docker = (...args: string[]): Promise<string> => host.docker(args);
  return {
    docker,
    plugin,
    volume,
    container: `user-${index}`,
    inVolume: (line) => docker("run", "--rm", "-v", `${volume}:/data`, "busybox", "sh", "-c", line),
    listed: async () => {
      const { Volumes } = await callDirectly({ host, name: plugin }, (client) => client.list());
      return (Volumes ?? []).map(({ Name }) => Name);
    },
  };
}

/** The plugin serves at once, and brings in order what was cut short while it does. */
async function untilListed(listed: Place["listed"], names: readonly string[]): Promise<void> {
  await until(`the plugin lists ${JSON.stringify(names)}`, async () => isDeepStrictEqual(await listed(), names));
}

async function suffer(given: { crash: Crash; point: DeathPoint; plugin: PluginOnHost; place: Place }): Promise<void> {
  const { crash, point, plugin, place } = given;
  const name = place.plugin;
  const options = { root: `/var/lib/outrigger/${name}`, at: point };
  await crash.before(place);
  await plugin.stop();
  await plugin.start([{ name, plugin: dying, options }]);
  let dead = false;
  void plugin.ended.then(() => (dead = true));
  const acted = crash.act(place);
  await Promise.race([plugin.ended, acted]);
  assert.ok(dead, `the plugin dies at "${point}"`);
  await plugin.start([{ name }]);
  await acted;
  await crash.after(place, point);
  await place.docker("rm", "-f", place.container).catch(() => {});
  await place.docker("volume", "rm", place.volume);
}
