// Everything: the quick gate, then every story on real engines and what else takes long.
import { spawnSync } from "node:child_process";
import { globSync } from "node:fs";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("..", import.meta.url));

run(process.execPath, ["scripts/check.ts"]);
run(process.execPath, [
  "--test",
  "--test-concurrency=2",
  "--test-reporter=spec",
  ...globSync(["e2e/**/*.e2e.ts", "plugins/*/test/*.e2e.ts"], { cwd: root }).sort(),
]);

function run(command: string, args: string[]): void {
  const { status } = spawnSync(command, args, { cwd: root, stdio: "inherit" });
  if (status !== 0) process.exit(status ?? 1);
}
