// Everything: the quick gate, then every story on real engines and what else takes long. Named files: only those.
import { spawnSync } from "node:child_process";
import { globSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("..", import.meta.url));

const named = process.argv.slice(2);
// Programs that set-up unpacked come first, so that every machine is tested with the same.
const programs = join(root, ".lab", "programs", "commands");
// Thousands of processes run the same sources.
const cache = join(root, "node_modules", ".cache", "node");
const env = { ...process.env, OUTRIGGER_PROGRAMS: programs, NODE_COMPILE_CACHE: cache };

if (named.length === 0) run(process.execPath, ["scripts/check.ts"]);
run(process.execPath, [
  "--test",
  "--test-concurrency=2",
  // Of a file, ten times what the longest takes: one that hangs is a failure, and the others go on.
  "--test-timeout=1200000",
  "--test-reporter=spec",
  ...(named.length > 0 ? named : stories()),
]);

function stories(): string[] {
  return globSync(["e2e/**/*.e2e.ts", "{packages,plugins}/*/test/**/*.e2e.ts", "test/*.e2e.ts"], {
    cwd: root,
    exclude: (path) => path.includes("node_modules"),
  }).sort();
}

function run(command: string, args: string[]): void {
  const { status } = spawnSync(command, args, { cwd: root, stdio: "inherit", env });
  if (status !== 0) process.exit(status ?? 1);
}
