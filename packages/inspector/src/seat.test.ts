// The plugin's place at its socket: taken without a gap, and given back whatever happens.
import assert from "node:assert/strict";
import {
  chmodSync,
  linkSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  renameSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { basename, join } from "node:path";
import { test } from "node:test";
import { discover } from "@outrigger/engine";
import { answering, dial, exchange, rawPlugin, read, reply, request, stage, until, watch } from "../test/stage.ts";
import { lockPath } from "./path-lock.ts";
import { asideFor, putBack } from "./seat-leftovers.ts";
import { traceSocket } from "./trace-socket.ts";

const list = request("VolumeDriver.List", "{}");
const answer = reply("{}");

test("the plugin has its own socket back when the trace ends, and nothing is left beside it", async () => {
  await using place = await stage();
  await using _plugin = await rawPlugin(place.path, answering(answer));
  chmodSync(place.path, 0o620);
  const before = statSync(place.path);
  {
    await using watched = await watch(place.path);
    const meanwhile = statSync(place.path);
    assert.notEqual(meanwhile.ino, before.ino);
    assert.deepEqual([meanwhile.mode, meanwhile.uid, meanwhile.gid], [before.mode, before.uid, before.gid]);
    await exchange(place.path, list, answer.length);
    await watched.told(1);
  }
  assert.equal(statSync(place.path).ino, before.ino);
  assert.deepEqual(readdirSync(place.folder), ["example.sock"]);
  assert.equal((await exchange(place.path, list, answer.length)).toString(), answer);
});

test("the engine finds one plugin while it is traced, and discover does too", async () => {
  await using place = await stage();
  await using _plugin = await rawPlugin(place.path, answering(answer));
  await using _watched = await watch(place.path);
  const found = await discover({ folders: { sockets: place.folder, specs: [] } });
  assert.deepEqual(
    found.map(({ name }) => name),
    ["example"],
  );
  // Any socket that lies in the folder itself is a plugin to the engine.
  const sockets = readdirSync(place.folder, { withFileTypes: true }).filter((entry) => entry.isSocket());
  assert.deepEqual(
    sockets.map(({ name }) => name),
    ["example.sock"],
  );
});

test("through a link the socket it leads to is traced", async () => {
  await using place = await stage();
  await using _plugin = await rawPlugin(place.path, answering(answer));
  const link = join(place.folder, "link.sock");
  symlinkSync("example.sock", link);
  await using watched = await watch(link);
  await exchange(link, list, answer.length);
  await watched.told(1);
});

test("a plugin that is traced is not traced again", async () => {
  await using place = await stage();
  await using _plugin = await rawPlugin(place.path, answering(answer));
  await using _watched = await watch(place.path);
  await assert.rejects(watch(place.path), {
    code: "traced-already",
    message: `${place.path} is traced already, by process ${process.pid}; end that trace first`,
  });
  assert.equal((await exchange(place.path, list, answer.length)).toString(), answer);
});

test("only a live plugin's socket is taken", async () => {
  await using place = await stage();
  await assert.rejects(watch(place.path), { code: "not-live", message: /start the plugin first/ });
  writeFileSync(place.path, "");
  await assert.rejects(watch(place.path), { code: "not-live", message: /is no stream socket/ });
  const dead = join(place.folder, "dead.sock");
  await leaveDead(dead);
  await assert.rejects(watch(dead), { code: "not-live", message: /nothing listens/ });
  assert.deepEqual(readdirSync(place.folder).sort(), ["dead.sock", "example.sock"]);
});

test("a plugin that makes itself a new socket is followed, and keeps it", async () => {
  await using place = await stage();
  await using _old = await rawPlugin(place.path, answering(answer));
  const watched = await watch(place.path);
  await using _new = await rawPlugin(`${place.path}.new`, answering(reply('{"Err":"new"}')));
  renameSync(`${place.path}.new`, place.path);
  const made = statSync(place.path).ino;
  await until("it is followed", () => watched.events.filter(({ kind }) => kind === "tracing").length === 2);
  await exchange(place.path, list, reply('{"Err":"new"}').length);
  assert.equal((await watched.told(1))[0]?.error, "new");
  await watched[Symbol.asyncDispose]();
  assert.equal(statSync(place.path).ino, made);
  assert.deepEqual(readdirSync(place.folder), ["example.sock"]);
});

test("a plugin that ends leaves no socket behind, and is followed when it is back", async () => {
  await using place = await stage();
  const first = await rawPlugin(place.path, answering(answer));
  await using watched = await watch(place.path);
  await first[Symbol.asyncDispose]();
  await until("the place is free", () => readdirSync(place.folder).length === 0);
  await using _second = await rawPlugin(place.path, answering(answer));
  await until("it is followed", () => watched.events.filter(({ kind }) => kind === "tracing").length === 2);
  await exchange(place.path, list, answer.length);
  await watched.told(1);
});

test("a caller that comes while the plugin starts anew is answered by the new one, with its body", async () => {
  await using place = await stage();
  // Bound to another name, so that its end takes nothing away, as that of a plugin that is killed.
  const first = await rawPlugin(`${place.path}.bound`, answering(answer));
  renameSync(`${place.path}.bound`, place.path);
  await using _watched = await watch(place.path);
  first.server.close();
  const engine = await dial(place.path);
  engine.write(list);
  const answered = read(engine, answer.length);
  await until("the place is free", () => !readdirSync(place.folder).includes("example.sock"));
  await using second = await rawPlugin(place.path, answering(answer));
  assert.equal((await answered).toString(), answer);
  assert.equal(second.received().toString(), list);
  engine.destroy();
});

/** What a trace leaves that is killed at that instant; `ours` is a socket that nobody listens at any more. */
const instants: readonly { after: string; arrange: (given: Killed) => void }[] = [
  { after: "it made its folder", arrange: () => {} },
  { after: "it listened in its folder", arrange: ({ ours, aside }) => renameSync(ours, join(aside.folder, "trace")) },
  { after: "the plugin's socket got a second name", arrange: ({ path, aside }) => linkSync(path, aside.plugin) },
  {
    after: "it took the plugin's place",
    arrange: ({ path, ours, aside }) => {
      linkSync(path, aside.plugin);
      renameSync(ours, path);
    },
  },
];

interface Killed {
  readonly path: string;
  readonly ours: string;
  readonly aside: ReturnType<typeof asideFor>;
}

for (const { after, arrange } of instants) {
  test(`killed after ${after}, a trace is put right by the next one, and by putBack`, async () => {
    for (const next of ["trace", "putBack"] as const) {
      await using place = await stage();
      await using _plugin = await rawPlugin(place.path, answering(answer));
      const own = lstatSync(place.path).ino;
      const aside = asideFor(place.path, 4_194_304);
      mkdirSync(aside.folder);
      const ours = join(place.folder, "ours");
      await leaveDead(ours);
      arrange({ path: place.path, ours, aside });
      if (next === "putBack") {
        const what = after === "it took the plugin's place" ? "restored" : "cleared";
        assert.deepEqual(await putBack(place.folder), [{ path: place.path, pid: 4_194_304, what }]);
      } else {
        await using watched = await watch(place.path);
        await exchange(place.path, list, answer.length);
        await watched.told(1);
      }
      assert.equal(lstatSync(place.path).ino, own);
      assert.deepEqual(
        readdirSync(place.folder).filter((name) => name !== basename(ours)),
        ["example.sock"],
      );
      assert.equal((await exchange(place.path, list, answer.length)).toString(), answer);
    }
  });
}

test("what a running trace holds is left alone by putBack", async () => {
  await using place = await stage();
  await using _plugin = await rawPlugin(place.path, answering(answer));
  await using watched = await watch(place.path);
  assert.deepEqual(await putBack(place.folder), []);
  await exchange(place.path, list, answer.length);
  await watched.told(1);
});

test("what looks like a leftover is left alone while somebody has the lock", async () => {
  await using place = await stage();
  await using _plugin = await rawPlugin(place.path, answering(answer));
  const aside = asideFor(place.path, 4_194_304);
  mkdirSync(aside.folder);
  {
    using _lock = await lockPath(place.path);
    assert.deepEqual(await putBack(place.folder), []);
  }
  assert.equal((await putBack(place.folder)).length, 1);
});

test("a socket whose name leaves no room beside it is refused before anything is moved", async () => {
  await using place = await stage();
  const path = join(place.folder, `${"x".repeat(100 - place.folder.length)}.sock`);
  await using _plugin = await rawPlugin(path, answering(answer));
  await assert.rejects(traceSocket(path, { plugin: "x", publish: () => {}, say: () => {}, redactor: undefined }), {
    code: "bad-address",
    message: /too long.*--listen/,
  });
  assert.deepEqual(readdirSync(place.folder), [basename(path)]);
});

async function leaveDead(path: string): Promise<void> {
  {
    await using _plugin = await rawPlugin(path);
    renameSync(path, `${path}.kept`);
  }
  renameSync(`${path}.kept`, path);
}
