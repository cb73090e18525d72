// kill -9 in the middle of a backend's command: before it, after it, while it goes on by itself; and again in recovery.
import assert from "node:assert/strict";
import { access, chmod, mkdir, readdir, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { plainEnvironment, readLoopDevices, readMounts, run } from "@outrigger/linux";
import { startVolumes, type Commander, type Place } from "./commander.ts";
import { runWithOwnMounts } from "./own-mounts.ts";
import { scratch } from "./scratch.ts";

runWithOwnMounts(import.meta.filename);

const folder = await scratch();
const programs = join(folder.path, "programs");
const armed = join(folder.path, "armed");

/** What becomes of the command when the plugin is killed. */
type Moment = "before" | "after" | "while it goes on";

const moments: Readonly<Record<Moment, (command: string) => string>> = {
  before: () => "kill -9 $PPID; exit 1",
  after: (command) => `${command} "$@"; kill -9 $PPID`,
  "while it goes on": (command) => `kill -9 $PPID; sleep 1; exec ${command} "$@"`,
};

interface Cut {
  readonly backend: "btrfs" | "image";
  /** The command, and a word that its arguments have. */
  readonly at: readonly [command: string, word: string];
  readonly moment: Moment;
  readonly call: readonly [verb: string, ...args: unknown[]];
}

const cuts: readonly Cut[] = [
  { backend: "image", moment: "while it goes on", at: ["mkfs.ext4", ""], call: ["create", "more", { size: "16MiB" }] },
  { backend: "image", moment: "after", at: ["cp", ""], call: ["clone", "data", "more"] },
  { backend: "image", moment: "before", at: ["resize2fs", ""], call: ["resize", "data", 24 * 2 ** 20] },
  { backend: "image", moment: "while it goes on", at: ["mount", ""], call: ["mount", "data", "container"] },
  { backend: "btrfs", moment: "while it goes on", at: ["btrfs", "create"], call: ["create", "more", {}] },
  { backend: "btrfs", moment: "after", at: ["btrfs", "snapshot"], call: ["restore", "data", "point"] },
  { backend: "btrfs", moment: "before", at: ["btrfs", "delete"], call: ["remove", "data"] },
];

before(async () => {
  await mkdir(programs);
  // One folder comes before the system's: what the machine's tests have there has to be in it too.
  const others = process.env["OUTRIGGER_PROGRAMS"] ?? "";
  const names = others === "" ? [] : await readdir(others);
  for (const name of names) await symlink(join(others, name), join(programs, name));
  for (const command of new Set(cuts.map(({ at: [command] }) => command))) {
    const { stdout } = await run(["sh", "-c", 'command -v "$0"', command]);
    const file = join(programs, command);
    // Fires once, where what lies in the file says so.
    const script = `#!/bin/sh\nreal=${stdout.trim()}\nif [ -f ${armed}-${command} ] && word=$(cat ${armed}-word) && case " $* " in *"$word"*) true;; *) false;; esac
then script=$(cat ${armed}-${command}); rm ${armed}-${command}; eval "$script"; exit; fi\nexec $real "$@"\n`;
    await rm(file, { force: true });
    await writeFile(file, script);
    await chmod(file, 0o755);
  }
  process.env["PATH"] = `${programs}:${plainEnvironment["PATH"] ?? ""}`;
  process.env["OUTRIGGER_PROGRAMS"] = programs;
});
after(() => folder[Symbol.asyncDispose]());

for (const [index, { backend, at, moment, call }] of cuts.entries()) {
  const [verb] = call;
  const [command, word] = at;
  const poolSize = backend === "btrfs" ? 300 * 2 ** 20 : undefined;
  const place = { root: join(folder.path, `root-${index}`), standardBackend: backend, poolSize };
  test(`${backend}: killed in the middle of ${verb}, ${moment} ${[command, word].join(" ").trim()}, and again in recovery`, async () => {
    {
      await using volumes = await startVolumes(place);
      await volumes.do("create", "data", { size: "16MiB" });
      await write(volumes, "kept");
      await volumes.do("snapshot", "data", "point");
      await arm({ command, word, moment });
      await assert.rejects(volumes.do(...call), /it ended/, `${verb} runs ${command} ${word}`);
      await assert.rejects(access(`${armed}-${command}`), { code: "ENOENT" });
    }
    // The first such command of its recovery, if it comes to one.
    await arm({ command, word: "", moment: "before" });
    await startVolumes(place).then(
      (volumes) => volumes[Symbol.asyncDispose](),
      () => {},
    );
    await rm(`${armed}-${command}`, { force: true });
    await using volumes = await startVolumes(place);
    await assertWhole(volumes, { place, removed: verb === "remove" });
  });
}

async function arm({ command, word, moment }: { command: string; word: string; moment: Moment }): Promise<void> {
  await writeFile(`${armed}-word`, word);
  await writeFile(`${armed}-${command}`, moments[moment]("$real"));
}

async function write(volumes: Commander, text: string): Promise<void> {
  // What `mount` answers.
  const { Mountpoint } = (await volumes.do("mount", "data", "writer")) as { Mountpoint: string };
  await writeFile(join(Mountpoint, "file"), text, { flush: true });
  await volumes.do("unmount", "data", "writer");
}

async function assertWhole(volumes: Commander, { place, removed }: { place: Place; removed: boolean }): Promise<void> {
  assert.deepEqual(await volumes.list(), removed ? [] : ["data"]);
  assert.deepEqual(await volumes.check(), []);
  if (!removed) {
    // What `mount` answers.
    const { Mountpoint } = (await volumes.do("mount", "data", "reader")) as { Mountpoint: string };
    assert.equal(await readFile(join(Mountpoint, "file"), "utf8"), "kept");
    await volumes.do("unmount", "data", "reader");
    assert.deepEqual((await volumes.inspect("data")).holders, []);
    await volumes.do("remove", "data");
  }
  assert.deepEqual(await volumes.check(), []);
  assert.deepEqual(await readdir(join(place.root, "volumes")), []);
  assert.deepEqual(await readdir(join(place.root, "pool", "volumes")).catch(() => []), []);
  const mounts = (await readMounts()).filter(({ mountpoint }) => mountpoint.startsWith(join(place.root, "volumes")));
  assert.deepEqual(mounts, []);
  const loops = (await readLoopDevices()).filter(({ file }) => file.startsWith(join(place.root, "volumes")));
  assert.deepEqual(loops, []);
}
