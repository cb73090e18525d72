// What `npm run build` writes must work as it is published: found by name, without the sources, with its types.
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

const root = fileURLToPath(new URL("..", import.meta.url));
const run = promisify(execFile);

test("the built packages run, and type-check, where only they are", async () => {
  // Inside the checkout, where what they depend on is found.
  await mkdir(join(root, "build"), { recursive: true });
  const folder = await mkdtemp(join(root, "build", "test-"));
  try {
    await run(process.execPath, [join(root, "scripts/build.ts"), folder], { cwd: root });
    const packages = join(folder, "node_modules");

    const { stdout } = await run(process.execPath, [join(packages, "outrigger/dist/main.js"), "--help"]);
    assert.match(stdout, /^Usage: outrigger /);

    const author = join(folder, "author.ts");
    await writeFile(
      author,
      'import { serve, type Serving } from "@outrigger/plugin";\nexport const started: typeof serve = serve;\nexport type Result = Serving;\n',
    );
    const options = [
      "--ignoreConfig",
      "--noEmit",
      "--strict",
      "--module",
      "nodenext",
      "--target",
      "es2024",
      "--types",
      "node",
    ];
    await run(join(root, "node_modules/.bin/tsc"), [...options, author], { cwd: folder });

    const manifest = JSON.parse(await readFile(join(packages, "@outrigger/plugin/package.json"), "utf8")) as object;
    assert.deepEqual(manifest, {
      ...manifest,
      exports: { ".": { types: "./dist/index.d.ts", default: "./dist/index.js" } },
    });
  } finally {
    await rm(folder, { recursive: true });
  }
});
