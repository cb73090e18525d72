import assert from "node:assert/strict";
import { test } from "node:test";
import { definePlugin, serve } from "@outrigger/plugin";
import { encodeLogEntry } from "@outrigger/protocol";
import { outrigger, startOutrigger } from "./command.ts";
import { refusalOf } from "./refusal.ts";
import { badServer, leaveSocket, scratch } from "./scratch.ts";
import { serveShelf } from "./served.ts";
import { createCommand } from "../src/call.ts";

test("the reply goes to standard output, status, time and share of the deadline to standard error", async () => {
  await using place = await scratch();
  await using _shelf = await serveShelf(place, "shelf");
  const { status, stdout, stderr } = await outrigger([
    "call",
    "shelf",
    "VolumeDriver.Mount",
    '{"Name": "data", "ID": "a"}',
    ...place.flags,
  ]);
  assert.equal(status, 0);
  assert.deepEqual(JSON.parse(stdout), { Mountpoint: "/shelf/data" });
  assert.match(stderr, /^200 in [\d.]+ ms, (under )?[\d.]+ % of 120 s\n$/);
});

test("a plugin's error is its own words, with exit code 1", async () => {
  await using place = await scratch();
  await using _shelf = await serveShelf(place, "shelf");
  const { status, stdout, stderr } = await outrigger(["call", "shelf", "Get", '{"Name": "x"}', ...place.flags]);
  assert.equal(status, 1);
  assert.equal(stdout, "");
  assert.match(stderr, /^500 in .*\noutrigger: VolumeDriver\.Get: no volume "x"; create it first\n$/);
});

test("what a plugin says in an error cannot reach the terminal's controls", async () => {
  await using place = await scratch();
  const body = JSON.stringify({ Err: "\u001b[2Jgone\u202e\r\nand \u0007more" });
  await using _server = await badServer(`${place.plugins}/p.sock`, (socket) => {
    socket.end(`HTTP/1.1 500 No\r\nContent-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`);
  });
  const { status, stderr } = await outrigger(["call", "p", "List", ...place.flags]);
  assert.match(stderr, /\noutrigger: VolumeDriver\.List: \\u\{1b\}\[2Jgone\\u\{202e\} and \\u\{7\}more\n$/);
  assert.equal(status, 1);
});

test("--json keeps its shape, for a reply and for an error", async () => {
  await using place = await scratch();
  await using _shelf = await serveShelf(place, "shelf");
  const address = `unix://${place.plugins}/shelf.sock`;
  const good = await outrigger(["call", "shelf", "list", "--json", ...place.flags]);
  const { milliseconds, ...rest } = JSON.parse(good.stdout) as Record<string, unknown>;
  assert.equal(typeof milliseconds, "number");
  const shape = { method: "VolumeDriver.List", address, engine: "docker", status: 200, engineDeadlineMs: 60_000 };
  assert.deepEqual(rest, { ...shape, reply: { Volumes: [] }, error: null });
  assert.deepEqual([good.status, good.stderr], [0, ""]);

  const bad = await outrigger(["call", "shelf", "Get", '{"Name": "x"}', "--json", ...place.flags]);
  const text = 'no volume "x"; create it first';
  assert.partialDeepStrictEqual(JSON.parse(bad.stdout), {
    status: 500,
    reply: { Err: text },
    error: { code: "failed", text },
  });
  assert.equal(bad.status, 1);
});

test("the request comes from standard input or from a file", async () => {
  await using place = await scratch();
  await using _shelf = await serveShelf(place, "shelf");
  const request = '{"Name": "data", "ID": "a"}';
  const file = await place.write("request.json", request);
  const fromInput = await outrigger(["call", "shelf", "Mount", "-", ...place.flags], { input: request });
  const fromFile = await outrigger(["call", "shelf", "Mount", `@${file}`, ...place.flags]);
  for (const { status, stdout } of [fromInput, fromFile]) {
    assert.deepEqual([status, JSON.parse(stdout)], [0, { Mountpoint: "/shelf/data" }]);
  }
});

const refused: readonly (readonly [what: string, args: readonly string[], error: RegExp])[] = [
  [
    "a field of the wrong type",
    ["Mount", '{"Name": 7, "ID": "a"}'],
    /VolumeDriver\.Mount: Name must be a string, got number; VolumeDriver\.Mount has the fields Name, ID; --raw sends anything/,
  ],
  ["a missing field", ["Get"], /VolumeDriver\.Get: Name must be a string, got nothing/],
  ["a mistyped field", ["Create", '{"Name": "a", "opts": {}}'], /no field "opts"; did you mean Opts\?/],
  ["a list", ["Get", "[]"], /the body must be an object, got a list/],
  ["broken JSON", ["Get", '{"Name": "a",}'], /request:1:13: a comma before "}" is not JSON; remove the comma/],
  ["two values", ["Get", '{"Name": "a"} {}'], /request:1:15: one JSON value is enough; remove what follows it/],
  ["a mistyped method", ["Mont"], /no method "Mont"; did you mean VolumeDriver\.Mount\? VolumeDriver has Create, /],
  ["an ambiguous method", ["Capabilities"], /write VolumeDriver\.Capabilities or LogDriver\.Capabilities/],
];

for (const [what, args, error] of refused) {
  test(`${what} is refused before anything is sent, with exit code 2`, async () => {
    await using place = await scratch();
    let received = 0;
    await using _server = await badServer(`${place.plugins}/p.sock`, () => void received++);
    const refusal = await refusalOf(createCommand(), ["p", ...args, ...place.flags]);
    assert.match(refusal.message, error);
    assert.deepEqual([refusal.status, received], [2, 0]);
  });
}

test("a file or a plugin that is not there is told by name and nearest match, with exit code 3", async () => {
  await using place = await scratch();
  await using _shelf = await serveShelf(place, "shelf");
  const file = await outrigger(["call", "shelf", "Get", "@/nonexistent.json", ...place.flags]);
  assert.match(file.stderr, /cannot read the request from \/nonexistent\.json/);
  const plugin = await outrigger(["call", "shlef", "List", ...place.flags]);
  assert.equal(
    plugin.stderr,
    `outrigger: no plugin "shlef" in ${place.plugins}, ${place.specs}; did you mean shelf?\n`,
  );
  await leaveSocket(`${place.plugins}/dead.sock`);
  const dead = await outrigger(["call", "dead", "List", ...place.flags]);
  assert.match(dead.stderr, /connection refused; nothing listens there, so start the plugin/);
  assert.deepEqual([file.status, plugin.status, dead.status], [3, 3, 3]);
});

test("a silent plugin costs the deadline and no more; garbage is called garbage", async () => {
  await using place = await scratch();
  await using _silent = await badServer(`${place.plugins}/silent.sock`);
  await using _garbage = await badServer(`${place.plugins}/garbage.sock`, (socket) => socket.end("220 hello\r\n"));
  const silent = await outrigger(["call", "silent", "List", "--deadline", "300", ...place.flags]);
  assert.match(silent.stderr, /VolumeDriver\.List: no answer within 300 ms/);
  const garbage = await outrigger(["call", "garbage", "List", ...place.flags]);
  assert.match(garbage.stderr, /does not answer in HTTP/);
  assert.deepEqual([silent.status, garbage.status], [1, 1]);
});

test("each engine's request is its own, and --raw sends what it is given", async () => {
  await using place = await scratch();
  let request = "";
  await using _server = await badServer(`${place.plugins}/p.sock`, (socket, data) => {
    request = data.toString();
    socket.end('HTTP/1.1 200 OK\r\nContent-Length: 20\r\n\r\n{"Volumes":null}\r\n\r\n');
  });
  const send = async (...args: string[]): Promise<string> => {
    const { status, stderr } = await outrigger(["call", "p", ...args, ...place.flags]);
    assert.equal(status, 0, stderr);
    return request;
  };
  assert.match(await send("List"), /^POST \/VolumeDriver\.List HTTP\/1\.1\r\nHost: plugin\.moby\.localhost\r\n/);
  assert.match(await send("List", "--engine", "docker-20.10"), /\r\nHost: \r\n/);
  assert.match(await send("List", "--engine", "podman"), /\r\nHost: plugin\r\n[^]*Content-Length: 0\r\n/);
  assert.match(await send("/Any.Thing", "{not json", "--raw"), /^POST \/Any\.Thing [^]*\r\n\r\n\{not json$/);
});

test("log entries are shown as lines, or as one JSON object a line", async () => {
  await using place = await scratch();
  await using _shelf = await serveShelf(place, "shelf");
  const args = ["call", "shelf", "ReadLogs", '{"Info": {"ContainerID": "a"}}', ...place.flags];
  const text = await outrigger(args);
  assert.equal(
    text.stdout,
    "1970-01-01T00:00:00.000Z stdout one\n1970-01-01T00:00:00.000Z stdout t\\u{1b}[31mwo\n",
    text.stderr,
  );
  const { stdout } = await outrigger([...args, "--json"]);
  assert.deepEqual(JSON.parse(stdout.split("\n")[0] ?? ""), {
    time: "1970-01-01T00:00:00.000Z",
    source: "stdout",
    partial: false,
    text: "one",
  });
});

test("a stream is shown as it comes", async () => {
  await using place = await scratch();
  const seen = Promise.withResolvers<void>();
  const entry = (line: string): Uint8Array =>
    encodeLogEntry({ source: "stdout", timeNano: 0n, line: Buffer.from(line), partial: false });
  const plugin = definePlugin({
    name: "follow",
    drivers: {
      LogDriver: {
        startLogging: () => {},
        stopLogging: () => {},
        async *readLogs() {
          yield entry("one\n");
          await seen.promise;
          yield entry("two\n");
        },
      },
    },
  });
  await using _served = await serve(plugin, { pluginsDir: place.plugins, signals: false });
  await using reader = startOutrigger(["call", "follow", "ReadLogs", '{"Info": {"ContainerID": "a"}}', ...place.flags]);
  await reader.line(/stdout one$/);
  seen.resolve();
  await reader.line(/stdout two$/);
});

test("a path is taken letter by letter", async () => {
  await using place = await scratch();
  let calls = 0;
  await using _server = await badServer(place.path("a%41?b#c.sock"), (socket) => {
    calls++;
    socket.end("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}");
  });
  const { status, stderr } = await outrigger(["call", "./a%41?b#c.sock", "List"], { cwd: place.path("") });
  assert.deepEqual([status, calls], [0, 1], stderr);
});

test("a file that is there is taken for one by its end", async () => {
  await using place = await scratch();
  await using _shelf = await serveShelf(place, "shelf");
  await place.write("specs/away.spec", `unix://${place.plugins}/shelf.sock`);
  for (const file of ["plugins/shelf.sock", "specs/away.spec"]) {
    const { status, stderr } = await outrigger(["call", file, "Plugin.Activate"], { cwd: place.path("") });
    assert.equal(status, 0, stderr);
  }
  const { status, stderr } = await outrigger(["call", "plugins/gone.sock", "List"], { cwd: place.path("") });
  assert.deepEqual([status, /no plugin "plugins\/gone\.sock"/.test(stderr)], [3, true], stderr);
});

test("what the engine would ignore in an address is refused, unless we are to be that engine", async () => {
  await using place = await scratch();
  await using _shelf = await serveShelf(place, "shelf");
  const args = ["call", `unix://${place.plugins}/shelf.sock?x=1`, "List"];
  const strict = await outrigger(args);
  assert.match(strict.stderr, /carries "\?x=1", which the engine drops/);
  const engine = await outrigger([...args, "--engine", "docker"]);
  assert.deepEqual([strict.status, engine.status], [2, 0]);
});

test("what was asked for is shown, a secret too", async () => {
  await using place = await scratch();
  await using _shelf = await serveShelf(place, "shelf");
  const { stdout } = await outrigger(["call", "shelf", "GetSecret", '{"SecretName": "a"}', ...place.flags]);
  assert.deepEqual(JSON.parse(stdout), { Value: Buffer.from("hunter2").toString("base64") });
});
