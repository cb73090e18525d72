// A project of each kind, made by the command as it is published, and used as its author would. One installation serves
// all of them, and none of it comes from the network.
import assert from "node:assert/strict";
import { mkdir, mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { after, before, suite, test } from "node:test";
import { fileURLToPath } from "node:url";
import { enterNamespaces, run, startChild, type Child, type RunResult } from "@outrigger/linux";
import { kinds, type Kind } from "../src/init-project.ts";

const root = fileURLToPath(new URL("../../..", import.meta.url));
const tsc = join(root, "node_modules/.bin/tsc");

/** A plugin that makes links makes them in a network namespace of its own, where /sys shows no others. */
function apart(kind: Kind, argv: readonly string[]): string[] {
  if (kind !== "network") return [...argv];
  return ["unshare", "--net", "--mount", "sh", "-c", 'mount -t sysfs none /sys && exec "$@"', "sh", ...argv];
}

/** Whoever looks for its links looks there. */
function beside(kind: Kind, pid: number, argv: readonly string[]): string[] {
  return kind === "network" ? enterNamespaces(argv, { pid, namespaces: ["net", "mount"] }) : [...argv];
}

suite("outrigger init", () => {
  let folder = "";
  let command = "";

  // Inside of the checkout, where what the packages themselves depend on is found.
  before(async () => {
    await mkdir(join(root, "build"), { recursive: true });
    folder = await mkdtemp(join(root, "build", "init-"));
    await run([process.execPath, join(root, "scripts/build.ts"), folder]);
    command = join(folder, "node_modules/outrigger/dist/main.js");
  });
  after(() => rm(folder, { recursive: true, force: true }));

  const outrigger = (args: readonly string[]): Promise<RunResult> =>
    run([process.execPath, command, ...args], { cwd: folder, accept: [0, 1, 2, 3] });

  for (const kind of kinds) {
    test(`a project of the kind ${kind} type-checks, passes its test, is served, and conforms`, async () => {
      const made = await outrigger(["init", kind, kind, "--name", `acme-${kind}`, "--json"]);
      assert.equal(made.stderr, "");
      const { files } = JSON.parse(made.stdout) as { files: string[] };
      const project = join(folder, kind);
      assert.deepEqual((await readdir(project)).sort(byText), files.sort(byText));

      await run([tsc, "--noEmit"], { cwd: project });
      const tested = await run([process.execPath, "--test", "--test-reporter=tap"], { cwd: project });
      assert.match(tested.stdout, /^# pass [1-9]\d*\n# fail 0$/m);
      // Making links needs root, which CI has.
      if (process.getuid?.() === 0 || process.env["CI"] === "true") assert.match(tested.stdout, /^# skipped 0$/m);

      const manifest = JSON.parse(await readFile(join(project, "package.json"), "utf8")) as {
        scripts: { start: string };
      };
      const [, ...args] = manifest.scripts.start.split(" ");
      const state = kind === "authz" ? [] : ["--root", join(project, "state")];
      const argv = [process.execPath, command, ...args, "--plugins-dir", project, ...state];
      await using child = await startChild(apart(kind, argv), { cwd: project });
      await saysServing(child);
      const address = `unix://${join(project, `acme-${kind}.sock`)}`;
      const conform = [process.execPath, command, "conform", address, "--strict"];
      const judged = await run(beside(kind, child.pid, conform), { accept: [0, 1] });
      assert.equal(judged.code, 0, judged.stdout);
      assert.match(judged.stdout, /, 0 failed, /);
    });
  }

  test("what it publishes is JavaScript that is served by its package's name", async () => {
    await outrigger(["init", "authz", "node_modules/acme-published"]);
    const project = join(folder, "node_modules/acme-published");
    await run([tsc], { cwd: project });
    const argv = [process.execPath, command, "serve", "acme-published", "--plugins-dir", project];
    await using child = await startChild(argv, { cwd: folder });
    await saysServing(child);
  });
});

async function saysServing(child: Child): Promise<void> {
  let over = false;
  void child.ended.then(() => (over = true));
  for (const limit = performance.now() + 60_000; !/ serves /.test(child.output());) {
    assert.ok(!over && performance.now() < limit, `it does not serve: ${child.output()}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

function byText(a: string, b: string): number {
  return a < b ? -1 : 1;
}
