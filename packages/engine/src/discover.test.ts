import assert from "node:assert/strict";
import { chmod, mkdir, rename, symlink } from "node:fs/promises";
import { createServer } from "node:net";
import { join } from "node:path";
import { test } from "node:test";
import { asNobody } from "../test/as-nobody.ts";
import { scratch, type Scratch } from "../test/scratch.ts";
import { formatAddress } from "./address.ts";
import { discover, lookup } from "./discover.ts";
import { DiscoveryError } from "./engine-error.ts";
import { pluginFolders } from "./plugin-folders.ts";

/** Leaves sockets behind on which nobody listens any more, which is all that discovery looks at. */
async function sockets(at: Scratch, ...names: string[]): Promise<void> {
  for (const name of names) {
    const path = await at.path(name);
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(`${path}.tmp`, resolve));
    await rename(`${path}.tmp`, path);
    await new Promise((resolve) => server.close(resolve));
  }
}

async function found(at: Scratch): Promise<string[]> {
  const entries = await discover({ folders: at.folders });
  return entries.map(({ name, kind, file }) => `${name} ${kind} ${file.slice(at.root.length + 1)}`);
}

test("folders that are not there hold no plugins", async () => {
  await using at = await scratch();
  assert.deepEqual(await found(at), []);
});

test("sockets, specs and JSON files are found in the engine's order, in sub-folders too", async () => {
  await using at = await scratch();
  await sockets(at, "run/b.sock", "run/deep/deep.sock", "run/other/else.sock", "run/noextension");
  await at.write("run/plain.sock", "");
  await at.write("lib/l.spec", "tcp://h:1");
  await at.write("etc/j.json", '{"Addr": "tcp://h:1"}');
  await at.write("etc/a.spec", "tcp://h:1");
  await at.write("etc/inner/inner.json", '{"Addr": "tcp://h:1"}');
  await at.write("etc/notes.txt", "");
  assert.deepEqual(await found(at), [
    "b socket run/b.sock",
    "deep socket run/deep/deep.sock",
    "noextension socket run/noextension",
    "a spec etc/a.spec",
    "inner json etc/inner/inner.json",
    "j json etc/j.json",
    "l spec lib/l.spec",
  ]);
});

test("the first entry with a sub-folder's name decides whether the engine lists it", async () => {
  await using at = await scratch();
  await at.write("etc/x/x.bak", "");
  await at.write("etc/x/x.json", '{"Addr": "tcp://h:1"}');
  assert.deepEqual(await found(at), []);
  assert.equal((await lookup("x", { folders: at.folders })).kind, "json");
});

test("a link to a socket comes last and says that the engine's scan misses it", async () => {
  await using at = await scratch();
  await sockets(at, "run/z.sock", "elsewhere/real.sock", "elsewhere/d/d.sock");
  await symlink(join(at.root, "elsewhere/real.sock"), join(at.root, "run/link.sock"));
  await symlink(join(at.root, "elsewhere/d"), join(at.root, "run/d"));
  const entries = await discover({ folders: at.folders });
  assert.deepEqual(
    entries.map((entry) => [entry.name, entry.warnings.join()]),
    [
      ["z", ""],
      ["d", "a link, so the engine finds it by name but not in its scan: `docker volume ls` leaves it out"],
      ["link", "a link, so the engine finds it by name but not in its scan: `docker volume ls` leaves it out"],
    ],
  );
  assert.equal((await lookup("link", { folders: at.folders })).kind, "socket");
});

test("a file that another one hides says which the engine uses", async () => {
  await using at = await scratch();
  await sockets(at, "run/dup.sock", "run/odd");
  await at.write("etc/dup.json", '{"Addr": "tcp://h:1"}');
  const [socket, odd, json] = await discover({ folders: at.folders });
  assert.deepEqual(socket?.warnings, []);
  assert.deepEqual(odd?.warnings, ["the engine lists it, but looks for odd.sock when it is used; rename it"]);
  assert.deepEqual(json?.warnings, [
    `the engine uses ${join(at.root, "run/dup.sock")} for this name and never reads this file`,
  ]);
});

test("a managed plugin's socket is found under its id", async () => {
  await using at = await scratch();
  const id = "0123456789abcdef".repeat(4);
  await sockets(at, `run/${id}/any.sock`, `run/${id.slice(1)}/short.sock`);
  await at.write(`run/${id}/${id}-stdout`, "");
  assert.deepEqual(await found(at), [`${id} managed run/${id}/any.sock`]);
});

test("a fault in a file is a problem of its entry, and no other's", async () => {
  await using at = await scratch();
  const file = await at.write("etc/comma.json", '{\n  "Name": "comma",\n  "Addr": "tcp://h:1",\n}\n');
  await at.write("etc/good.spec", "tcp://h:1\n");
  await mkdir(await at.path("etc/folder.spec"));
  const [comma, folder, good] = await discover({ folders: at.folders });
  assert.equal(comma?.address, undefined);
  assert.deepEqual(
    comma?.problems.map(({ code, message }) => [code, message]),
    [["bad-json", `${file}:3:22: a comma before "}" is not JSON; remove the comma`]],
  );
  assert.deepEqual(
    folder?.problems.map(({ code }) => code),
    ["unreadable"],
  );
  assert.deepEqual(good?.problems, []);
});

test("a folder that cannot be read fails the whole scan, as in the engine", async () => {
  await using at = await scratch();
  await at.write("etc", "not a folder");
  await assert.rejects(discover({ folders: at.folders }), (error) => {
    assert.ok(error instanceof DiscoveryError);
    assert.equal(error.code, "unreadable");
    assert.ok(error.cause instanceof Error);
    return true;
  });
});

test("a folder that permissions close fails the scan, but a rootless engine passes over it", async () => {
  await using at = await scratch();
  await at.write("etc/a.spec", "tcp://h:1");
  await at.write("lib/b.spec", "tcp://h:1");
  await chmod(join(at.root, "etc"), 0);
  await asNobody(at, async () => {
    await assert.rejects(discover({ folders: at.folders }), { code: "unreadable" });
    const entries = await discover({ folders: { ...at.folders, skipForbidden: true } });
    assert.deepEqual(
      entries.map(({ name }) => name),
      ["b"],
    );
  });
});

test("the first file that exists is used, whether it can be or not", async () => {
  await using at = await scratch();
  const used = async (): Promise<string> => (await lookup("p", { folders: at.folders })).file.slice(at.root.length + 1);
  const order = ["lib/p.json", "etc/p/p.json", "etc/p.json", "etc/p/p.spec", "etc/p.spec"];
  for (const name of order) {
    await at.write(name, "nonsense");
    assert.equal(await used(), name);
  }
  await at.write("run/p.sock", "a plain file is passed over");
  assert.equal(await used(), "etc/p.spec");
  await sockets(at, "run/p/p.sock");
  assert.equal(await used(), "run/p/p.sock");
  assert.equal(
    formatAddress((await lookup("p", { folders: at.folders })).address ?? assert.fail()),
    `unix://${at.root}/run/p/p.sock`,
  );
});

test("a name that nothing stands under is an error that says where was looked", async () => {
  await using at = await scratch();
  await assert.rejects(lookup("nobody", { folders: at.folders }), (error) => {
    assert.ok(error instanceof DiscoveryError);
    assert.equal(error.code, "not-found");
    assert.match(error.message, /^plugin "nobody" not found in .*run, .*etc, .*lib;/);
    return true;
  });
});

test("a rootless engine looks in its user's library, 20.10 does not", () => {
  const environment = { ROOTLESSKIT_STATE_DIR: "/x", HOME: "/home/u", XDG_CONFIG_HOME: "/home/u/.config" };
  assert.deepEqual(pluginFolders(), {
    sockets: "/run/docker/plugins",
    specs: ["/etc/docker/plugins", "/usr/lib/docker/plugins"],
  });
  assert.deepEqual(pluginFolders({ environment }), {
    sockets: "/run/docker/plugins",
    specs: ["/etc/docker/plugins", "/home/u/.local/lib/docker/plugins"],
    skipForbidden: true,
  });
  assert.deepEqual(pluginFolders({ environment, release: "20.10" }), pluginFolders());
  assert.deepEqual(pluginFolders({ environment: { HOME: "/home/u" } }), pluginFolders());
  assert.deepEqual(pluginFolders({ root: "/proc/1/root" }).sockets, "/proc/1/root/run/docker/plugins");
});
