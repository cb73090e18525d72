import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { chmod, link, rename, symlink } from "node:fs/promises";
import { connect as dial, createServer, type Socket } from "node:net";
import { join } from "node:path";
import { test } from "node:test";
import { asNobody } from "../test/as-nobody.ts";
import { answer, rawPlugin, type Respond } from "../test/raw-plugin.ts";
import { scratch, type Scratch } from "../test/scratch.ts";
import { discover } from "./discover.ts";
import { probe, type PluginState, type ProbedEntry } from "./probe.ts";

const plugin: Respond = () => answer({ Implements: ["VolumeDriver"] });

async function probeAll(at: Scratch, deadlineMs = 30_000): Promise<ProbedEntry[]> {
  return probe(await discover({ folders: at.folders }), { deadlineMs });
}

const peers: readonly [title: string, respond: Respond, state: PluginState, reason: RegExp][] = [
  ["a plugin", plugin, "answers", /^$/],
  ["a plugin that implements nothing", () => answer({}), "answers", /^$/],
  ["a plugin that is not ready", () => answer({ Err: "loading" }, "500 No"), "fails", /^Plugin.Activate: loading$/],
  ["silence", () => undefined, "silent", /no answer within 400 ms/],
  ["drops", () => "HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n{", "silent", /no answer within 400 ms/],
  ["a web server", () => answer("<html>", "404 Not Found"), "not-a-plugin", /<html>/],
  ["another protocol", (_, socket) => void socket.end("220 smtp\r\n"), "not-a-plugin", /not answer in HTTP/],
  ["one that hangs up", (_, socket) => void socket.end(), "not-a-plugin", /without an answer/],
  ["a flood", () => answer({ Implements: ["x".repeat(70_000)] }), "not-a-plugin", /over 65536 bytes/],
  ["a wrong manifest", () => answer({ Implements: "VolumeDriver" }), "not-a-plugin", /Implements must be a list/],
];

for (const [title, respond, state, reason] of peers) {
  test(`${title} behind a socket is "${state}", found out over one connection`, async () => {
    await using at = await scratch();
    await using peer = await rawPlugin(respond, { socket: await at.path("run/p.sock") });
    const [entry] = await probeAll(at, state === "silent" ? 400 : 30_000);
    assert.equal(entry?.state, state, entry?.reason);
    assert.match(entry.reason, reason);
    assert.equal(entry.implements !== undefined, state === "answers");
    assert.equal(peer.connections(), 1);
  });
}

test("a socket without a process is dead, a file with a fault unusable, a port without a process dead", async () => {
  await using at = await scratch();
  const path = await at.path("run/left.sock");
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(`${path}.tmp`, resolve));
  await rename(`${path}.tmp`, path);
  await new Promise((resolve) => server.close(resolve));
  const gone = await rawPlugin(plugin, { tcp: true });
  await gone[Symbol.asyncDispose]();
  await at.write("etc/gone.spec", gone.url);
  await at.write("etc/wrong.spec", "localhost:9999");

  const states = (await probeAll(at)).map(({ name, state }) => [name, state]);
  assert.deepEqual(states, [
    ["left", "dead"],
    ["gone", "dead"],
    ["wrong", "unusable"],
  ]);
});

test("a socket that this user may not use is forbidden, not dead", async () => {
  await using at = await scratch();
  await using _ = await rawPlugin(plugin, { socket: await at.path("run/p.sock") });
  await chmod(join(at.root, "run/p.sock"), 0);
  await asNobody(at, async () => {
    const [entry] = await probeAll(at);
    assert.equal(entry?.state, "forbidden");
    assert.match(entry.reason, /permission denied; run this as root/);
  });
});

test("silent sockets are waited for together, not one after another", async () => {
  await using at = await scratch();
  await using stack = new AsyncDisposableStack();
  const asked = Array.from({ length: 20 }, () => Promise.withResolvers<void>());
  for (const [index, { resolve }] of asked.entries()) {
    stack.use(await rawPlugin(() => (resolve(), undefined), { socket: await at.path(`run/p${index}.sock`) }));
  }
  const controller = new AbortController();
  const probing = probe(await discover({ folders: at.folders }), { deadlineMs: Infinity, signal: controller.signal });
  const ended = assert.rejects(probing, { name: "AbortError" });
  await Promise.all(asked.map(({ promise }) => promise));
  controller.abort();
  await ended;
});

test("one address under several names is called once", async () => {
  await using at = await scratch();
  await using peer = await rawPlugin(plugin, { socket: await at.path("run/p.sock") });
  await symlink(join(at.root, "run/p.sock"), join(at.root, "run/q.sock"));
  await link(join(at.root, "run/p.sock"), join(at.root, "run/r.sock"));
  await at.write("etc/s.spec", `unix://${at.root}/run/p.sock`);
  const states = (await probeAll(at)).map(({ name, state }) => `${name} ${state}`).sort();
  assert.deepEqual(states, ["p answers", "q answers", "r answers", "s answers"]);
  assert.equal(peer.connections(), 1);
});

test("a managed plugin that answers anything in HTTP is alive", async () => {
  await using at = await scratch();
  const socket = await at.path(`run/${"ab".repeat(32)}/p.sock`);
  await using _ = await rawPlugin(() => answer("404 page not found", "404 Not Found"), { socket });
  const [entry] = await probeAll(at);
  assert.deepEqual([entry?.kind, entry?.state, entry?.implements], ["managed", "answers", undefined]);
});

test("a process that no longer accepts is silent, even with its queue full", async () => {
  await using at = await scratch();
  const path = await at.path("run/p.sock");
  const code = `require("net").createServer().listen({path:${JSON.stringify(path)},backlog:1},()=>console.log("up"))`;
  const child = spawn(process.execPath, ["-e", code], { stdio: ["ignore", "pipe", "inherit"] });
  const waiting: Socket[] = [];
  try {
    await once(child.stdout, "data");
    child.kill("SIGSTOP");
    await fillQueue(path, waiting);
    const [entry] = await probeAll(at, 200);
    assert.equal(entry?.state, "silent");
    assert.match(entry.reason, /queue of waiting connections is full|no (answer|connection)/);
  } finally {
    for (const socket of waiting) socket.destroy();
    child.kill("SIGKILL");
    await once(child, "exit");
  }
});

/** Connects until the kernel takes no more. */
async function fillQueue(path: string, waiting: Socket[]): Promise<void> {
  for (;;) {
    const socket = dial(path);
    waiting.push(socket);
    const connected = await once(socket, "connect").then(
      () => true,
      () => false,
    );
    if (!connected) return;
  }
}

test("an abort ends the waiting", async () => {
  await using at = await scratch();
  await using _ = await rawPlugin(() => undefined, { socket: await at.path("run/p.sock") });
  const entries = await discover({ folders: at.folders });
  const reason = new Error("enough");
  await assert.rejects(probe(entries, { signal: AbortSignal.abort(reason) }), reason);
});
