// A plugin that is saved again and again while a real engine and a container use it.
import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { plainEnvironment } from "@outrigger/linux";
import { until } from "./plugin-on-host.ts";
import { story } from "./story.ts";

const root = fileURLToPath(new URL("..", import.meta.url));

story("outrigger dev replaces a plugin under the engine, and no docker command notices", async (host) => {
  await using project = await projectFolder();
  const file = join(project.path, "volume.ts");
  const example = await readFile(join(root, "examples", "volume.ts"), "utf8");
  await writeFile(file, example);
  let served = 0;
  const onOutput = (chunk: Buffer): void => void (served += chunk.toString().split('"event":"serving"').length - 1);
  const argv = [process.execPath, join(root, "packages/cli/src/main.ts"), "dev", file, "--no-types", "--json"];
  // A folder that the lab's engine sees, as any engine sees all of its machine.
  const dev = await host.start([...argv, "--opt", "root=/var/lib/outrigger/folders"], {
    env: plainEnvironment,
    onOutput,
  });
  await until("the first version serves", () => served === 1);
  await host.image("busybox");
  const mount = ["--volume-driver", "folders", "-v", "data:/data", "busybox"];
  await host.docker(["run", "-d", "--name", "user", ...mount, "sleep", "1d"]);

  const over = new AbortController();
  let commands = 0;
  const user = (async (): Promise<void> => {
    for (; !over.signal.aborted; commands++) {
      await host.docker(["volume", "create", "-d", "folders", `volume-${commands}`]);
      assert.match(await host.docker(["volume", "ls", "-q"]), /^data$/m);
      await host.docker(["volume", "rm", `volume-${commands}`]);
    }
  })();
  for (const version of [2, 3]) {
    await writeFile(file, `${example}// ${version}\n`);
    await Promise.race([until(`version ${version} serves`, () => served >= version), user]);
  }
  over.abort();
  await user;
  assert.ok(commands > 0);
  await host.docker(["exec", "user", "sh", "-c", "echo hello >/data/file"]);
  await host.docker(["rm", "-f", "user"]);
  assert.equal(await host.docker(["run", "--rm", ...mount, "cat", "/data/file"]), "hello");

  dev.kill("SIGTERM");
  assert.deepEqual(await dev.ended, { code: 0, signal: null });
  assert.equal(existsSync(host.path("/run/docker/plugins/folders.sock")), false);
});

/** Inside of the checkout, where what a plugin imports is found. */
async function projectFolder(): Promise<AsyncDisposable & { readonly path: string }> {
  await mkdir(join(root, "build"), { recursive: true });
  const path = await mkdtemp(join(root, "build", "dev-"));
  return { path, [Symbol.asyncDispose]: () => rm(path, { recursive: true, force: true }) };
}
