// The quick gate: format, lint, types, generated pages, unused code, unit tests. Each line says how long it took.
import { spawnSync } from "node:child_process";
import { globSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("..", import.meta.url));

// Types are stripped once, not by each process that a test starts.
const env = { ...process.env, NODE_COMPILE_CACHE: join(root, "node_modules", ".cache", "node") };

/** Packages whose tests leave nothing behind in their process: together they start in the time of one. */
const shared = "packages/{conformance,doctor,inspector,protocol,store}";
const own = "{packages/{cli,engine,linux,plugin,storage-api,volume-core},plugins/*,examples,test}";
const testing = ["--test", "--test-reporter=dot"];

const steps: Record<string, string[]> = {
  format: ["oxfmt", "--check", "."],
  lint: ["oxlint", "--quiet"],
  types: ["tsc", "--noEmit"],
  "types of the inspector's page": ["tsc", "--noEmit", "--project", "packages/inspector/page"],
  "generated pages": [process.execPath, "scripts/write-pages.ts", "--check"],
  "unused code": ["knip", "--no-config-hints"],
  "unit tests": [process.execPath, ...testing, "--test-concurrency=4", ...unitTests(own)],
  "unit tests in one process": [process.execPath, ...testing, "--test-isolation=none", ...unitTests(shared)],
};

for (const [name, [command = "", ...args]] of Object.entries(steps)) {
  const started = performance.now();
  const { status, stdout, stderr } = spawnSync(command, args, { cwd: root, env, encoding: "utf8" });
  const seconds = ((performance.now() - started) / 1000).toFixed(1);
  if (status === 0) {
    console.log(`ok    ${name} (${seconds} s)`);
    continue;
  }
  console.log(`FAIL  ${name} (${seconds} s): ${[command, ...args].slice(0, 3).join(" ")}\n${stdout}${stderr}`);
  process.exit(1);
}

function unitTests(where: string): string[] {
  return globSync(`${where}/**/*.test.ts`, { cwd: root, exclude: (path) => path.includes("node_modules") }).sort();
}
