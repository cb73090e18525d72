// What real engines sent, played at our own plugins: they answer as they did on the day of the recording.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { globSync } from "node:fs";
import { open } from "node:fs/promises";
import { basename, join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { connect } from "@outrigger/engine";
import { createLogger, serve, type PluginModule } from "@outrigger/plugin";
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
    const { module, config } = await pluginIn("plugins/volume-local/src/index.ts", place.folder);
    await assertSame({ module, config }, `recordings/${engine}/volumes.jsonl`);
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

/** A plugin and its configuration. */
interface Served {
  readonly module: PluginModule;
  readonly config: Readonly<Record<string, string>>;
}

/** By its place, as no package of ours may depend on the plugins; what it keeps, it keeps in a folder of the test. */
async function pluginIn(file: string, folder: string): Promise<Served> {
  // Each of these files is the module of a plugin.
  const { plugin: module } = (await import(join(root, file))) as { plugin: PluginModule };
  return { module, config: module.options?.root !== undefined ? { root: join(folder, "root") } : {} };
}

async function assertSame({ module, config }: Served, recording: string, options: ReplayOptions = {}): Promise<void> {
  const { signal } = new AbortController();
  await using plugin = await module.open(config, { name: module.name, log: createLogger(), signal });
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
