// A real engine and a running plugin, with a trace that comes and goes between them.
import assert from "node:assert/strict";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Host } from "@outrigger/e2e/lab";
import type { Child } from "@outrigger/linux";
import { startExample } from "./example-on-host.ts";
import { servePlugins, until } from "./plugin-on-host.ts";
import { story } from "./story.ts";

const command = [process.execPath, fileURLToPath(new URL("../packages/cli/src/main.ts", import.meta.url))];
const recordings = fileURLToPath(new URL("../recordings", import.meta.url));

story(
  "a running plugin is traced, killed, followed and left as it was, and the engine notices nothing",
  async (host) => {
    await using plugin = await servePlugins(host);
    await host.image("busybox");
    const own = await inode(host);

    const first = await startTrace(host);
    await host.docker(["volume", "create", "-d", "volume-local", "-o", "mode=0700", "data"]);
    await host.docker(["run", "--rm", "-v", "data:/data", "busybox", "sh", "-c", "echo traced >/data/file"]);
    const methods = await first.methods([
      "Plugin.Activate",
      "VolumeDriver.Create",
      "VolumeDriver.Mount",
      "VolumeDriver.Unmount",
    ]);
    assert.equal(methods.filter((method) => method === "VolumeDriver.Mount").length, 1);
    await first.stop();
    assert.equal(await inode(host), own, "the plugin's own socket is back");
    assert.equal(await left(host), "volume-local.sock");

    // The engine's connection is one to the plugin itself from here on.
    await host.docker(["volume", "ls"]);
    const second = await startTrace(host);
    const unseen = (): boolean => / connections? from before/.test(second.child.output());
    await until("the engine's own connection is told of", unseen);
    await plugin.stop();
    await plugin.start();
    await until("the trace has followed", () => (second.child.output().match(/are shown/g) ?? []).length === 2);
    await host.docker(["volume", "inspect", "data"]);
    await second.methods(["VolumeDriver.Get"]);

    await host.docker([
      "run",
      "-d",
      "--name",
      "user",
      "--stop-signal=KILL",
      "-v",
      "data:/data",
      "busybox",
      "sleep",
      "1d",
    ]);
    second.child.kill("SIGKILL");
    await second.child.ended;
    const { stderr } = await host.run([...command, "trace", "--put-back"]);
    assert.match(stderr, /\/run\/docker\/plugins\/volume-local\.sock.* is the plugin's again/);
    assert.equal(await left(host), "volume-local.sock");
    assert.equal(await host.docker(["exec", "user", "cat", "/data/file"]), "traced");
    await host.docker(["rm", "-f", "user"]);
    await host.docker(["volume", "rm", "data"]);
    assert.doesNotMatch(host.engine.log(), /Unable to (connect|locate)/, "the engine had to try again");
    await plugin.stop();
    assert.equal(await left(host), "", "the plugin takes its own socket away");
  },
);

story("wires answers as it did when it was recorded", async (host) => {
  if (host.engine.version === "own") return;
  await using _wires = await startExample(host, { file: "network.ts", name: "wires" });
  const file = join(recordings, host.engine.version, "networks.jsonl");
  const { stdout } = await host.run([...command, "replay", file, "wires", "--plugin", "wires"]);
  assert.match(stdout, /\d\d calls replayed: \d+ the same, 0 different; 0 skipped/);
});

interface Trace {
  readonly child: Child;
  /** Waits until calls of all these methods were told; returns all that were. */
  methods(wanted: readonly string[]): Promise<string[]>;
  stop(): Promise<void>;
}

async function startTrace(host: Host): Promise<Trace> {
  const child = await host.start([...command, "trace", "--json", "volume-local"]);
  await until("the trace stands", () => child.output().includes("are shown"));
  const told = (): string[] =>
    [...child.output().matchAll(/^\{.*"method":"([\w.]+)"/gm)].map(([, method = ""]) => method);
  return {
    child,
    methods: async (wanted) => {
      await until(`${wanted.join(", ")} are told`, () => wanted.every((method) => told().includes(method)));
      return told();
    },
    stop: async () => {
      child.kill("SIGINT");
      assert.deepEqual(await child.ended, { code: 0, signal: null }, child.output());
    },
  };
}

async function inode(host: Host): Promise<string> {
  return (await host.run(["stat", "-c", "%i", "/run/docker/plugins/volume-local.sock"])).stdout;
}

async function left(host: Host): Promise<string> {
  return (await host.run(["ls", "-A", "/run/docker/plugins"])).stdout.trimEnd();
}
