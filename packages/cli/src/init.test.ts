import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { mkdir, readdir, symlink, writeFile } from "node:fs/promises";
import { test } from "node:test";
import { outrigger } from "../test/command.ts";
import { refusalOf } from "../test/refusal.ts";
import { scratch } from "../test/scratch.ts";
import { kinds, projectFiles, tools } from "./init-project.ts";
import { createCommand } from "./init.ts";

test("init puts a whole project in its place, says what is next, and leaves nothing beside it", async () => {
  await using place = await scratch();
  await mkdir(place.path("work/empty"), { recursive: true });
  for (const folder of ["new/vol", "empty"]) {
    const { status, stdout, stderr } = await outrigger(["init", "volume", folder, "--name", "acme-vol"], {
      cwd: place.path("work"),
    });
    assert.deepEqual([status, stderr], [0, ""]);
    assert.match(stdout, new RegExp(`^${folder}: volume\\.ts, .*\\n\\nNext:\\n  cd ${folder}\\n  npm install\\n`));
    assert.match(stdout, /docker run .*--volume-driver acme-vol /);
    const files = (await readdir(place.path(`work/${folder}`))).sort((a, b) => (a < b ? -1 : 1));
    assert.deepEqual(files, [
      ".gitignore",
      "README.md",
      "package.json",
      "tsconfig.json",
      "volume.test.ts",
      "volume.ts",
    ]);
  }
  assert.deepEqual(await readdir(place.path("work")), ["empty", "new"]);
  assert.deepEqual(await readdir(place.path("work/new")), ["vol"]);
});

test("init refuses a folder that is taken, and a name that is no good, with the way out", async () => {
  await using place = await scratch();
  const full = await place.write("full/file", "");
  await symlink(place.path("nowhere"), place.path("link"));
  for (const [args, told] of [
    [["volume", place.path("full")], /full is not empty \(file is there\); name a new folder/],
    [["volume", full, "--name", "x"], /file is no folder/],
    [["volume", place.path("link")], /link/],
    [["volume", process.cwd(), "--name", "x"], /working folder cannot be replaced/],
    [["volume", place.path("Upper")], /"Upper" cannot be the name/],
    [["volume", place.path("a"), "--name", "../x"], /"\.\.\/x" cannot be the name/],
    [["volume", place.path("a"), "--name", "local"], /"local" is the engine's own/],
    [["network", place.path("bridge")], /"bridge" is the engine's own/],
  ] as const) {
    const { message, status } = await refusalOf(createCommand(), args);
    assert.match(message, told);
    assert.equal(status, 2, message);
  }
  assert.deepEqual(
    (await readdir(place.path("."))).sort((a, b) => (a < b ? -1 : 1)),
    ["full", "link", "plugins", "specs"],
  );
  await writeFile(full, "");
});

test("a project has the example under its own name, and nothing is left of the example's", () => {
  for (const kind of kinds) {
    const all = [...projectFiles(kind, "acme-x").values()].join("\n");
    assert.match(all, /"acme-x"/);
    assert.doesNotMatch(all, /\b(folders|wires|counting|no-privileged|logbook)\b/, kind);
  }
});

test("a project's tools are those that we are checked with ourselves", () => {
  const manifest = JSON.parse(readFileSync(new URL("../../../package.json", import.meta.url), "utf8")) as {
    devDependencies: object;
  };
  assert.partialDeepStrictEqual(manifest.devDependencies, tools);
});
