// The conformance kit on volume-local where volumes are mounts: btrfs in a pool and file systems in files. `btrfs` is judged
// with the newest engine too, killed and restarted; what an engine adds is the same for `image`.
import assert from "node:assert/strict";
import { test } from "node:test";
import { runCases, type Setting } from "@outrigger/conformance";
import { lab, type Host } from "@outrigger/e2e/lab";
import { servePlugins } from "./plugin-on-host.ts";
import { assertNothingLeft, driver, plantSentinel } from "./volume-story.ts";

const newest = lab.engines().at(-1);

interface Judged {
  /** What the plugin is told. */
  readonly serve: Readonly<Record<string, string>>;
  /** What each volume of the kit is created with. */
  readonly options?: Readonly<Record<string, string>>;
  readonly engine?: (host: Host) => NonNullable<Setting["engine"]>;
}

/** Cases that make a volume without options, which an image, whose size has to be given, cannot be made without. */
const withoutOptions: ReadonlySet<string> = new Set(["VOL-05", "VOL-06"]);

const backends: Readonly<Record<string, Judged>> = {
  btrfs: {
    serve: { pool: "auto", "pool-size": "512MiB" },
    engine: (host) => ({
      socket: host.engine.socket,
      driver,
      image: "busybox",
      restart: async (signal) => {
        await (signal === "SIGTERM" ? host.engine.stop() : host.engine.kill9());
        await host.engine.start({ liveRestore: signal === "SIGTERM" });
      },
    }),
  },
  image: { serve: { backend: "image" }, options: { size: "16MiB" } },
};

for (const [backend, { serve, options, engine }] of Object.entries(backends)) {
  const title = `volume-local on ${backend} keeps every rule of volumes, also killed at any moment`;
  test(title, { skip: lab.skip(newest) }, async () => {
    await using host = await lab.host(newest === undefined ? {} : { engine: newest });
    await plantSentinel(host);
    const root = `/var/lib/outrigger/${driver}`;
    await using plugin = await servePlugins(host, [{ name: driver, options: { ...serve, root } }]);
    await host.image("busybox");
    const setting: Setting = {
      target: `unix://${host.path(`/run/docker/plugins/${driver}.sock`)}`,
      hostRoot: `/proc/${host.pid}/root`,
      chaos: true,
      patienceMs: 10_000,
      restart: async (signal) => {
        await (signal === "SIGTERM" ? plugin.stop() : plugin.kill9());
        await plugin.start();
      },
      ...(options && { options }),
      ...(engine && { engine: engine(host) }),
    };
    const { cases, left } = await runCases(setting, { only: ["VOL"] });
    const judged = cases.filter(({ id }) => engine !== undefined || !id.startsWith("VOL-E"));
    const problems = judged.filter(
      ({ id, status }) => status !== "passed" && !(options !== undefined && withoutOptions.has(id)),
    );
    assert.deepEqual(
      problems.map(({ id, status, message }) => `${id} ${status}: ${message}`),
      [],
    );
    assert.deepEqual(left, []);
    assert.ok(judged.length > 40, `${judged.length} cases`);
    await assertNothingLeft(host, [{ plugin, name: driver }]);
  });
}
