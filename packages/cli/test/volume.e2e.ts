// outrigger volume, against volume-local on plain folders.
import assert from "node:assert/strict";
import { mkdtemp, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { outrigger, startOutrigger, type Ended, type Running } from "./command.ts";

let path: string;
let served: Running;
before(async () => {
  path = await mkdtemp(join(tmpdir(), "outrigger-volume-"));
  served = startOutrigger([
    "serve",
    "volume-local",
    "--root",
    join(path, "root"),
    "--plugins-dir",
    join(path, "plugins"),
    "--json",
  ]);
  await served.line(/"serving"/);
});
after(async () => {
  const { status } = await served.stop();
  assert.equal(status, 0);
  await assert.rejects(stat(join(path, "root", "api.sock")), /ENOENT/);
  await rm(path, { recursive: true, force: true });
});

async function volume(...args: readonly string[]): Promise<Ended> {
  return await outrigger(["volume", ...args, "--api", join(path, "root", "api.sock")]);
}

test("a volume is made, listed, exported, imported, trashed, brought back and purged", async () => {
  assert.equal((await volume("create", "data", "-o", "labels=team=web", "-o", "mode=0750")).stdout, "data\n");
  assert.match((await volume("list")).stdout, /data +ready +dir/);
  const tar = join(path, "data.tar");
  assert.deepEqual(await volume("export", "data", tar), { status: 0, stdout: "", stderr: "" });
  assert.equal((await stat(tar)).mode & 0o777, 0o600);
  const made = JSON.parse((await volume("import", "copy", tar, "--json")).stdout) as { name: string };
  assert.equal(made.name, "copy");
  assert.match((await volume("inspect", "copy")).stdout, /state +ready/);
  assert.equal((await volume("remove", "copy", "--policy", "trash")).status, 0);
  const [removed] = JSON.parse((await volume("trash", "list", "--json")).stdout) as { id: string }[];
  assert.equal((await volume("trash", "bring-back", removed?.id ?? "", "--name", "again")).stdout, "again\n");
  assert.equal((await volume("check")).stdout, "all is well\n");
});

const wrong: [what: string, args: string[], status: number, text: RegExp][] = [
  ["an unknown verb", ["lsit"], 2, /did you mean list\?/],
  ["an unknown flag of a verb", ["list", "--lable", "x"], 2, /did you mean --label\?.*outrigger volume list --help/],
  ["a verb of backup that is missing", ["backup"], 2, /name a verb of backup/],
  ["a mistyped option of a volume", ["create", "x", "-o", "moed=0700"], 2, /did you mean "mode"/],
  ["a volume that is not there", ["inspect", "none"], 1, /no such volume/],
  ["what the backend cannot do, with the backends that can", ["snapshot", "there"], 2, /btrfs/],
  ["backups without a repository", ["backup", "list"], 3, /backup-repository-file/],
];

test("what cannot be done is told in a line, with the way out and the exit code of its kind", async (t) => {
  await volume("create", "there");
  for (const [what, args, status, text] of wrong) {
    await t.test(what, async () => {
      const ended = await volume(...args);
      assert.equal(ended.status, status, ended.stderr);
      assert.match(ended.stderr, text);
      assert.equal(ended.stderr.trim().split("\n").length, 1);
    });
  }
});

test("without a plugin the command says where it looked, and ends with 3", async () => {
  const { status, stderr } = await outrigger(["volume", "list", "--api", join(path, "nobody.sock")]);
  assert.equal(status, 3);
  assert.match(stderr, /nobody\.sock.*outrigger serve/);
});

test("long work with --json is an object a line, and ends with 1 where it fails", async () => {
  await volume("create", "source");
  const { status, stdout, stderr } = await volume("clone", "source", "target", "--json");
  assert.equal(status, 1, stderr);
  assert.match(stderr, /not possible on backend dir/);
  const jobs = stdout
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line) as { state: string });
  assert.equal(jobs.at(-1)?.state, "failed");
});

test("a token is printed once, and its file has the hash alone", async () => {
  const file = join(path, "tokens");
  const { stdout } = await outrigger(["volume", "token", "grafana", file, "--role", "viewer"]);
  const text = await readFile(file, "utf8");
  assert.match(text, /^grafana viewer [0-9a-f]{64}\n$/);
  assert.ok(!text.includes(stdout.trim()));
  assert.equal((await stat(file)).mode & 0o777, 0o600);
});

test("an export never overwrites a file", async () => {
  const file = join(path, "kept");
  await writeFile(file, "kept");
  assert.equal((await volume("export", "there", file)).status, 1);
  assert.equal(await readFile(file, "utf8"), "kept");
});
