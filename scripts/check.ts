// The quick gate: format, lint, types, generated pages, unused code, unit tests. Each line says how long it took.
import { spawn } from "node:child_process";
import { globSync } from "node:fs";
import { join } from "node:path";
import { text as readAll } from "node:stream/consumers";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("..", import.meta.url));

// Types are stripped once, not by each process that a test starts.
const env = { ...process.env, NODE_COMPILE_CACHE: join(root, "node_modules", ".cache", "node") };

const testing = [process.execPath, "--test", "--test-reporter=dot"];

/** The tests of packages that leave nothing behind in their process: together they start in the time of one. */
const together = (where: string): string[] => [...testing, "--test-isolation=none", ...unitTests(where)];

/** The long ones first, so that none is left to run alone. */
const steps: readonly (readonly [string, readonly string[]])[] = [
  ["unit tests: the plugin's side", together("packages/plugin")],
  ["unit tests: the engine's side", together("packages/{conformance,doctor,engine,inspector,protocol}")],
  ["unit tests: volumes", together("packages/volume-core")],
  ["unit tests: what volumes stand on", together("{packages/{linux,storage-api,store},plugins/*}")],
  ["unit tests: the rest", [...testing, "--test-concurrency=2", ...unitTests("{packages/cli,examples,test}")]],
  ["lint", ["oxlint", "--quiet"]],
  ["types", ["tsc", "--noEmit"]],
  ["types of the inspector's page", ["tsc", "--noEmit", "--project", "packages/inspector/page"]],
  ["unused code", ["knip", "--no-config-hints"]],
  ["generated pages", [process.execPath, "scripts/write-pages.ts", "--check"]],
  ["format", ["oxfmt", "--check", "."]],
];

/** Each waits now and then, the tests for their plugins above all; more than these would only take turns. */
const atOnce = 4;

const waiting = [...steps];
await Promise.all(Array.from({ length: atOnce }, takeSteps));

async function takeSteps(): Promise<void> {
  for (let step = waiting.shift(); step !== undefined; step = waiting.shift()) await run(...step);
}

async function run(name: string, [command = "", ...args]: readonly string[]): Promise<void> {
  const started = performance.now();
  const child = spawn(command, args, { cwd: root, env, stdio: ["ignore", "pipe", "pipe"] });
  const status = new Promise((resolve) => child.once("error", resolve).once("exit", resolve));
  const output = await Promise.all([readAll(child.stdout), readAll(child.stderr)]);
  const failed = (await status) !== 0;
  const seconds = ((performance.now() - started) / 1000).toFixed(1);
  if (!failed) return console.log(`ok    ${name} (${seconds} s)`);
  process.exitCode = 1;
  console.log(`FAIL  ${name} (${seconds} s): ${[command, ...args].slice(0, 3).join(" ")}\n${output.join("")}`);
}

function unitTests(where: string): string[] {
  return globSync(`${where}/**/*.test.ts`, { cwd: root, exclude: (path) => path.includes("node_modules") }).sort();
}
