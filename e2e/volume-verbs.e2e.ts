// The verbs of outrigger volume that only a host shows: what is sent and received, and holders that are gone.
import assert from "node:assert/strict";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Host } from "@outrigger/e2e/lab";
import { servePlugins } from "./plugin-on-host.ts";
import { story } from "./story.ts";
import { assertNothingLeft, callDirectly, driver, plantSentinel } from "./volume-story.ts";

const command = fileURLToPath(new URL("../packages/cli/src/main.ts", import.meta.url));

story("a volume is sent to a file whole and as a difference, and received into another", async (host) => {
  const { docker, volume, plugin } = await open(host);
  await using _plugin = plugin;
  const inVolume = (name: string, line: string): Promise<string> =>
    docker("run", "--rm", "-v", `${name}:/data`, "busybox", "sh", "-c", line);
  const [whole, difference] = ["whole", "difference"].map((name) => join(host.share, name));
  await docker("volume", "create", "-d", driver, "data");
  await inVolume("data", "echo one >/data/one");
  await volume("snapshot", "data", "first");
  await inVolume("data", "echo two >/data/two; rm /data/one");
  await volume("snapshot", "data", "second");
  assert.equal(await volume("send", "data", "first", `${whole}`), whole);
  assert.equal(await volume("send", "data", "second", `${difference}`, "--since", "first"), difference);
  await assert.rejects(volume("send", "data", "second", `${whole}`), /whole is there already; name another file/);
  await assert.rejects(volume("send", "data", "second", "/no/such/file"), /there is no folder \/no\/such; make it/);

  await docker("volume", "rm", "data");
  await docker("volume", "create", "-d", driver, "copy");
  // A difference is nothing without what it differs from.
  await assert.rejects(volume("receive", "copy", "second", `${difference}`), /cannot find parent subvolume/);
  assert.equal(await volume("receive", "copy", "first", `${whole}`), "first");
  assert.equal(await volume("receive", "copy", "second", `${difference}`), "second");
  await volume("restore", "copy", "first");
  assert.equal(await inVolume("copy", "ls /data"), "one");
  await volume("restore", "copy", "second");
  assert.equal(await inVolume("copy", "ls /data; cat /data/two"), "two\ntwo");
  await docker("volume", "rm", "copy");
  await assertNothingLeft(host, [{ plugin, name: driver }]);
});

story("a holder that is gone is released, one that has the volume mounted is not", async (host) => {
  const { docker, volume, plugin } = await open(host);
  await using _plugin = plugin;
  await docker("volume", "create", "-d", driver, "data");
  await docker("run", "-d", "--stop-signal=KILL", "--name=user", "-v", "data:/data", "busybox", "sleep", "1d");
  const holders = async (): Promise<string[]> =>
    (JSON.parse(await volume("holds", "data", "--json")) as { ID: string }[]).map(({ ID }) => ID);
  const [user = ""] = await holders();
  await assert.rejects(volume("release", "data", user), /still mounted by process \d+ .*stop the container first/);
  await docker("rm", "-f", "user");
  assert.deepEqual(await holders(), []);

  // As an engine leaves it that forgot its Unmount.
  await callDirectly({ host, name: driver }, (client) => client.mount({ Name: "data", ID: "stray".repeat(8) }));
  await assert.rejects(docker("volume", "rm", "data"), /volume data is in use \(mounted as straystrayst/);
  await assert.rejects(volume("release", "data", "nobody"), /is not held by "nobody"/);
  await callDirectly({ host, name: driver }, (client) => client.mount({ Name: "data", ID: "strange" }));
  await assert.rejects(volume("release", "data", "stra"), /both begin with "stra"; write more/);
  for (const beginning of ["stray", "strange"]) await volume("release", "data", beginning);
  await docker("volume", "rm", "data");
  await assertNothingLeft(host, [{ plugin, name: driver }]);
});

async function open(host: Host) {
  await plantSentinel(host);
  await host.image("busybox");
  const root = `/var/lib/outrigger/${driver}`;
  const plugin = await servePlugins(host, [{ name: driver, options: { root, pool: "auto", "pool-size": "512MiB" } }]);
  const outrigger = async (...args: string[]): Promise<string> => {
    const api = ["--api", join(root, "api.sock")];
    return (await host.run([process.execPath, command, "volume", ...args, ...api])).stdout.trimEnd();
  };
  return { plugin, volume: outrigger, docker: (...args: string[]): Promise<string> => host.docker(args) };
}
