// The architecture, as a test: docs/design.md says who may import whom, and this reads the imports.
import assert from "node:assert/strict";
import { globSync, readFileSync } from "node:fs";
import { isBuiltin } from "node:module";
import { test } from "node:test";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("..", import.meta.url));

/** Ours that a package's source may import. `e2e`, `bench` and `examples` may import anything of ours. */
const mayImport: Record<string, readonly string[]> = {
  protocol: [],
  linux: [],
  store: [],
  policy: [],
  plugin: ["protocol"],
  engine: ["protocol"],
  conformance: ["protocol", "engine"],
  doctor: ["protocol", "engine", "linux"],
  inspector: ["protocol", "plugin", "engine"],
  "volume-core": ["protocol", "plugin", "linux", "store"],
  "storage-api": ["protocol", "plugin", "linux", "volume-core"],
  "network-core": ["protocol", "plugin", "linux", "store"],
  cli: [
    "protocol",
    "plugin",
    "engine",
    "conformance",
    "doctor",
    "inspector",
    "storage-api",
    "linux",
    "store",
    "volume-core",
    "network-core",
    "policy",
  ],
};

/** What a plugin may import, and what its tests may besides. */
const pluginMayImport = [
  "protocol",
  "plugin",
  "engine",
  "linux",
  "store",
  "volume-core",
  "storage-api",
  "network-core",
  "policy",
];
const testsMayImport = ["conformance", "engine", "plugin", "linux"];

/** Packages that must run with nothing but Node. */
const noThirdParty = ["protocol", "plugin", "engine", "conformance", "linux"];

const sources = globSync(["packages/*/src/**/*.ts", "plugins/*/src/**/*.ts"], { cwd: root }).sort();

interface Import {
  readonly from: string;
  readonly to: string;
}

test("each package imports only what its place in the house allows", () => {
  const wrong = importsOf(sources).filter(({ from, to }) => {
    const target = ours(to);
    if (target === undefined || target === owner(from)) return false;
    const allowed = from.startsWith("plugins/") ? pluginMayImport : (mayImport[owner(from)] ?? []);
    return !allowed.includes(target) && !(isTest(from) && testsMayImport.includes(target));
  });
  assert.deepEqual(wrong, []);
});

test("packages are imported by name, files of the same package by path, nothing by a deep path", () => {
  const wrong = importsOf(sources).filter(({ from, to }) => {
    if (to.startsWith("."))
      return new URL(to, `file:///${from}`).pathname.split("/")[2] !== owner(from) || !to.endsWith(".ts");
    return to.startsWith("@outrigger/") ? to.split("/").length > 2 : to === "outrigger";
  });
  assert.deepEqual(wrong, []);
});

test("the packages that promise it have no third-party dependency at run time", () => {
  for (const name of noThirdParty.filter((name) => globSync(`packages/${name}`, { cwd: root }).length > 0)) {
    const manifest = JSON.parse(readFileSync(`${root}packages/${name}/package.json`, "utf8")) as {
      dependencies?: object;
    };
    const others = Object.keys(manifest.dependencies ?? {}).filter((dependency) => ours(dependency) === undefined);
    assert.deepEqual(others, [], name);
  }
});

test("what a package imports is declared in its package.json, and the other way round", () => {
  for (const folder of globSync(["packages/*", "plugins/*"], { cwd: root }).sort()) {
    const manifest = JSON.parse(readFileSync(`${root}${folder}/package.json`, "utf8")) as { dependencies?: object };
    const files = sources.filter((file) => file.startsWith(`${folder}/`) && !isTest(file));
    const used = importsOf(files)
      .map(({ to }) => to)
      .filter((to) => !to.startsWith(".") && !isBuiltin(to))
      .map((to) =>
        to
          .split("/")
          .slice(0, to.startsWith("@") ? 2 : 1)
          .join("/"),
      );
    assert.deepEqual([...new Set(used)].sort(), Object.keys(manifest.dependencies ?? {}).sort(), folder);
  }
});

test("processes start in packages/linux alone", () => {
  const wrong = importsOf(sources).filter(
    ({ from, to }) => !isTest(from) && owner(from) !== "linux" && /^(node:)?child_process$/.test(to),
  );
  assert.deepEqual(wrong, []);
});

test("the project names no registry host and no machine's path, and its lock file no download address", () => {
  const files = globSync(["**/*.{ts,mjs,json,md,go,sh}", ".ci/*", ".npmrc"], {
    cwd: root,
    exclude: (path) => /(^|\/)(node_modules|build|\.lab|\.git)(\/|$)/.test(path),
  });
  // Written so that this file does not match itself.
  const hosts = /registry\.npm[j]s|deb\.deb[i]an|snapshot\.deb[i]an|\/work\/(main|shared|\.)/;
  for (const file of files) assert.doesNotMatch(readFileSync(root + file, "utf8"), hosts, file);
  assert.doesNotMatch(readFileSync(`${root}package-lock.json`, "utf8"), /"resolved": "http/);
});

const importLine = /^(?:import|export)\s(?:[^"';]*?\sfrom\s)?["']([^"']+)["']|\bimport\(\s*["']([^"']+)["']/gm;

function importsOf(files: readonly string[]): Import[] {
  return files.flatMap((from) =>
    [...readFileSync(root + from, "utf8").matchAll(importLine)].map((match) => ({
      from,
      to: match[1] ?? match[2] ?? "",
    })),
  );
}

/** The folder a file belongs to: `volume-core`, `volume-local`. */
function owner(file: string): string {
  return file.split("/")[1] ?? "";
}

function ours(specifier: string): string | undefined {
  return specifier.startsWith("@outrigger/") ? specifier.split("/")[1] : specifier === "outrigger" ? "cli" : undefined;
}

function isTest(file: string): boolean {
  return file.endsWith(".test.ts") || file.includes("/test/");
}
