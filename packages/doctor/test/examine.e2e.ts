import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { chmod, mkdir, rename, symlink, truncate, unlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { startChild } from "@outrigger/linux";
import { answerAs, leaveSocket, scratch, type Scratch } from "./scratch.ts";
import { examine } from "../src/examine.ts";
import type { Finding } from "../src/finding.ts";

/** What is found of the files of a test, by check and by the last part of the object's name. */
async function find(at: Scratch, budgetMs = 1500): Promise<(Finding & { readonly key: string })[]> {
  const { findings } = await examine({ ...at.here, budgetMs });
  return findings.map((finding) => ({ ...finding, key: `${finding.id} ${finding.object.split("/").at(-1)}` }));
}

async function keys(at: Scratch, budgetMs?: number): Promise<string[]> {
  return (await find(at, budgetMs)).map(({ key }) => key).sort();
}

test("a plugin that answers is no finding, in whichever of the three kinds of file", async () => {
  await using at = await scratch();
  await at.listen(join(at.plugins, "good.sock"), answerAs("VolumeDriver"));
  await at.listen(at.path("run/other.sock"), answerAs("authz"));
  await at.write("etc/docker/plugins/spec.spec", `unix://${at.path("run/other.sock")}\n`);
  await at.write("usr/lib/docker/plugins/json.json", JSON.stringify({ Addr: `unix://${at.path("run/other.sock")}` }));
  await chmod(join(at.plugins, "good.sock"), 0o660);
  assert.deepEqual(await keys(at, 20_000), []);
});

test("dead and foreign sockets and addresses are told apart, with cost and remedy", async () => {
  await using at = await scratch();
  await leaveSocket(join(at.plugins, "dead.sock"));
  await at.listen(join(at.plugins, "page.sock"), (socket) => socket.end("HTTP/1.0 200 OK\r\n\r\n<html>"));
  await at.listen(join(at.plugins, "error.sock"), (socket) => {
    socket.end('HTTP/1.1 500 No\r\nContent-Length: 14\r\n\r\n{"Err":"down"}');
  });
  await at.listen(join(at.plugins, "useless.sock"), answerAs("volumedriver"));
  await at.write("etc/docker/plugins/nowhere.spec", `unix://${at.path("run/none.sock")}`);

  const found = await find(at, 20_000);
  assert.deepEqual(found.map(({ key }) => key).sort(), [
    "dead-address nowhere.spec",
    "dead-socket dead.sock",
    "failing-handshake error.sock",
    "failing-handshake page.sock",
    "unknown-protocol useless.sock",
  ]);
  const dead = found.find(({ id }) => id === "dead-socket");
  assert.match(dead?.cost ?? "", /docker volume ls.*15 s/);
  assert.match(dead?.remedy ?? "", /rm \S+dead\.sock/);
  assert.ok(found.every(({ severity }) => severity === "error"));
});

test("a socket that accepts and does not answer is silent, and its owner is named", async () => {
  await using at = await scratch();
  await at.listen(join(at.plugins, "silent.sock"));
  const [silent, ...others] = await find(at, 600);
  assert.deepEqual(others, []);
  assert.equal(silent?.key, "silent-socket silent.sock");
  assert.equal(silent.owner?.pid, process.pid);
  assert.match(silent.remedy, new RegExp(`\\b${process.pid}\\b|systemctl restart`));
});

test("a process whose socket another one replaced is found, and one whose socket was moved aside is not", async () => {
  await using at = await scratch();
  const [replaced, moved] = [join(at.plugins, "replaced.sock"), join(at.plugins, "moved.sock")];
  for (const path of [replaced, moved]) await at.listen(path, answerAs("VolumeDriver"));
  await unlink(replaced);
  await mkdir(join(at.plugins, ".outrigger-trace-1-moved.sock"));
  await rename(moved, join(at.plugins, ".outrigger-trace-1-moved.sock/plugin"));
  for (const path of [replaced, moved]) await at.listen(path, answerAs("VolumeDriver"));
  const stolen = (await find(at, 20_000)).filter(({ id }) => id === "stolen-socket");
  assert.deepEqual(
    stolen.map(({ object, owner }) => [object, owner?.pid]),
    [[replaced, process.pid]],
  );
});

test("a socket that a killed trace left aside is found, with the command that puts it back", async () => {
  await using at = await scratch();
  await at.listen(join(at.plugins, "shelf.sock"), answerAs("VolumeDriver"));
  // No process has this number: it is over the kernel's limit.
  const aside = join(at.plugins, ".outrigger-trace-4194305-shelf.sock");
  await mkdir(aside);
  await rename(join(at.plugins, "shelf.sock"), join(aside, "plugin"));
  const [found, ...others] = await find(at);
  assert.deepEqual(others, []);
  assert.equal(found?.id, "leftover-trace");
  execFileSync("sh", ["-c", found.remedy]);
  assert.deepEqual(await keys(at, 20_000), []);
});

test("a socket that was left aside is to be removed, not put back, once the plugin has a new one or has ended", async () => {
  await using at = await scratch();
  const aside = async (name: string): Promise<string> => {
    const folder = join(at.plugins, `.outrigger-trace-4194305-${name}.sock`);
    await mkdir(folder);
    return join(folder, "plugin");
  };
  await at.listen(join(at.plugins, "restarted.sock"), answerAs("VolumeDriver"));
  await at.listen(await aside("restarted"), answerAs("VolumeDriver"));
  await leaveSocket(await aside("ended"));
  const found = await find(at, 20_000);
  assert.deepEqual(
    found.map(({ id, remedy }) => [id, remedy.split(" ")[0]]),
    [
      ["leftover-trace", "rm"],
      ["leftover-trace", "rm"],
    ],
  );
});

test("a socket that is aside while a trace runs is no finding", async () => {
  await using at = await scratch();
  await using tracing = await startChild(["sh", "-c", "read -r line", "outrigger", "trace"]);
  await at.listen(join(at.plugins, "seen.sock"), answerAs("VolumeDriver"));
  const folder = join(at.plugins, `.outrigger-trace-${tracing.pid}-seen.sock`);
  await mkdir(folder);
  await at.listen(join(folder, "plugin"), answerAs("VolumeDriver"));
  assert.deepEqual(await keys(at, 20_000), []);
});

test("a socket under a hidden name is a plugin to the engine, and so it is examined", async () => {
  await using at = await scratch();
  await leaveSocket(join(at.plugins, ".hidden"));
  assert.deepEqual(await keys(at, 20_000), ["dead-socket .hidden"]);
});

test("a fault in a file is told with its line and column", async () => {
  await using at = await scratch();
  await at.write("etc/docker/plugins/comma.json", '{\n  "Addr": "unix:///x.sock",\n}\n');
  await at.write("etc/docker/plugins/scheme.spec", "/run/x.sock");
  const found = await find(at);
  assert.deepEqual(found.map(({ key }) => key).sort(), ["bad-file comma.json", "bad-file scheme.spec"]);
  assert.match(found.find(({ key }) => key.endsWith("comma.json"))?.what ?? "", /comma\.json:2:27: a comma/);
});

test("of two files for a name, the one that the engine never reads is told", async () => {
  await using at = await scratch();
  await at.listen(join(at.plugins, "twin.sock"), answerAs("VolumeDriver"));
  await at.write("etc/docker/plugins/twin/twin.spec", `unix://${at.plugins}/twin.sock`);
  await at.write("usr/lib/docker/plugins/twin.spec", `unix://${at.plugins}/twin.sock`);
  const found = (await find(at, 20_000)).filter(({ id }) => id === "shadowed-name");
  assert.deepEqual(
    found.map(({ object }) => object),
    [join(at.specs, "twin/twin.spec"), join(at.moreSpecs, "twin.spec")],
  );
  for (const { what } of found) assert.ok(what.includes(join(at.plugins, "twin.sock")));
});

test("a socket that all may connect to is told only where all can get at it, and so is a folder that all may write", async () => {
  await using at = await scratch();
  const path = join(at.plugins, "open.sock");
  await at.listen(path, answerAs("VolumeDriver"));
  await chmod(path, 0o666);
  await chmod(at.specs, 0o777);
  assert.deepEqual(await keys(at, 20_000), ["open-folder plugins"]);
  await chmod(at.root, 0o755);
  assert.deepEqual(await keys(at, 20_000), ["open-folder plugins", "open-socket open.sock"]);
});

test("files that are pipes, devices, folders, circles or huge stop nobody", async () => {
  await using at = await scratch();
  execFileSync("sh", ["-c", "mkfifo $0 $1", join(at.specs, "pipe.spec"), join(at.plugins, "pipe.sock")]);
  await symlink("/dev/zero", join(at.specs, "device.json"));
  await symlink("circle.json", join(at.specs, "circle.json"));
  await mkdir(join(at.specs, "folder.spec"));
  await writeFile(join(at.specs, "huge.json"), "");
  await truncate(join(at.specs, "huge.json"), 2 ** 30);
  await symlink("/proc/kmsg", join(at.specs, "kernel.spec"));
  await symlink("/", join(at.plugins, "root.sock"));
  const found = await keys(at, 20_000);
  assert.deepEqual(
    found.filter((key) => key !== "bad-file kernel.spec"),
    ["bad-file circle.json", "bad-file device.json", "bad-file huge.json", "bad-file pipe.spec"],
  );
});

test("answers without end, of 100 MB, half closed, in pieces or none at all stop nobody", async () => {
  await using at = await scratch();
  const megabyte = Buffer.alloc(1_048_576, "x");
  const bad: Readonly<Record<string, Parameters<Scratch["listen"]>[1]>> = {
    endless: (socket) => {
      socket.write("HTTP/1.1 200 OK\r\n\r\n");
      const more = (): void => void (socket.writable && socket.write(megabyte, more));
      more();
    },
    headers: (socket) => {
      socket.write("HTTP/1.1 200 OK\r\n");
      const more = (): void => void (socket.writable && socket.write("X-Y: z\r\n".repeat(1000), more));
      more();
    },
    large: (socket) =>
      socket.write(`HTTP/1.1 200 OK\r\nContent-Length: ${100 * megabyte.length}\r\n\r\n${"{".repeat(megabyte.length)}`),
    half: (socket) => socket.end(),
    begun: (socket) => socket.write("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{"),
    garbage: (socket) => socket.end(Buffer.from([0, 255, 13, 10, 0])),
    gone: (socket) => socket.destroy(),
  };
  for (const [name, answer] of Object.entries(bad)) await at.listen(join(at.plugins, `${name}.sock`), answer);
  const found = await keys(at, 600);
  assert.deepEqual(
    found.map((key) => key.split(" ").at(1) ?? "").toSorted(),
    Object.keys(bad)
      .map((name) => `${name}.sock`)
      .sort(),
  );
});

test("a link to a socket is told, for half of the engine passes it over", async () => {
  await using at = await scratch();
  await at.listen(at.path("run/elsewhere.sock"), answerAs("VolumeDriver"));
  await symlink(at.path("run/elsewhere.sock"), join(at.plugins, "linked.sock"));
  const [found, ...others] = await find(at, 20_000);
  assert.deepEqual(others, []);
  assert.equal(found?.key, "linked-socket linked.sock");
  assert.equal(found.severity, "note");
});

test("an empty machine has no finding, and a folder of plugins that is a file is one", async () => {
  await using at = await scratch();
  assert.deepEqual(await keys(at), []);
  const file = await at.write("etc/file", "");
  const { findings } = await examine({ folders: { sockets: file, specs: [] }, stateFolders: [] });
  assert.deepEqual(
    findings.map(({ id }) => id),
    ["unreadable-folder"],
  );
});
