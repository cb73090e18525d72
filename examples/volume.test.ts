import assert from "node:assert/strict";
import { mkdtempDisposable, readFile, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { connect, createClient } from "@outrigger/engine";
import { createLogger, serve } from "@outrigger/plugin";
import { volumeDriver } from "@outrigger/protocol";
import { plugin } from "./volume.ts";

test("a volume keeps what was written, over a restart too, and goes with its data", async () => {
  await using folder = await mkdtempDisposable(join(tmpdir(), "volume-test-"));
  await withPlugin(folder.path, async (volumes) => {
    await volumes.create({ Name: "data", Opts: {} });
    const { Mountpoint } = await volumes.mount({ Name: "data", ID: "a" });
    await writeFile(join(Mountpoint, "file"), "hello");
    await volumes.unmount({ Name: "data", ID: "a" });
  });
  await withPlugin(folder.path, async (volumes) => {
    const { Mountpoint } = await volumes.mount({ Name: "data", ID: "b" });
    assert.equal(await readFile(join(Mountpoint, "file"), "utf8"), "hello");
    await assert.rejects(volumes.remove({ Name: "data" }), /in use/);
    await volumes.unmount({ Name: "data", ID: "b" });
    await volumes.remove({ Name: "data" });
    await assert.rejects(volumes.get({ Name: "data" }), /no such volume/);
  });
});

test("a hostile name is refused", async () => {
  await using folder = await mkdtempDisposable(join(tmpdir(), "volume-test-"));
  await withPlugin(folder.path, async (volumes) => {
    await assert.rejects(volumes.create({ Name: "../../etc", Opts: {} }), /name/);
  });
});

type Client = ReturnType<typeof createClient<typeof volumeDriver>>;

/** Serves the plugin on a socket in the folder, and calls it as the engine does. */
async function withPlugin(folder: string, use: (client: Client) => Promise<void>): Promise<void> {
  const context = { name: "folders", log: createLogger(), signal: AbortSignal.timeout(30_000) };
  await using opened = await plugin.open({ root: join(folder, "state") }, context);
  await using serving = await serve(opened, { pluginsDir: folder, signals: false });
  await using connection = await connect(serving.addresses[0] ?? "");
  await use(createClient(volumeDriver, connection));
}
