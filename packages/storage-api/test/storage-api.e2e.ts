// The storage API over real volumes: tar streams, backups, and kill -9 in the middle of them.
import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { mkdir, readdir, readFile, readlink, truncate, writeFile } from "node:fs/promises";
import { request } from "node:http";
import { join } from "node:path";
import { Readable } from "node:stream";
import { buffer } from "node:stream/consumers";
import { after, before, test } from "node:test";
import { processIds } from "@outrigger/linux";
import type { Job } from "../src/jobs.ts";
import { isThere, serveVolumes, until, type Served } from "./served-volumes.ts";
import { tarOf, type Member } from "./tar-file.ts";

let served: Served;
before(async () => {
  served = await serveVolumes();
});
after(() => served[Symbol.asyncDispose]());

const everything: readonly Member[] = [
  { name: "./", type: "5", mode: 0o1750, uid: 7, gid: 8, attributes: { "user.root": "yes" } },
  { name: "./a", content: "hello", mode: 0o4755, uid: 1000, gid: 2000, attributes: { "user.note": "kept" } },
  { name: "./b", type: "1", link: "./a" },
  { name: "./empty", mode: 0o600 },
  { name: "./folder/", type: "5", mode: 0o2770, gid: 9 },
  { name: "./link", type: "2", link: "/etc/hostname", uid: 5 },
  { name: "./näme\nwith\ttraps*", content: randomBytes(10_000), uid: 65_534 },
];

function importTar(
  name: string,
  tar: Buffer | Readable,
  options: Readonly<Record<string, string>> = {},
): Promise<unknown> {
  const stream = Buffer.isBuffer(tar) ? Readable.from([tar]) : tar;
  const query = { options: JSON.stringify(options) };
  return served.client.call({ method: "POST", path: `/v1/volumes/${name}/import`, query, stream });
}

async function exportTar(name: string): Promise<Buffer> {
  return await buffer(await served.client.stream({ path: `/v1/volumes/${name}/export` }));
}

async function names(): Promise<string[]> {
  return ((await served.client.call({ path: "/v1/volumes" })) as { name: string }[]).map(({ name }) => name);
}

for (const backend of ["btrfs", "dir", "image"]) {
  test(`on ${backend}, export and import keep owners, modes, times, links and attributes byte for byte`, async () => {
    const [first, second] = [`${backend}1`, `${backend}2`];
    const options = { backend, ...(backend === "image" && { size: "32MiB", fs: "ext4" }) };
    await importTar(first, tarOf(everything), options);
    const tar = await exportTar(first);
    for (const part of ["user.note=kept", "user.root=yes", "/etc/hostname", "with\ttraps*"])
      assert.ok(tar.includes(part), part);
    await importTar(second, tar, options);
    assert.ok(tar.equals(await exportTar(second)));
  });
}

test("holes stay holes, and an empty volume stays empty", async () => {
  const { client } = served;
  await client.call({ method: "POST", path: "/v1/volumes", body: { name: "sparse", options: { backend: "dir" } } });
  const { mountpoint } = (await client.call({ path: "/v1/volumes/sparse" })) as { mountpoint: string };
  assert.equal(mountpoint, "");
  const [folder = ""] = (await readdir(join(served.root, "volumes"))).filter((name) => name.startsWith("sparse-"));
  const file = join(served.root, "volumes", folder, "data", "file");
  await writeFile(file, "end");
  await truncate(file, 2 ** 30);
  const tar = await exportTar("sparse");
  assert.ok(tar.length < 2 ** 20, `${tar.length}`);
  await importTar("sparse2", tar);
  const { usedBytes } = (await client.call({ method: "POST", path: "/v1/volumes/sparse2/stats" })) as {
    usedBytes: number;
  };
  assert.ok(usedBytes < 2 ** 20, `${usedBytes}`);

  await client.call({ method: "POST", path: "/v1/volumes", body: { name: "empty" } });
  await importTar("empty2", await exportTar("empty"));
  assert.ok((await exportTar("empty")).equals(await exportTar("empty2")));
});

const hostile: Readonly<Record<string, (outside: string) => readonly Member[]>> = {
  "a link out of the volume and a file behind it": (outside) => [
    { name: "out", type: "2", link: outside },
    { name: "out/evil", content: "evil" },
  ],
  "a hard link to a file outside": (outside) => [
    { name: "hard", type: "1", link: `${outside}/kept` },
    { name: "hard", content: "evil" },
  ],
  "a name that climbs out": () => [{ name: "../../../../evil", content: "evil" }],
  "a name from the root": (outside) => [{ name: `${outside}/evil`, content: "evil" }],
};

for (const [what, members] of Object.entries(hostile)) {
  test(`nothing outside the volume is touched by a tar stream with ${what}`, async () => {
    const outside = join(served.path, "outside");
    await mkdir(outside, { recursive: true });
    await writeFile(join(outside, "kept"), "kept");
    const name = `hostile-${randomBytes(4).toString("hex")}`;
    await importTar(name, tarOf(members(outside))).catch(() => {});
    assert.deepEqual(await readdir(outside), ["kept"]);
    assert.equal(await readFile(join(outside, "kept"), "utf8"), "kept");
    assert.equal(await isThere(join(served.root, "evil")), false);
  });
}

const broken: Readonly<Record<string, Buffer>> = {
  empty: Buffer.alloc(0),
  "no tar": Buffer.from("hello".repeat(1000)),
  "cut in the middle of a file": tarOf([{ name: "a", content: "a".repeat(10_000) }]).subarray(0, 5000),
  "cut between two files": tarOf([{ name: "a", content: "a" }], { end: false }),
};

for (const [what, tar] of Object.entries(broken)) {
  test(`there is no volume after an import of a stream that is ${what}`, async () => {
    await assert.rejects(importTar("broken", tar), /could not be unpacked/);
    assert.ok(!(await names()).includes("broken"));
  });
}

test("a volume that is there already is not imported over", async () => {
  await assert.rejects(importTar("btrfs1", tarOf([])), /there already/);
  assert.ok((await exportTar("btrfs1")).equals(await exportTar("btrfs2")));
});

test("a backup is listed, verified and restored byte for byte into a new volume, and only the last are kept", async () => {
  const { client } = served;
  const states: string[] = [];
  await assert.rejects(client.call({ path: "/v1/backups" }), /backup init/);
  await client.follow({ method: "POST", path: "/v1/backups/init" }, () => {});
  for (const volume of ["btrfs1", "dir1", "btrfs1"]) {
    await client.follow({ method: "POST", path: `/v1/volumes/${volume}/backups` }, ({ state }) => states.push(state));
  }
  assert.ok(states.includes("running"));
  const backups = (await client.call({ path: "/v1/backups" })) as { id: string; volume: string }[];
  assert.deepEqual(
    backups.map(({ volume }) => volume),
    ["dir1", "btrfs1"],
  );
  await client.follow({ method: "POST", path: "/v1/backups/verify" }, () => {});
  for (const [at, from] of [
    [0, "dir1"],
    [1, "btrfs1"],
  ] as const) {
    const body = { name: `${from}-again`, options: {} };
    const { result } = await client.follow(
      { method: "POST", path: `/v1/backups/${backups[at]?.id}/restore`, body },
      () => {},
    );
    assert.equal((result as { name: string }).name, body.name);
    assert.ok((await exportTar(from)).equals(await exportTar(body.name)), from);
  }
});

test("killed in the middle of an import, an export and a backup, the plugin leaves nothing of them", async () => {
  const { client } = served;
  const big = tarOf([{ name: "big", content: randomBytes(64 * 2 ** 20) }]);
  await importTar("big", big);
  const before = await names();
  const snapshots = async (): Promise<string[]> =>
    ((await client.call({ path: "/v1/volumes/big" })) as { snapshots: { name: string }[] }).snapshots.map(
      ({ name }) => name,
    );

  const importing = request({ socketPath: served.socket, method: "POST", path: "/v1/volumes/half/import" });
  importing.on("error", () => {});
  importing.write(big.subarray(0, 2 ** 20));
  const exporting = await client.stream({ path: "/v1/volumes/big/export" });
  exporting.on("error", () => {});
  exporting.pause();
  const backup = (await client.call({ method: "POST", path: "/v1/volumes/big/backups" })) as Job;
  assert.equal(backup.state, "running");
  await until(async () => (await names()).includes("half") && (await snapshots()).length >= 2);

  await served.crash();
  assert.deepEqual(await names(), before);
  assert.deepEqual(await snapshots(), []);
  assert.deepEqual(await readdir(join(served.root, "api", "landings")), []);
  assert.deepEqual(await client.call({ method: "POST", path: "/v1/check" }), []);
  assert.deepEqual(await client.call({ method: "POST", path: "/v1/gc", body: {} }), []);
  await until(async () => (await processesIn(served.root)).length === 0);
  await client.follow({ method: "POST", path: "/v1/volumes/big/backups" }, () => {});
});

/** Processes, beside the plugin, that work below a folder. */
async function processesIn(folder: string): Promise<string[]> {
  const at = await Promise.all((await processIds()).map((pid) => readlink(`/proc/${pid}/cwd`).catch(() => "")));
  return at.filter((cwd) => cwd.startsWith(folder));
}
