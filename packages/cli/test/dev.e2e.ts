// outrigger dev, as its user sees it: files are saved, and calls go on.
import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { copyFile, mkdir, mkdtemp, readdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { setTimeout as wait } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { connect } from "@outrigger/engine";
import { startOutrigger, type Running } from "./command.ts";

const root = fileURLToPath(new URL("../../..", import.meta.url));

/** Inside of the checkout, where what a plugin imports is found. */
async function projectFolder(): Promise<AsyncDisposable & { readonly path: string }> {
  await mkdir(join(root, "build"), { recursive: true });
  const path = await mkdtemp(join(root, "build", "dev-"));
  await writeFile(join(path, "package.json"), '{ "type": "module", "exports": "./plugin.ts" }');
  return { path, [Symbol.asyncDispose]: () => rm(path, { recursive: true, force: true }) };
}

/** A plugin without state, whose version is in every answer; `more` is code of its remove. */
function source(version: string, more = ""): string {
  return `import { definePlugin } from "@outrigger/plugin";
import { scope } from "./scope.ts";
console.log('{"time":"now","text":"loaded ${version}"}');
export const plugin = definePlugin({
  name: "made",
  drivers: { VolumeDriver: {
    capabilities: () => ({ Capabilities: { Scope: scope } }),
    create() {}, unmount() {}, path: () => ({}), mount: () => ({ Mountpoint: "/mnt" }),
    remove() { ${more} },
    get: ({ Name }) => ({ Volume: { Name, Mountpoint: ${JSON.stringify(version)} } }),
    list: () => ({ Volumes: [] }),
  } },
});
`;
}

/** As editors do it: whole or not at all. */
async function save(file: string, text: string): Promise<void> {
  await writeFile(`${file}.new`, text);
  await rename(`${file}.new`, file);
}

/**
 * Without types, which would be those of the whole checkout. Disposing waits for the plugin's own process too, which may
 * be writing its state in the folder still.
 */
function develop(folder: string, ...args: readonly string[]): Running {
  const dev = startOutrigger(["dev", "--json", "--plugins-dir", folder, "--no-types", ...args], { cwd: folder });
  return { ...dev, [Symbol.asyncDispose]: async () => void (await dev.stop("SIGTERM")) };
}

async function call(folder: string, ...[path, request]: [path: string, request?: object]): Promise<unknown> {
  await using connection = await connect(`unix://${join(folder, "made.sock")}`);
  return await connection.call(path, request, { deadlineMs: 60_000 });
}

async function versionOf(folder: string): Promise<unknown> {
  return await call(folder, "VolumeDriver.Get", { Name: "data" });
}

function isVersion(version: string): object {
  return { Volume: { Name: "data", Mountpoint: version } };
}

/** How often something was said. */
async function said(dev: Running, pattern: RegExp, times: number): Promise<void> {
  await until(
    `${pattern} is said ${times} times`,
    () => dev.lines.filter((line) => pattern.test(line)).length >= times,
  );
}

async function until(what: string, holds: () => boolean | Promise<boolean>): Promise<void> {
  const limit = performance.now() + 60_000;
  while (!(await holds())) {
    if (performance.now() > limit) throw new Error(`waited 60 s in vain until ${what}`);
    await wait(20);
  }
}

test("ten saves, and not one of the calls that come without pause is refused or lost", async () => {
  await using project = await projectFolder();
  const file = join(project.path, "plugin.ts");
  await writeFile(join(project.path, "scope.ts"), 'export const scope = "local";\n');
  await writeFile(file, source("0"));
  await using dev = develop(project.path);
  await dev.line(/"event":"serving"/);

  let calls = 0;
  const over = new AbortController();
  const caller = async (): Promise<void> => {
    for (; !over.signal.aborted; calls++)
      assert.partialDeepStrictEqual(await versionOf(project.path), { Volume: { Name: "data" } });
  };
  const callers = Promise.all([caller(), caller()]);
  for (let version = 1; version <= 10; version++) {
    await save(file, source(String(version)));
    await Promise.race([said(dev, /"event":"serving"/, version + 1), callers]);
  }
  // A file that it imports counts as well.
  await save(join(project.path, "scope.ts"), 'export const scope = "global";\n');
  await Promise.race([said(dev, /"event":"serving"/, 12), callers]);
  over.abort();
  await callers;
  assert.ok(calls > 20, `${calls} calls`);
  await until("the last version alone is left", async () => {
    assert.deepEqual(await versionOf(project.path), isVersion("10"));
    return (
      ((await call(project.path, "VolumeDriver.Capabilities")) as { Capabilities: { Scope: string } }).Capabilities
        .Scope === "global"
    );
  });

  const { status, stderr } = await dev.stop();
  assert.deepEqual([status, stderr], [0, ""]);
  assert.deepEqual(
    (await readdir(project.path)).filter((name) => name.includes("sock") || name.startsWith(".")),
    [],
  );
});

test("a version with an error is told with file and line, and the one before serves on", async () => {
  await using project = await projectFolder();
  const file = join(project.path, "plugin.ts");
  const options = { module: "nodenext", strict: true, types: ["node"], allowImportingTsExtensions: true, noEmit: true };
  const config = { compilerOptions: { ...options, target: "es2024", skipLibCheck: true } };
  await writeFile(join(project.path, "tsconfig.json"), JSON.stringify(config));
  await writeFile(join(project.path, "scope.ts"), 'export const scope = "local";\n');
  await writeFile(file, source("good"));
  await using dev = startOutrigger(["dev", "--json", "--plugins-dir", project.path], { cwd: project.path });
  await dev.line(/"event":"serving"/);

  const bad: readonly (readonly [text: string, told: RegExp])[] = [
    [source("bad").replace("create() {}", "create( {}"), /plugin\.ts:\d+/],
    [source("bad", "const count: number = Name;"), /plugin\.ts:9:\d+: TS\d+: /],
    [source("bad").replace("./scope.ts", "./gone.ts"), /gone\.ts/],
    [`${source("bad")}throw new Error("at load");\n`, /at load[^]*plugin\.ts:14:7/],
    [source("bad").replace("export ", ""), /exports no \\"plugin\\"/],
    [`${source("bad")}process.exit(3);\n`, /ended with code 3 before it served/],
  ];
  for (const [index, [text, told]] of bad.entries()) {
    await save(file, text);
    await said(dev, /"event":"failed"/, index + 1);
    const failed = dev.lines.filter((line) => line.includes('"event":"failed"')).at(-1) ?? "";
    assert.match(failed, told);
    assert.match(failed, /the version before serves on/);
    assert.deepEqual(await versionOf(project.path), isVersion("good"), failed);
  }
  // Without types there is the version all the same.
  await writeFile(join(project.path, "tsconfig.json"), '{ "files": ["gone.ts"] }');
  await save(file, source("untyped"));
  await dev.line(/TS6053.*types were not looked at/);
  await until("the untyped version answers", async () =>
    JSON.stringify(await versionOf(project.path)).includes("untyped"),
  );
  await writeFile(join(project.path, "tsconfig.json"), JSON.stringify(config));

  // What was missing is a file that comes only now.
  await save(file, source("better").replace("./scope.ts", "./late.ts"));
  await said(dev, /"event":"failed"/, bad.length + 2);
  await writeFile(join(project.path, "late.ts"), 'export const scope = "local";\n');
  await said(dev, /"event":"serving"/, 3);
  await until("the better version answers", async () =>
    JSON.stringify(await versionOf(project.path)).includes("better"),
  );
});

test("calls to a plugin that crashed wait until it is up again", async () => {
  await using project = await projectFolder();
  await writeFile(join(project.path, "scope.ts"), 'export const scope = "local";\n');
  await writeFile(join(project.path, "plugin.ts"), source("one", "process.exit(7);"));
  await using dev = develop(project.path, "./plugin.ts");
  await dev.line(/"event":"serving"/);
  for (const times of [1, 2]) {
    await call(project.path, "VolumeDriver.Remove", { Name: "data" }).catch(() => {});
    assert.deepEqual(await versionOf(project.path), isVersion("one"));
    await said(dev, /made ended with code 7.*started again/, times);
  }
});

test("kill -9 leaves no process, and the next start takes the socket that was left; a live one is not taken", async () => {
  await using project = await projectFolder();
  await writeFile(join(project.path, "scope.ts"), 'export const scope = "local";\n');
  await writeFile(join(project.path, "plugin.ts"), source("one", "throw new Error(String(process.pid));"));
  await using first = develop(project.path);
  await first.line(/"event":"serving"/);
  const told = await call(project.path, "VolumeDriver.Remove", { Name: "x" }).catch(String);
  const pid = Number(/(\d+)\D*$/.exec(String(told))?.[1]);
  await using second = develop(project.path);
  assert.match((await second.ended()).stderr, /a process already serves .*made\.sock/);

  await first.stop("SIGKILL");
  await until("the plugin has ended", () => !existsSync(`/proc/${pid}`));
  assert.ok(existsSync(join(project.path, "made.sock")));
  await using third = develop(project.path);
  await third.line(/"event":"serving"/);
  assert.deepEqual(await versionOf(project.path), isVersion("one"));
});

test("state that only one process can have goes from version to version", async () => {
  await using project = await projectFolder();
  const file = join(project.path, "plugin.ts");
  await copyFile(join(root, "examples", "volume.ts"), file);
  await using dev = develop(project.path, "--name", "made", "--opt", `root=${join(project.path, "state")}`);
  await dev.line(/"event":"serving"/);
  await call(project.path, "VolumeDriver.Create", { Name: "data", Opts: {} });
  for (const times of [2, 3]) {
    await save(file, `${await readFile(file, "utf8")}// saved\n`);
    await said(dev, /"event":"serving"/, times);
    assert.partialDeepStrictEqual(await versionOf(project.path), { Volume: { Name: "data" } });
  }
  assert.deepEqual(
    dev.lines.filter((line) => line.includes('"event":"failed"')),
    [],
  );
});

test("a first version with an error is waited for, and what cannot be one is refused", async () => {
  await using project = await projectFolder();
  const file = join(project.path, "plugin.ts");
  await writeFile(join(project.path, "scope.ts"), 'export const scope = "local";\n');
  await writeFile(file, source("one").replace("create() {}", "create( {}"));
  await using dev = develop(project.path);
  await dev.line(/"event":"failed".*plugin\.ts:\d+.*nothing is served yet/);
  await save(file, source("two"));
  await dev.line(/"event":"serving"/);
  assert.deepEqual(await versionOf(project.path), isVersion("two"));

  await using none = develop(project.path, "./none.ts");
  const { status, stderr } = await none.ended();
  assert.equal(status, 3);
  assert.match(stderr, /no such file: .*none\.ts/);
});
