// Volumes when the engine, the plugin, the disk or the machine fails them, judged by what the kernel shows.
import assert from "node:assert/strict";
import { mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { findFolderUsers, run, startChild, type Child } from "@outrigger/linux";
import { openStore } from "@outrigger/store";
import { createWithFile, names, openStage, status, temporaryFolder, until, type Stage } from "../test/stage.ts";

const skip = await whyNot();

test(
  "after a crash of the engine its container starts with the same id, and one Unmount is enough",
  { skip },
  async () => {
    await using stage = await openStage();
    await stage.driver.create({ Name: "data" });
    await stage.driver.mount({ Name: "data", ID: "a" });
    engineStarts(stage);
    assert.deepEqual((await status(stage, "data"))["holders"], [{ ID: "a", mounts: 1, carried: 1 }]);
    await stage.driver.mount({ Name: "data", ID: "a" });
    assert.deepEqual((await status(stage, "data"))["holders"], [{ ID: "a", mounts: 1 }]);
    await stage.driver.unmount({ Name: "data", ID: "a" });
    assert.ok(!stage.backend.attached.has("data"));
  },
);

test(
  "a container that outlived the engine keeps its volume through docker cp, until its own Unmount",
  { skip },
  async () => {
    await using stage = await openStage();
    await stage.driver.create({ Name: "data" });
    await using container = await startContainer(stage, "data");
    engineStarts(stage);
    for (let i = 0; i < 2; i++) {
      await stage.driver.mount({ Name: "data", ID: "container" });
      await stage.driver.unmount({ Name: "data", ID: "container" });
    }
    assert.deepEqual((await status(stage, "data"))["holders"], [{ ID: "container", mounts: 1, carried: 1 }]);
    await container.stop();
    assert.deepEqual((await status(stage, "data"))["holders"], []);
    assert.ok(!stage.backend.attached.has("data"));
  },
);

test("a restart of the plugin neither disturbs a running container nor forgets it", { skip }, async () => {
  await using stage = await openStage();
  await stage.driver.create({ Name: "data" });
  await using container = await startContainer(stage, "data");
  await stage.restart();
  await stage.volumes.recovered;
  assert.deepEqual(stage.backend.done, ["provision data", "attach data"]);
  await assert.rejects(
    stage.driver.remove({ Name: "data" }),
    /in use \(mounted as container; mounted by process \d+ on .*elsewhere\)/,
  );
  await container.stop();
  await stage.driver.remove({ Name: "data" });
});

test("an Unmount that was lost while the plugin was down is made up for", { skip }, async () => {
  await using stage = await openStage();
  await stage.driver.create({ Name: "data" });
  await using container = await startContainer(stage, "data");
  await stage.restart();
  await container.die();
  await stage.driver.remove({ Name: "data" });
  assert.ok(!stage.backend.attached.has("data"));
});

test(
  "a volume that somebody has mounted without a hold is not removed, and not detached until they let go",
  { skip },
  async () => {
    await using stage = await openStage({ lingerMs: 10 });
    await createWithFile(stage, "data");
    await using container = await startContainer(stage, "data");
    await stage.driver.unmount({ Name: "data", ID: "container" });
    assert.match(
      String((await status(stage, "data"))["reason"]),
      /^still mounted by process \d+ on .*elsewhere, though nobody/,
    );
    await assert.rejects(stage.driver.remove({ Name: "data" }), /in use \(mounted by process \d+/);
    assert.equal(await readFile(join(container.mountpoint, "file"), "utf8"), "data");
    assert.ok(stage.backend.attached.has("data"));
    await container.die();
    await until("it is detached", () => !stage.backend.attached.has("data"));
  },
);

test("a volume in which something is mounted is not removed", { skip }, async () => {
  await using stage = await openStage();
  await createWithFile(stage, "data");
  const { Mountpoint } = await stage.driver.mount({ Name: "data", ID: "a" });
  await stage.driver.unmount({ Name: "data", ID: "a" });
  const precious = join(stage.root, "precious");
  await mkdir(precious);
  await mkdir(join(Mountpoint, "inner"));
  await run(["mount", "--bind", precious, join(Mountpoint, "inner")]);
  try {
    await assert.rejects(
      stage.driver.remove({ Name: "data" }),
      /is mounted on .*\/data\/inner; unmount it first: umount /,
    );
  } finally {
    await run(["umount", join(Mountpoint, "inner")]);
  }
  await stage.driver.remove({ Name: "data" });
});

test(
  "on a full disk calls fail and say so, save Unmount and Remove, and go through once there is room",
  { skip },
  async () => {
    await using disk = await temporaryFolder();
    await run(["mount", "-t", "tmpfs", "-o", "size=2m", "none", disk.path]);
    await using _unmount = { [Symbol.asyncDispose]: async () => void (await run(["umount", disk.path])) };
    const filler = join(disk.path, "filler");
    await using stage = await openStage({ root: join(disk.path, "root") });
    await createWithFile(stage, "data");
    await stage.driver.mount({ Name: "data", ID: "a" });

    await assert.rejects(writeFile(filler, Buffer.alloc(4 << 20)), { code: "ENOSPC" });
    const full = /the plugin's state could not be written: database or disk is full/;
    for (let i = 0; i < 2; i++) await assert.rejects(stage.driver.create({ Name: "more" }), full);
    await assert.rejects(stage.driver.mount({ Name: "data", ID: "b" }), full);
    assert.deepEqual(await names(stage), ["data"]);
    assert.deepEqual((await status(stage, "data"))["holders"], [{ ID: "a", mounts: 1 }]);

    // There is a little room kept for these.
    await stage.driver.unmount({ Name: "data", ID: "a" });
    await stage.driver.remove({ Name: "data" });
    await rm(filler);
    await stage.driver.create({ Name: "more" });
    assert.deepEqual(await names(stage), ["more"]);
  },
);

test("after a start of the machine nothing is mounted or held, and the data is there", async () => {
  await using stage = await openStage();
  await createWithFile(stage, "data");
  await stage.driver.mount({ Name: "data", ID: "a" });
  await stage.volumes[Symbol.asyncDispose]();
  {
    await using store = openStore({ file: join(stage.root, "state.db") });
    store.table("machine", String).set("bootId", "the one before");
  }
  await stage.restart();
  const shown = await status(stage, "data");
  assert.deepEqual([shown["state"], shown["holders"]], ["ready", []]);
  const { Mountpoint } = await stage.driver.mount({ Name: "data", ID: "a" });
  assert.equal(await readFile(join(Mountpoint, "file"), "utf8"), "data");
});

/** A process that has the volume mounted where only it can see it, as a container has. */
interface Container extends AsyncDisposable {
  readonly mountpoint: string;
  /** Ends it, then tells the plugin as the engine does. */
  stop(): Promise<void>;
  /** Ends it without a word. */
  die(): Promise<void>;
}

async function startContainer(stage: Stage, name: string): Promise<Container> {
  const { Mountpoint } = await stage.driver.mount({ Name: name, ID: "container" });
  const elsewhere = join(stage.root, "elsewhere");
  await mkdir(elsewhere, { recursive: true });
  const ready = Promise.withResolvers<void>();
  const script = 'mount --bind "$1" "$2" && echo ready && exec cat';
  const child: Child = await startChild(["unshare", "--mount", "sh", "-c", script, "sh", Mountpoint, elsewhere], {
    onOutput: () => ready.resolve(),
  });
  await Promise.race([ready.promise, child.ended]);
  assert.match(child.output(), /^ready$/m);
  const die = async (): Promise<void> => {
    child.kill("SIGKILL");
    await child.ended;
  };
  return {
    mountpoint: `/proc/${child.pid}/root${elsewhere}`,
    die,
    async stop() {
      await die();
      await stage.driver.unmount({ Name: name, ID: "container" });
    },
    [Symbol.asyncDispose]: die,
  };
}

function engineStarts(stage: Stage): void {
  stage.volumes.hooks.onActivate?.();
}

async function whyNot(): Promise<string | false> {
  if (process.env["CI"] === "true") return false;
  if (process.getuid?.() !== 0) return "needs root to mount in a namespace of its own";
  return !(await findFolderUsers("/")).complete && "needs to see all processes of the machine";
}
