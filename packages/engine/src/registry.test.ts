import assert from "node:assert/strict";
import { rm } from "node:fs/promises";
import { test } from "node:test";
import { answer, rawPlugin, type Respond } from "../test/raw-plugin.ts";
import { scratch } from "../test/scratch.ts";
import { testClock } from "../test/test-clock.ts";
import { ActivationError, DiscoveryError } from "./engine-error.ts";
import { createRegistry } from "./registry.ts";

const implementing =
  (...names: string[]): Respond =>
  ({ path }) =>
    answer(path === "Plugin.Activate" ? { Implements: names } : { Scope: "local" });

test("a plugin is activated at its first use and never again, whatever becomes of its file", async () => {
  await using at = await scratch();
  await using plugin = await rawPlugin(implementing("VolumeDriver", "authz"));
  const file = await at.write("etc/p.spec", plugin.url);
  await using registry = createRegistry({ folders: at.folders });
  const first = await registry.get("p", "VolumeDriver");
  await rm(file);
  assert.equal(await registry.get("p", "authz"), first);
  assert.deepEqual(first.implements, ["VolumeDriver", "authz"]);
  assert.equal(plugin.requests.length, 1);
});

test("users at the same time share one activation", async () => {
  await using at = await scratch();
  await using plugin = await rawPlugin(implementing("VolumeDriver"), { socket: await at.path("run/p.sock") });
  await using registry = createRegistry({ folders: at.folders });
  const users = await Promise.all(Array.from({ length: 10 }, () => registry.get("p", "VolumeDriver")));
  assert.equal(new Set(users).size, 1);
  assert.equal(plugin.requests.length, 1);
});

test("a failed activation is forgotten, so the next use tries again", async () => {
  await using at = await scratch();
  let respond: Respond = () => answer({ Err: "loading" }, "500 No");
  await using plugin = await rawPlugin((...given) => respond(...given), { socket: await at.path("run/p.sock") });
  await using registry = createRegistry({ folders: at.folders });
  await assert.rejects(registry.get("p", "VolumeDriver"), (error) => {
    assert.ok(error instanceof ActivationError);
    assert.equal(error.code, "handshake-failed");
    return true;
  });
  respond = implementing("VolumeDriver");
  assert.equal((await registry.get("p", "VolumeDriver")).name, "p");
  assert.equal(plugin.requests.length, 2);
});

test("what a plugin implements is matched exactly", async () => {
  await using at = await scratch();
  await using _ = await rawPlugin(implementing("volumedriver"), { socket: await at.path("run/p.sock") });
  await using registry = createRegistry({ folders: at.folders });
  await assert.rejects(registry.get("p", "VolumeDriver"), {
    code: "not-implemented",
    message: 'plugin "p" does not implement VolumeDriver; it implements volumedriver',
  });
});

test("a network or IPAM driver is asked for its capabilities right after the handshake, without a body", async () => {
  await using at = await scratch();
  const respond: Respond = ({ path }) => {
    if (path === "Plugin.Activate") return answer({ Implements: ["NetworkDriver", "IpamDriver"] });
    return path.startsWith("Ipam") ? answer("404 page not found", "404 Not Found") : answer({ Scope: "global" });
  };
  await using plugin = await rawPlugin(respond, { socket: await at.path("run/p.sock") });
  await using registry = createRegistry({ folders: at.folders });
  const { networkCapabilities, ipamCapabilities } = await registry.get("p", "NetworkDriver");
  assert.equal(networkCapabilities?.Scope, "global");
  assert.equal(ipamCapabilities, undefined);
  assert.deepEqual(plugin.requests.map(({ path, body }) => path + body).sort(), [
    "IpamDriver.GetCapabilities",
    "NetworkDriver.GetCapabilities",
    "Plugin.Activate",
  ]);
});

test("a name that is not there yet is looked for again on the engine's schedule", async () => {
  await using at = await scratch();
  await using plugin = await rawPlugin(implementing("VolumeDriver"));
  const late = testClock((wait) => (wait === 2000 ? at.write("etc/p.spec", plugin.url) : undefined));
  await using registry = createRegistry({ folders: at.folders, clock: late });
  await registry.get("p", "VolumeDriver");
  assert.deepEqual(late.waits, [1000, 2000]);

  const never = testClock();
  await using other = createRegistry({ folders: at.folders, clock: never });
  await assert.rejects(other.get("nobody", "VolumeDriver"), (error) => error instanceof DiscoveryError);
  assert.equal(never.now(), 15_000);
});

test("a scan returns the plugins of one protocol, and a dead socket costs only its retries", async () => {
  await using at = await scratch();
  await using volume = await rawPlugin(implementing("VolumeDriver"), { socket: await at.path("run/v.sock") });
  await using _ = await rawPlugin(implementing("authz"), { socket: await at.path("run/a.sock") });
  await at.write("etc/v.json", "nonsense, but hidden by the socket");
  await at.write("etc/dead.spec", `unix://${at.root}/run/gone.sock`);
  await at.write("etc/wrong.json", "{,}");
  const clock = testClock();
  await using registry = createRegistry({ folders: at.folders, clock });
  const found = await registry.all("VolumeDriver");
  assert.deepEqual(
    found.map(({ name }) => name),
    ["v"],
  );
  assert.equal(clock.now(), 15_000);
  assert.equal(volume.requests.length, 1);
});

test("a caller that gives up leaves the activation to the others", async () => {
  await using at = await scratch();
  const asked = Promise.withResolvers<void>();
  const release = Promise.withResolvers<void>();
  await using _ = await rawPlugin(
    (_, socket) => {
      asked.resolve();
      void release.promise.then(() => socket.write(answer({ Implements: ["VolumeDriver"] })));
      return undefined;
    },
    { socket: await at.path("run/p.sock") },
  );
  await using registry = createRegistry({ folders: at.folders });
  const controller = new AbortController();
  const reason = new Error("enough");
  const impatient = registry.get("p", "VolumeDriver", { signal: controller.signal });
  const patient = registry.get("p", "VolumeDriver");
  await asked.promise;
  controller.abort(reason);
  await assert.rejects(impatient, reason);
  release.resolve();
  assert.equal((await patient).name, "p");
});

test("disposing ends activations under way", async () => {
  await using at = await scratch();
  const asked = Promise.withResolvers<void>();
  await using _ = await rawPlugin(() => (asked.resolve(), undefined), { socket: await at.path("run/p.sock") });
  const registry = createRegistry({ folders: at.folders, deadlineMs: Infinity });
  const getting = assert.rejects(registry.get("p", "VolumeDriver"), { name: "AbortError" });
  await asked.promise;
  await registry[Symbol.asyncDispose]();
  await getting;
});
