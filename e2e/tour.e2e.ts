// What `npm start` shows, on each kind of stage; afterwards nothing of it is there.
import assert from "node:assert/strict";
import { chmod, mkdir, readdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { lab } from "@outrigger/e2e/lab";
import { plainEnvironment, run, startChild } from "@outrigger/linux";

const start = fileURLToPath(new URL("../scripts/start.ts", import.meta.url));
const roots = fileURLToPath(new URL("../.lab/engines/", import.meta.url));

test("the tour goes through where there is no engine, and leaves nothing", async () => {
  const before = await leftovers();
  const { stdout } = await run([process.execPath, start, "--engine", "none", "--once"]);
  assertTour(stdout);
  assert.match(stdout, /No Docker Engine \(no engine was asked for\)/);
  assert.match(stdout, /no snapshots and clones: volumes are plain folders on this stage, which have none/);
  assert.deepEqual(await leftovers(), before);
});

test("an engine that nobody knows is wrong usage", async () => {
  const { stderr } = await run([process.execPath, start, "--engine", "19.03"], { accept: [2] });
  assert.match(stderr, /^there is no engine "19.03"; use /);
});

for (const engine of lab.engines()) {
  test(`the tour goes through on an engine of its own (engine ${engine})`, { skip: lab.skip(engine) }, async () => {
    const { stdout } = await run([process.execPath, start, "--once", "--engine", engine]);
    assertTour(stdout);
    assert.match(stdout, /nothing on this machine is touched/);
    assert.match(
      stdout,
      /from=data@before copy\n[^$]*\$ docker run [^\n]*\n[^$]*changed since\nwritten by the first container\n/,
    );
  });
}

test(
  "the tour goes through on the engine that a machine has, and takes back what it made",
  { skip: lab.skip() },
  async () => {
    await using host = await lab.host();
    // On this host the lab's engine is the machine's own: `docker` finds it.
    const bin = join(host.share, "bin");
    await mkdir(bin);
    const root = join(roots, host.engine.version);
    const docker = `exec ${root}/lib64/ld-linux-x86-64.so.2 --library-path ${root}/usr/lib/x86_64-linux-gnu ${root}/usr/bin/docker`;
    await writeFile(join(bin, "docker"), `#!/bin/sh\n${docker} -H unix://${host.engine.socket} "$@"\n`);
    await chmod(join(bin, "docker"), 0o755);
    const path = `${bin}:${plainEnvironment["PATH"] ?? ""}`;
    const { stdout } = await host.run([
      "env",
      `PATH=${path}`,
      `TMPDIR=${host.share}`,
      process.execPath,
      start,
      "--engine",
      "system",
      "--once",
    ]);
    assertTour(stdout);
    assert.match(stdout, /This machine's own Docker Engine/);
    assert.match(stdout, /no snapshots and clones: volumes are plain folders on this stage/);
    assert.equal(await host.docker(["image", "ls", "--quiet"]), "");
    assert.deepEqual(await readdir(host.path("/run/docker/plugins")), []);
  },
);

test("it stays up until Ctrl-C, its commands work meanwhile, and then all is gone", { skip: lab.skip() }, async () => {
  const before = await leftovers();
  await using tour = await startChild([process.execPath, start]);
  const command = await until(() => /^ {2}(\S+) volume inspect mine$/m.exec(tour.output())?.[1]);
  await run([command, "volume", "create", "-d", "volume-local", "mine"]);
  assert.match((await run([command, "volume", "inspect", "mine"])).stdout, /"Driver": "volume-local"/);
  tour.kill("SIGINT");
  assert.deepEqual(await tour.ended, { code: 0, signal: null });
  assert.deepEqual(await leftovers(), before);
});

function assertTour(output: string): void {
  for (const line of [
    "$ docker volume create -d volume-local data",
    "volume-local VolumeDriver.Create data: ok",
    'VolumeDriver.Mount data: {"Mountpoint":',
    "written by the first container",
    "VolumeDriver.Unmount data: ok",
    "$ docker volume inspect data",
    "VolumeDriver.Remove data: ok",
  ]) {
    assert.ok(output.includes(line), `the tour did not show ${JSON.stringify(line)}:\n${output}`);
  }
}

/** Folders that a tour keeps on the machine while it is up. */
async function leftovers(): Promise<string[]> {
  const names = (await Promise.all(["/var/tmp", "/tmp"].map((folder) => readdir(folder)))).flat();
  return names.filter((name) => name.startsWith("outrigger-tour-")).sort();
}

async function until<T>(condition: () => T | undefined): Promise<T> {
  const limit = AbortSignal.timeout(60_000);
  for (;;) {
    limit.throwIfAborted();
    const value = condition();
    if (value !== undefined) return value;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
