import assert from "node:assert/strict";
import { test } from "node:test";
import { protocols, type logDriver, type volumeDriver } from "@outrigger/protocol";
import { volumeDriverWith } from "../test/fixture.ts";
import { definePlugin, manifestOf, type Call, type Driver } from "./define-plugin.ts";
import { createLogger } from "./logger.ts";
import { definePluginModule, type PluginModule } from "./plugin-module.ts";

test("Implements is derived from the drivers, in their order", () => {
  const drivers = {
    authz: { authZReq: allow, authZRes: allow },
    VolumeDriver: volumeDriverWith(),
    LogDriver: undefined,
  };
  const plugin = definePlugin({ name: "a", drivers });
  assert.deepEqual(manifestOf(plugin), ["authz", "VolumeDriver"]);
});

const badNames = ["", "a/b", "..", ".a", "-a", "a b", "é", "a\n", "x".repeat(64)];
for (const name of badNames) {
  test(`${JSON.stringify(name)} is no plugin's name`, () => {
    assert.throws(
      () => definePlugin({ name, drivers: { VolumeDriver: volumeDriverWith() } }),
      /cannot be a socket's file name; use up to 63 letters/,
    );
  });
}

test("a plugin without a driver is refused with what it can be", () => {
  assert.throws(
    () => definePlugin({ name: "a", drivers: {} }),
    /plugin "a" has no driver; give one of VolumeDriver, NetworkDriver,/,
  );
});

test("a misnamed protocol is refused with the right names", () => {
  const drivers = { VolumeDriver: volumeDriverWith(), volumeDriver: volumeDriverWith() };
  assert.throws(
    () => definePlugin({ name: "a", drivers }),
    /no protocol is called "volumeDriver"; use VolumeDriver, NetworkDriver,/,
  );
});

test("a driver that lacks a method the engine needs is refused by the method's name", () => {
  const { unmount: _, ...rest } = volumeDriverWith();
  const driver = { ...rest, umount: () => {} } as unknown as Driver<typeof volumeDriver>;
  assert.throws(
    () => definePlugin({ name: "a", drivers: { VolumeDriver: driver } }),
    /its VolumeDriver driver lacks unmount$/,
  );
});

test("each protocol's driver can be written with the methods the engine needs alone", () => {
  for (const protocol of Object.values(protocols)) {
    const needed = Object.entries(protocol.methods).filter(([, method]) => !("optional" in method));
    const driver = Object.fromEntries(needed.map(([verb]) => [verb, () => ({})]));
    assert.doesNotThrow(() => definePlugin({ name: "a", drivers: { [protocol.name]: driver } }));
  }
});

test("drivers are typed after their descriptors", () => {
  const driver: Driver<typeof volumeDriver> = {
    ...volumeDriverWith(),
    create: ({ Name, Opts }, call: Call) => void [Name.length, Opts?.["size"]?.length, call.signal],
    get: async ({ Name }) => ({ Volume: { Name, Status: { any: 1 } } }),
  };
  assert.ok(driver);
  // @ts-expect-error Mount answers a Mountpoint.
  const silent: Driver<typeof volumeDriver> = { ...driver, mount: () => {} };
  // @ts-expect-error Mountpoint is a string.
  const wrong: Driver<typeof volumeDriver> = { ...driver, mount: () => ({ Mountpoint: 3 }) };
  // @ts-expect-error A stream is made of bytes.
  const stream: Driver<typeof logDriver>["readLogs"] = async function* () {
    yield "text";
  };
  // @ts-expect-error Unmount is missing.
  const short: Driver<typeof volumeDriver> = {
    create() {},
    remove() {},
    path: () => ({}),
    mount: driver.mount,
    get: driver.get,
    list: driver.list,
  };
  assert.ok([silent, wrong, stream, short]);
});

test("a plugin's module hands its configuration over typed, and is one of many to whoever loads it", () => {
  const module = definePluginModule({
    name: "a",
    doc: "A plugin.",
    options: { root: { type: "path", doc: "Where.", default: "/srv" }, size: { type: "size", doc: "How much." } },
    open: async (config, { log }) => {
      const root: string = config.root;
      const size: number | undefined = config.size;
      log.info(`${root} ${size}`);
      const plugin = definePlugin({ name: "a", drivers: { VolumeDriver: volumeDriverWith() } });
      return { ...plugin, [Symbol.asyncDispose]: async () => {} };
    },
  });
  const loaded: PluginModule = module;
  assert.equal(loaded.name, "a");
});

test("a plugin's module is not opened under a name that is none", async () => {
  let opened = false;
  const module = definePluginModule({
    name: "a",
    doc: "A plugin.",
    options: {},
    open: async (_config, { name }) => {
      opened = true;
      const plugin = definePlugin({ name, drivers: { VolumeDriver: volumeDriverWith() } });
      return { ...plugin, [Symbol.asyncDispose]: async () => {} };
    },
  });
  const context = { name: "../x", log: createLogger(), signal: new AbortController().signal };
  await assert.rejects(module.open({}, context), /plugin name "..\/x" cannot be/);
  assert.equal(opened, false);
});

function allow(): { Allow: boolean } {
  return { Allow: true };
}
