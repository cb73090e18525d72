// What all stories about volume-local share: the plugin on a host, and what must be there and not be there at the end.
import assert from "node:assert/strict";
import { copyFile, mkdir, readdir, readFile, readlink, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Host } from "@outrigger/e2e/lab";
import { connect, createClient, type Client } from "@outrigger/engine";
import { volumeDriver } from "@outrigger/protocol";
import { openStore } from "@outrigger/store";
import { servePlugins, until, type PluginOnHost } from "./plugin-on-host.ts";
import { story } from "./story.ts";

/** A host on which volume-local is served, with the image `busybox`. */
export interface VolumeHost {
  readonly host: Host;
  readonly plugin: PluginOnHost;
  /** The engine's `docker` command. */
  readonly docker: (...args: string[]) => Promise<string>;
  /** Runs a shell line in a container of its own, on the volume `data` at `/data`; returns what it printed. */
  readonly inVolume: (line: string) => Promise<string>;
  /** Calls the plugin past the engine. */
  readonly directly: <T>(use: (client: Client<typeof volumeDriver>) => Promise<T>) => Promise<T>;
  /** A folder with everything that the plugin owns, as the machine reaches it. */
  readonly root: string;
  /** Starts a container that has the volume `data` at `/data` and does nothing until it is stopped, which it is at once. */
  readonly keepRunning: (name: string) => Promise<unknown>;
  /** Who holds a volume, as the plugin shows in `docker volume inspect`. */
  readonly holders: (volume: string) => Promise<readonly Holder[]>;
}

/** One entry of `Status.holders`. */
export interface Holder {
  readonly ID: string;
  readonly mounts: number;
}

/** The name under which volume-local is served unless told. */
export const driver = "volume-local";

/** Tells a story about volumes of volume-local, which has to remove what it made; looks for what is left at the end. */
export function volumeStory(title: string, tell: (given: VolumeHost) => Promise<void>): void {
  story(title, async (host) => {
    const root = host.path(`/var/lib/outrigger/${driver}`);
    await plantSentinel(host);
    await using plugin = await servePlugins(host);
    await host.image("busybox");
    const docker = (...args: string[]): Promise<string> => host.docker(args);
    await tell({
      host,
      plugin,
      docker,
      root,
      inVolume: (line) =>
        docker("run", "--rm", "-v", "data:/data", "--volume-driver", driver, "busybox", "sh", "-c", line),
      keepRunning: (name) =>
        docker("run", "-d", "--stop-signal=KILL", "--name", name, "-v", "data:/data", "busybox", "sleep", "1d"),
      directly: (use) => callDirectly({ host, name: driver }, use),
      holders: async (volume) =>
        // Written by the plugin under test; a test that reads a wrong shape fails.
        JSON.parse(await docker("volume", "inspect", "-f", "{{json .Status.holders}}", volume)) as Holder[],
    });
    await assertNothingLeft(host, [{ plugin, name: driver }]);
  });
}

/** A process that serves volume-local under some name. */
interface ServedVolumes {
  readonly plugin: PluginOnHost;
  readonly name: string;
}

/**
 * Neither the engine nor a plugin, nor the kernel, nor the disk knows of a volume; what is not ours is as it was. Stops
 * the plugins, after which `docker volume ls` would wait 15 s for each: the engine asks whom it ever asked.
 */
export async function assertNothingLeft(host: Host, served: readonly ServedVolumes[]): Promise<void> {
  assert.equal(await host.docker(["ps", "-aq"]), "", "containers");
  assert.equal(await host.docker(["volume", "ls", "-q"]), "", "volumes of the engine");
  const mounts = await host.run(["sh", "-c", "cat /proc/[0-9]*/mountinfo"], { accept: [0, 1] });
  assert.doesNotMatch(mounts.stdout, /\/volume-local[^/]*\/volumes\//, "mounts");
  for (const one of served) await assertPluginEmpty(host, one);
  assert.equal((await host.run(["ls", "/run/docker/plugins"])).stdout, "", "sockets");
  await assertSentinel(host);
}

async function assertPluginEmpty(host: Host, { plugin, name }: ServedVolumes): Promise<void> {
  const root = host.path(`/var/lib/outrigger/${name}`);
  const { Volumes } = await callDirectly({ host, name }, (client) => client.list());
  assert.deepEqual(Volumes, [], "volumes of the plugin");
  await until("the trash is empty", async () => (await readdir(join(root, "trash"))).length === 0);
  assert.deepEqual(await readdir(join(root, "volumes")), [], "folders");
  await plugin.stop();
  // SQLite follows the link that /proc/<pid>/root is, out of the host.
  const copy = join(host.share, `${name}.db`);
  await copyFile(join(root, "state.db"), copy);
  await using store = openStore({ file: copy });
  assert.deepEqual(store.table("volumes", String).entries(), [], "records");
}

/** Calls a plugin past the engine. */
export async function callDirectly<T>(
  { host, name }: { host: Host; name: string },
  use: (client: Client<typeof volumeDriver>) => Promise<T>,
): Promise<T> {
  await using connection = await connect(`unix://${host.path(`/run/docker/plugins/${name}.sock`)}`);
  return await use(createClient(volumeDriver, connection));
}

/** Lies beside the plugins' roots, where a volume named `../precious` would be; has a link that leads further out. */
const sentinel = "/var/lib/outrigger/precious";

/** Puts something beside the plugins' roots that `assertNothingLeft` looks for. */
export async function plantSentinel(host: Host): Promise<void> {
  const folder = host.path(sentinel);
  await mkdir(join(folder, "inner"), { recursive: true });
  await writeFile(join(folder, "inner", "keep"), "kept");
  await symlink("/etc/passwd", join(folder, "link"));
}

async function assertSentinel(host: Host): Promise<void> {
  const around = await readdir(host.path("/var/lib/outrigger"));
  assert.deepEqual(
    around.filter((name) => !name.includes(driver)),
    ["precious"],
    "what lies beside the root",
  );
  const found = (await readdir(host.path(sentinel), { recursive: true })).sort();
  assert.deepEqual(found, ["inner", "inner/keep", "link"], "the sentinel");
  assert.equal(await readFile(join(host.path(sentinel), "inner", "keep"), "utf8"), "kept");
  assert.equal(await readlink(join(host.path(sentinel), "link")), "/etc/passwd");
}
