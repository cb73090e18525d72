import assert from "node:assert/strict";
import { once } from "node:events";
import { lstat, mkdir, readdir, readFile, rename, rm, stat, symlink, writeFile } from "node:fs/promises";
import { createServer, type Server } from "node:net";
import { join } from "node:path";
import { test } from "node:test";
import { briefly, temporaryFolder, volumePlugin } from "../test/fixture.ts";
import { leaveDeadSocket } from "../test/dead-socket.ts";
import { RawClient } from "../test/raw-client.ts";
import { serve, type Serving } from "./serve.ts";
import { ServeError, type ServeErrorCode } from "./serve-error.ts";
import type { UnixAddress } from "./unix-socket.ts";

function serveAt(address: UnixAddress): Promise<Serving> {
  return serve(volumePlugin(), { listen: address });
}

function isServeError(code: ServeErrorCode, text: RegExp): (error: unknown) => boolean {
  return (error) => error instanceof ServeError && error.code === code && text.test(error.message);
}

async function modeOf(path: string): Promise<string> {
  return ((await stat(path)).mode & 0o7777).toString(8);
}

/** A group that this process may give its files to, other than its own. */
async function otherGroup(): Promise<{ name: string; id: number } | undefined> {
  const groups = [...(await readFile("/etc/group", "utf8")).matchAll(/^([^:\n]+):[^:\n]*:(\d+):/gm)];
  const may = (id: number): boolean => process.getuid?.() === 0 || process.getgroups?.().includes(id) === true;
  return groups
    .map(([, name = "", id]) => ({ name, id: Number(id) }))
    .find(({ id }) => id !== process.getgid?.() && may(id));
}

async function close(server: Server): Promise<void> {
  server.close();
  await once(server, "close");
}

test("a socket is made with its folder, for owner and group alone, and removed with it nothing else", async () => {
  await using folder = await temporaryFolder();
  const path = join(folder.path, "run", "plugins", "a.sock");
  {
    await using serving = await serveAt({ unix: path });
    assert.deepEqual(serving.addresses, [`unix://${path}`]);
    assert.equal(await modeOf(path), "660");
    assert.equal(await modeOf(join(folder.path, "run")), "755");
    assert.deepEqual(await readdir(join(folder.path, "run", "plugins")), ["a.sock"]);
  }
  assert.deepEqual(await readdir(join(folder.path, "run", "plugins")), []);
});

test("mode and group of the socket are what was asked for, whatever the umask", async (t) => {
  await using folder = await temporaryFolder();
  const path = join(folder.path, "a.sock");
  const group = await otherGroup();
  if (group === undefined) return t.skip("this user is in no second group");
  const umask = process.umask(0o077);
  try {
    for (const given of [group.name, group.id]) {
      await using _ = await serveAt({ unix: path, group: given, mode: 0o666 });
      assert.equal(await modeOf(path), "666");
      assert.equal((await stat(path)).gid, group.id);
    }
  } finally {
    process.umask(umask);
  }
});

test("an unknown group is refused before anything is made", async () => {
  await using folder = await temporaryFolder();
  const serving = serveAt({ unix: join(folder.path, "new", "a.sock"), group: "no-such-group" });
  await assert.rejects(briefly(serving), isServeError("bad-address", /no group "no-such-group"/));
  assert.deepEqual(await readdir(folder.path), []);
});

test("a live socket is not taken, and its owner goes on", async () => {
  await using folder = await temporaryFolder();
  const path = join(folder.path, "a.sock");
  await using first = await serveAt({ unix: path });
  await assert.rejects(
    briefly(serveAt({ unix: path })),
    isServeError("address-in-use", /a process already serves .*; stop it or/),
  );
  await using client = await RawClient.connect(first.addresses[0] ?? "");
  assert.equal((await client.call("VolumeDriver.List", {}).answer()).status, 200);
  assert.deepEqual(await readdir(folder.path), ["a.sock"]);
});

test("a socket whose process is gone is replaced", async () => {
  await using folder = await temporaryFolder();
  const path = join(folder.path, "a.sock");
  await leaveDeadSocket(path);
  await using serving = await serveAt({ unix: path });
  await using client = await RawClient.connect(serving.addresses[0] ?? "");
  assert.equal((await client.call("VolumeDriver.List", {}).answer()).status, 200);
});

test("a file, a folder and a link at the path are left alone", async () => {
  await using folder = await temporaryFolder();
  const path = join(folder.path, "a.sock");
  await leaveDeadSocket(join(folder.path, "dead"));
  const makers = [() => writeFile(path, "precious"), () => mkdir(path), () => symlink(join(folder.path, "dead"), path)];
  for (const make of makers) {
    await make();
    const before = await lstat(path);
    await assert.rejects(
      briefly(serveAt({ unix: path })),
      isServeError("unavailable", /exists and is not a stream socket; remove it/),
    );
    assert.deepEqual(
      [(await lstat(path)).ino, (await readdir(folder.path)).toSorted()],
      [before.ino, ["a.sock", "dead"]],
    );
    await rm(path, { recursive: true });
  }
});

test("a socket that another process has put there since is not removed", async () => {
  await using folder = await temporaryFolder();
  const path = join(folder.path, "a.sock");
  const other = createServer();
  await using _ = { [Symbol.asyncDispose]: () => close(other) };
  {
    await using __ = await serveAt({ unix: path });
    await rm(path);
    other.listen(path);
    await once(other, "listening");
  }
  assert.ok((await lstat(path)).isSocket());
});

test("a socket that somebody removed is no error at the end", async () => {
  await using folder = await temporaryFolder();
  await using _ = await serveAt({ unix: join(folder.path, "a.sock") });
  await rm(join(folder.path, "a.sock"));
});

test("the lock of a process that was killed while it started does not last", async () => {
  await using folder = await temporaryFolder();
  await mkdir(join(folder.path, "dying"));
  await leaveDeadSocket(join(folder.path, "dying", "abc"));
  await rename(join(folder.path, "dying"), join(folder.path, ".a.sock"));
  await using _ = await serveAt({ unix: join(folder.path, "a.sock") });
  assert.deepEqual(await readdir(folder.path), ["a.sock"]);
});

test("a folder of somebody else's under the lock's name is left alone", async () => {
  await using folder = await temporaryFolder();
  await mkdir(join(folder.path, ".a.sock"));
  await writeFile(join(folder.path, ".a.sock", "precious"), "");
  const serving = serveAt({ unix: join(folder.path, "a.sock") });
  await assert.rejects(briefly(serving), isServeError("unavailable", /precious is in the way and not ours; remove it/));
  assert.deepEqual(await readdir(join(folder.path, ".a.sock")), ["precious"]);
});

test("a path that does not fit is refused with the number that does", async () => {
  await using folder = await temporaryFolder();
  const room = 107 - 5;
  const fitting = join(folder.path, "x".repeat(room - folder.path.length - 1));
  {
    await using _ = await serveAt({ unix: fitting });
  }
  await assert.rejects(
    serveAt({ unix: `${fitting}x` }),
    isServeError("bad-address", /is 103 bytes long, and 102 are the most/),
  );
  assert.deepEqual(await readdir(folder.path), []);
});
