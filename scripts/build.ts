// Writes what is published: build/node_modules/<package>/ with JavaScript, types and a package.json that names them.
import { spawnSync } from "node:child_process";
import {
  chmodSync,
  copyFileSync,
  cpSync,
  existsSync,
  globSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { join, relative, resolve } from "node:path";
import { fileURLToPath } from "node:url";

interface Manifest {
  readonly name: string;
  readonly private?: boolean;
  readonly bin?: Record<string, string>;
  readonly exports?: unknown;
  readonly files?: readonly string[];
  readonly devDependencies?: unknown;
}

const root = fileURLToPath(new URL("..", import.meta.url));
const target = resolve(root, process.argv[2] ?? "build");
const emitted = join(target, ".emitted");

rmSync(join(target, "node_modules"), { recursive: true, force: true });
mkdirSync(target, { recursive: true });
compile();
for (const folder of globSync(["packages/*", "plugins/*"], { cwd: root }).sort()) writePackage(folder);
rmSync(emitted, { recursive: true });

/** Compiles all sources but the tests in one go, types included; ends the process where they do not compile. */
function compile(): void {
  const config = join(target, "tsconfig.json");
  const here = (pattern: string): string => join(relative(target, root), pattern);
  const compilerOptions = {
    noEmit: false,
    incremental: false,
    rootDir: here("."),
    outDir: emitted,
    declaration: true,
    rewriteRelativeImportExtensions: true,
  };
  const include = ["packages/*/src/**/*.ts", "plugins/*/src/**/*.ts"].map(here);
  const settings = { extends: here("tsconfig.json"), compilerOptions, include, exclude: ["**/*.test.ts"].map(here) };
  writeFileSync(config, JSON.stringify(settings));
  const { status, stdout, stderr } = spawnSync(join(root, "node_modules/.bin/tsc"), ["--project", config], {
    cwd: root,
    encoding: "utf8",
  });
  rmSync(config);
  if (status === 0) return;
  console.error(`the sources do not compile:\n${stdout}${stderr}`);
  process.exit(1);
}

function writePackage(folder: string): void {
  const manifest = JSON.parse(readFileSync(join(root, folder, "package.json"), "utf8")) as Manifest;
  if (manifest.private === true) return;
  const place = join(target, "node_modules", manifest.name);
  mkdirSync(place, { recursive: true });
  renameSync(join(emitted, folder, "src"), join(place, "dist"));
  const hasTemplates = manifest.bin !== undefined;
  if (hasTemplates) copyTemplates(join(place, "templates"));
  // What a browser is sent, as it stands.
  const page = join(root, folder, "page");
  const hasPage = existsSync(page);
  if (hasPage) cpSync(page, join(place, "page"), { recursive: true, filter: (path) => !/\.(ts|json)$/.test(path) });
  const files = ["dist", ...(hasTemplates ? ["templates"] : []), ...(hasPage ? ["page"] : [])];
  const published = publishedManifest(manifest, files);
  writeFileSync(join(place, "package.json"), `${JSON.stringify(published, undefined, 2)}\n`);
  for (const file of Object.values(published.bin ?? {})) chmodSync(join(place, file), 0o755);
  for (const file of [join(folder, "README.md"), "LICENSE"]) {
    if (existsSync(join(root, file))) copyFileSync(join(root, file), join(place, file.replace(`${folder}/`, "")));
  }
}

/** What `outrigger init` begins a project with. */
function copyTemplates(to: string): void {
  const examples = join(root, "examples");
  mkdirSync(to, { recursive: true });
  for (const file of globSync("*.ts", { cwd: examples })) copyFileSync(join(examples, file), join(to, file));
}

function publishedManifest(manifest: Manifest, files: readonly string[]): Manifest {
  return {
    ...manifest,
    ...(manifest.bin && {
      bin: Object.fromEntries(Object.entries(manifest.bin).map(([name, file]) => [name, built(file)])),
    }),
    exports: { ".": { types: "./dist/index.d.ts", default: "./dist/index.js" } },
    files,
    // Left out of the JSON.
    devDependencies: undefined,
  };
}

function built(file: string): string {
  return file.replace("./src/", "./dist/").replace(/\.ts$/, ".js");
}
