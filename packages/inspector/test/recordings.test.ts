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
    // Its own folder alone is configured.
    const { plugin: module } = (await imported("plugins/volume-local/src/index.ts")) as { plugin: PluginModule };
    const { signal } = new AbortController();
    const settings = { name: "volume-local", log: createLogger(), signal };
    await using plugin = await module.open({ root: join(place.folder, "root") }, settings);
    await assertSame(plugin, `recordings/${engine}/volumes.jsonl`);
  });

  test(`ipam.ts answers engine ${engine} as recorded`, async () => {
    await assertSame(await example("ipam.ts"), `recordings/${engine}/networks.jsonl`, { plugin: "counting" });
  });

  test(`authz.ts answers engine ${engine} as recorded`, async () => {
    await assertSame(await example("authz.ts"), `recordings/${engine}/authz.jsonl`);
  });

  test(`log.ts answers engine ${engine} as recorded`, async () => {
    await using place = await stage();
    process.env.LINES_FOLDER = join(place.folder, "lines");
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
    await assertSame(await example("log.ts"), `recordings/${engine}/logs.jsonl`, { rewrite });
  });
}

function holdOpen(file: string): AsyncDisposable {
  const opening = open(file, "r+");
  return { [Symbol.asyncDispose]: async () => (await opening).close() };
}

async function example(file: string): Promise<Plugin> {
  return ((await imported(`examples/${file}`)) as { plugin: Plugin }).plugin;
}

/** By its place: no package of ours may depend on the plugins. */
async function imported(file: string): Promise<unknown> {
  return await import(join(root, file));
}

async function assertSame(plugin: Plugin, recording: string, options: ReplayOptions = {}): Promise<void> {
  await using place = await stage();
  await using _serving = await serve(plugin, { listen: { unix: place.path }, signals: false });
  await using connection = await connect(`unix://${place.path}`);
  const results = await Array.fromAsync(replay(readRecording(join(root, recording)), connection, options));
  assert.ok(results.length >= 5);
  const notSame = results.filter(({ outcome }) => outcome !== "same");
  assert.deepEqual(
    notSame.map(({ line, record, note, differences }) => ({ line, method: record.method, note, differences })),
    [],
  );
}
