import assert from "node:assert/strict";
import { mkdir, mkdtemp, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { parseOptions } from "@outrigger/plugin";
import { backendCases } from "@outrigger/volume-core";
import { dir, dirOptions } from "./dir.ts";

const signal = new AbortController().signal;

for (const { title, run } of backendCases(dir)) {
  test(`dir: ${title}`, async () => {
    await using root = await temporaryFolder();
    await run({ backend: dir, root: root.path });
  });
}

test("a folder is owned by the plugin's own user and open to all for reading unless told", async () => {
  await using folder = await temporaryFolder();
  const [uid, gid] = [process.getuid?.(), process.getgid?.()];
  assert.deepEqual(await provisioned(folder.path, {}), { uid, gid, mode: 0o755 });
});

const skip = process.getuid?.() !== 0 && process.env["CI"] !== "true" && "needs root to give folders away";

test("owner, group and mode are those that were asked for, set-id bits included", { skip }, async () => {
  await using folder = await temporaryFolder();
  const options = { uid: "1000", gid: "4294967294", mode: "3770" };
  assert.deepEqual(await provisioned(folder.path, options), { uid: 1000, gid: 4294967294, mode: 0o3770 });
});

for (const [name, value] of [
  ["uid", "-1"],
  ["uid", "4294967295"],
  ["gid", "staff"],
  ["mode", "rwx"],
  ["mode", "0999"],
] as const) {
  test(`${name}=${value} is refused by the option's name`, () => {
    assert.throws(() => parseOptions(dirOptions, { [name]: value }), {
      name: "RequestError",
      message: new RegExp(`"${name}"`),
    });
  });
}

async function provisioned(folder: string, options: Record<string, string>) {
  const volume = { name: "data", folder: join(folder, "data-0"), options: parseOptions(dirOptions, options) };
  await mkdir(volume.folder);
  await dir.provision(volume, signal);
  const { uid, gid, mode } = await stat(await dir.attach(volume, signal));
  return { uid, gid, mode: mode & 0o7777 };
}

async function temporaryFolder() {
  const path = await mkdtemp(join(tmpdir(), "outrigger-dir-"));
  return { path, [Symbol.asyncDispose]: () => rm(path, { recursive: true, force: true }) };
}
