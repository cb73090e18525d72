// How a plugin's process ends, and what it leaves behind: nothing.
import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { readdir } from "node:fs/promises";
import { constants } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { temporaryFolder } from "./fixture.ts";
import { startProcess, type PluginProcess } from "./process.ts";
import { RawClient } from "./raw-client.ts";

interface Started extends AsyncDisposable {
  readonly plugin: PluginProcess;
  readonly folder: string;
  remove(name: string): Promise<RawClient>;
}

/** A plugin's process with a socket and a spec file. */
async function start(serve: object = {}): Promise<Started> {
  const folder = await temporaryFolder();
  const listen = [
    { unix: join(folder.path, "test.sock") },
    { tcp: "127.0.0.1:0", spec: join(folder.path, "test.spec") },
  ];
  const plugin = await startProcess({ serve: { listen, ...serve } });
  return {
    plugin,
    folder: folder.path,
    remove: async (name) =>
      (await RawClient.connect(plugin.addresses[0] ?? "")).call("VolumeDriver.Remove", { Name: name }),
    [Symbol.asyncDispose]: async () => {
      await plugin[Symbol.asyncDispose]();
      await folder[Symbol.asyncDispose]();
    },
  };
}

for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
  test(`${signal} ends an idle plugin in good order`, async () => {
    await using started = await start();
    assert.deepEqual(await readdir(started.folder), ["test.sock", "test.spec"]);
    started.plugin.child.kill(signal);
    assert.equal(await started.plugin.ended, 0);
    assert.match(started.plugin.output(), /closed\n$/);
    assert.deepEqual(await readdir(started.folder), []);
  });
}

test("SIGTERM lets a running call finish", async () => {
  await using started = await start();
  await using client = await started.remove("wait-500");
  await using other = await started.remove("nothing");
  await other.answer();
  started.plugin.child.kill("SIGTERM");
  assert.equal((await client.answer()).status, 200);
  assert.equal(await started.plugin.ended, 0);
});

test("a second signal ends the process at once, and its files", async () => {
  await using started = await start();
  await using client = await started.remove("wait");
  await using other = await started.remove("nothing");
  await other.answer();
  started.plugin.child.kill("SIGTERM");
  await other.ended();
  started.plugin.child.kill("SIGINT");
  assert.equal(await started.plugin.ended, 128 + constants.signals.SIGINT);
  assert.equal(await client.text(), "");
  assert.deepEqual(await readdir(started.folder), []);
});

test("process.exit leaves no file behind", async () => {
  await using started = await start();
  await using _ = await started.remove("exit");
  assert.equal(await started.plugin.ended, 7);
  assert.deepEqual(await readdir(started.folder), []);
});

for (const deed of ["crash-outside", "reject-outside"]) {
  test(`a plugin that fails outside of any call (${deed}) ends as Node ends it, and leaves no file behind`, async () => {
    await using started = await start();
    await using client = await started.remove(deed);
    assert.equal((await client.answer()).status, 200);
    assert.equal(await started.plugin.ended, 1);
    assert.match(started.plugin.output(), /Error: (crashed|rejected) outside\n {4}at /);
    assert.deepEqual(await readdir(started.folder), []);
  });
}

test("a plugin killed by SIGKILL is succeeded by the next one on the same socket", async () => {
  await using started = await start();
  started.plugin.child.kill("SIGKILL");
  assert.equal(await started.plugin.ended, "SIGKILL");
  const socket = join(started.folder, "test.sock");
  assert.ok(existsSync(socket));
  await using next = await startProcess({ serve: { listen: { unix: socket } } });
  await using client = await RawClient.connect(next.addresses[0] ?? "");
  assert.equal((await client.call("VolumeDriver.List", {}).answer()).status, 200);
  next.child.kill("SIGTERM");
  await next.ended;
  assert.deepEqual(await readdir(started.folder), ["test.spec"]);
});

const crashes: readonly [deed: string, text: string][] = [
  ["throw", "thrown"],
  ["throw-later", "the driver failed outside of its promise: thrown later"],
  ["reject-later", "the driver failed outside of its promise: rejected later"],
  ["reject-apart", "the driver failed outside of its promise: rejected apart"],
];
for (const [deed, Err] of crashes) {
  test(`a driver that fails by ${deed} fails that call alone`, async () => {
    await using started = await start();
    await using running = await started.remove("wait-500");
    await using client = await started.remove(deed);
    const { status, body } = await client.answer();
    assert.deepEqual([status, JSON.parse(body)], [500, { Err }]);
    assert.equal((await running.answer()).status, 200);
    started.plugin.child.kill("SIGTERM");
    assert.equal(await started.plugin.ended, 0);
    if (deed !== "throw") assert.match(started.plugin.output(), new RegExp(`Error: ${Err.split(": ")[1]}`));
  });
}

test("without containment a crash in a call ends the process", async () => {
  await using started = await start({ containCrashes: false });
  await using _ = await started.remove("throw-later");
  assert.equal(await started.plugin.ended, 1);
  assert.deepEqual(await readdir(started.folder), []);
});

test("without signal handling a signal ends the process as it does any", async () => {
  await using started = await start({ signals: false });
  started.plugin.child.kill("SIGTERM");
  assert.equal(await started.plugin.ended, "SIGTERM");
});
