// What real engines sent, played at our own plugins: they answer as they did on the day of the recording.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { globSync } from "node:fs";
import { open } from "node:fs/promises";
import { basename, join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { connect } from "@outrigger/engine";
import { createLogger, serve, type Plugin, type PluginModule } from "@outrigger/plugin";
import { isHeader, readRecording } from "../src/read-recording.ts";
import { replay, type ReplayOptions } from "../src/replay.ts";
import { stage } from "./stage.ts";

const root = fileURLToPath(new URL("../../../", import.meta.url));
const engines = ["20.10", "26.1"];

test("there are recordings of each engine, and every line of them can be read", async () => {
  const files = globSync("recordings/*/*.jsonl", { cwd: root }).sort();
  const names = ["authz", "logs", "networks", "volumes"];
  assert.deepEqual(
    files,
    engines.flatMap((engine) => names.map((name) => `recordings/${engine}/${name}.jsonl`)),
  );
  for (const file of files) {
    const [first, ...calls] = await Array.fromAsync(readRecording(join(root, file)));
    assert.ok(first !== undefined && isHeader(first.record));
    assert.match(first.record.about ?? "", new RegExp(`\\(Docker Engine ${file.split("/")[1]}\\)$`));
    assert.ok(calls.length >= 10, file);
  }
});

for (const engine of engines) {
  test(`volume-local answers engine ${engine} as recorded`, async () => {
    await using place = await stage();
    const plugin = await pluginIn("plugins/volume-local/src/index.ts", place.folder);
    await assertSame(plugin, `recordings/${engine}/volumes.jsonl`);
  });

  test(`ipam.ts answers engine ${engine} as recorded`, async () => {
    await using place = await stage();
    const served = await pluginIn("examples/ipam.ts", place.folder);
    await assertSame(served, `recordings/${engine}/networks.jsonl`, { plugin: "counting" });
  });

  test(`authz.ts answers engine ${engine} as recorded`, async () => {
    await using place = await stage();
    await assertSame(await pluginIn("examples/authz.ts", place.folder), `recordings/${engine}/authz.jsonl`);
  });

  test(`log.ts answers engine ${engine} as recorded`, async () => {
    await using place = await stage();
    await using pipes = new AsyncDisposableStack();
    const made = new Set<string>();
    const rewrite = (request: unknown): unknown => {
      if (typeof request !== "object" || request === null || !("File" in request)) return request;
      const File = join(place.folder, basename(String(request.File)));
      // The engine, too, makes the pipe and holds it open.
      if (!made.has(File)) execFileSync("mkfifo", [File]);
      if (!made.has(File)) pipes.use(holdOpen(File));
      made.add(File);
      return { ...request, File };
    };
    await assertSame(await pluginIn("examples/log.ts", place.folder), `recordings/${engine}/logs.jsonl`, { rewrite });
  });
}

function holdOpen(file: string): AsyncDisposable {
  const opening = open(file, "r+");
  return { [Symbol.asyncDispose]: async () => (await opening).close() };
}

/** By its place, as no package of ours may depend on the plugins; what it keeps, it keeps in a folder of the test. */
async function pluginIn(file: string, folder: string): Promise<Plugin & Partial<AsyncDisposable>> {
  // Each of these files is a plugin, or the module of one.
  const { plugin } = (await import(join(root, file))) as { plugin: Plugin | PluginModule };
  if (!("open" in plugin)) return plugin;
  const { signal } = new AbortController();
  return plugin.open({ root: join(folder, "root") }, { name: plugin.name, log: createLogger(), signal });
}

async function assertSame(
  plugin: Plugin & Partial<AsyncDisposable>,
  recording: string,
  options: ReplayOptions = {},
): Promise<void> {
  await using held = new AsyncDisposableStack();
  held.defer(() => plugin[Symbol.asyncDispose]?.());
  await using place = await stage();
  await using _serving = await serve(plugin, { listen: { unix: place.path }, signals: false });
  await using connection = await connect(`unix://${place.path}`);
  const results = await Array.fromAsync(replay(readRecording(join(root, recording)), connection, options));
  assert.ok(results.length >= 5);
  const notSame = results.filter(({ outcome, differences }) => {
    const learned =
      differences.length > 0 && differences.every((one) => withoutKnown(one.recorded) === withoutKnown(one.replayed));
    return outcome !== "same" && !learned;
  });
  assert.deepEqual(
    notSame.map(({ line, record, note, differences }) => ({ line, method: record.method, note, differences })),
    [],
  );
}

/** A plugin may learn options after its recording was made. */
function withoutKnown(value: unknown): unknown {
  return typeof value === "string" ? value.replace(/; known are .*$/, "") : value;
}
