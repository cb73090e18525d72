import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { readdir } from "node:fs/promises";
import { get } from "node:http";
import { text as readAll } from "node:stream/consumers";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { connect } from "@outrigger/engine";
import { outrigger, startOutrigger, type Running } from "./command.ts";
import { refusalOf } from "./refusal.ts";
import { leaveSocket, scratch, type Scratch } from "./scratch.ts";
import { createCommand } from "../src/serve.ts";

const shelf = fileURLToPath(new URL("./shelf.ts", import.meta.url));

function serve(place: Scratch, ...args: string[]): Running {
  return startOutrigger(["serve", ...args, "--plugins-dir", place.plugins]);
}

/** One call to a plugin on a socket of the place. */
async function call(
  place: Scratch,
  name: string,
  ...[path, request]: [path: string, request?: object]
): Promise<unknown> {
  await using connection = await connect(`unix://${place.plugins}/${name}.sock`);
  return await connection.call(path, request);
}

test("a plugin by its path takes flags from its option schema, and goes with its socket at SIGTERM", async () => {
  await using place = await scratch();
  await using served = serve(place, shelf, "--root", "/srv", "--wood=pine", "--name", "mine");
  const line = await served.line(/ serves /);
  assert.equal(line, `mine serves VolumeDriver, secretprovider, LogDriver at unix://${place.plugins}/mine.sock`);
  assert.deepEqual(await call(place, "mine", "VolumeDriver.Mount", { Name: "a", ID: "b" }), { Mountpoint: "/srv/a" });
  const { status, stdout, stderr } = await served.stop();
  assert.deepEqual([status, stderr], [0, ""]);
  assert.deepEqual(stdout.split("\n"), ["mine: made of pine", line, "mine has stopped", "mine: taken down"]);
  assert.deepEqual(await readdir(place.plugins), []);
});

test("a plugin without options, as the examples are, is served as it is", async () => {
  await using place = await scratch();
  const protocol = new URL("../../plugin/src/index.ts", import.meta.url).href;
  const file = await place.write(
    "mine.ts",
    `import { definePlugin } from ${JSON.stringify(protocol)};
     export const plugin = definePlugin({ name: "plain", drivers: { authz: {
       authZReq: () => ({ Allow: true }), authZRes: () => ({ Allow: true }) } } });`,
  );
  await using served = serve(place, file);
  await served.line(/^plain serves authz at /);
});

test("a package of ours goes by its short name", async () => {
  await using place = await scratch();
  await using served = serve(place, "volume-local", "--root", place.path("volumes"));
  await served.line(/^volume-local serves VolumeDriver at /);
  await call(place, "volume-local", "VolumeDriver.Create", { Name: "data" });
  assert.partialDeepStrictEqual(await call(place, "volume-local", "VolumeDriver.List"), {
    Volumes: [{ Name: "data" }],
  });
});

test("--trace shows each call with its time and share, and no secret", async () => {
  await using place = await scratch();
  await using served = serve(place, shelf, "--trace");
  await served.line(/ serves /);
  await call(place, "shelf", "VolumeDriver.Create", { Name: "data", Opts: { password: "swordfish" } });
  await call(place, "shelf", "VolumeDriver.Get", { Name: "x" }).catch(() => {});
  await call(place, "shelf", "SecretProvider.GetSecret", { SecretName: "db" });
  await served.line(
    /^\d\d:\d\d:\d\d\.\d{3} shelf VolumeDriver\.Create data: ok \([\d.]+ ms, (under )?[\d.]+ % of 120 s\)$/,
  );
  await served.line(/ shelf VolumeDriver\.Get x: 500 no volume "x"; create it first \(/);
  await served.line(/ shelf SecretProvider\.GetSecret db: \{"Value":"\(secret\)"\} \(/);
  const { stdout } = await served.stop();
  assert.doesNotMatch(stdout, /swordfish|aHVudGVyMg/);
});

test("--json prints one event a line", async () => {
  await using place = await scratch();
  await using served = serve(place, shelf, "--trace", "--json", "--metrics", "127.0.0.1:0");
  await served.line(/"serving"/);
  await call(place, "shelf", "VolumeDriver.Create", { Name: "data" });
  await served.line(/"call"/);
  const { status, stdout, stderr } = await served.stop();
  const events = stdout.split("\n").map((line) => JSON.parse(line) as Record<string, unknown>);
  assert.deepEqual(
    events.map(({ time: _time, ...event }) => Object.keys(event)),
    [
      ["event", "plugin", "level", "message"],
      ["event", "url"],
      ["event", "plugin", "implements", "addresses"],
      ["event", "plugin", "method", "object", "status", "reply", "error", "milliseconds", "engineDeadlineMs"],
      ["event", "plugin"],
      ["event", "plugin", "level", "message"],
    ],
  );
  assert.deepEqual([status, stderr], [0, ""]);
});

test("several plugins share a process, and a call that crashes takes none of them down", async () => {
  await using place = await scratch();
  const second = {
    plugin: shelf,
    name: "second",
    options: { root: "/second" },
    listen: [{ tcp: "127.0.0.1:0", spec: place.path("specs/second.spec") }],
  };
  const file = await place.write("outrigger.json", JSON.stringify({ plugins: [{ plugin: shelf }, second] }));
  await using served = serve(place, "--config", file);
  await served.line(/^second serves /);
  const address = `tcp://${/tcp:\/\/(\S+)/.exec(await served.line(/^second serves /))?.[1]}`;
  await assert.rejects(
    call(place, "shelf", "VolumeDriver.Unmount", { Name: "cup", ID: "a" }),
    /cup fell off the shelf/,
  );
  assert.deepEqual(await call(place, "shelf", "VolumeDriver.List"), { Volumes: [] });
  await using other = await connect(address);
  assert.deepEqual(await other.call("VolumeDriver.Mount", { Name: "a", ID: "b" }), { Mountpoint: "/second/a" });
  const listed = await outrigger(["ls", ...place.flags]);
  assert.equal(listed.status, 0, listed.stdout);
  const { status, stderr } = await served.stop();
  assert.equal(status, 0);
  assert.match(stderr, /error: shelf: VolumeDriver\.Unmount: nobody was told: cup fell off the shelf/);
  assert.ok(!existsSync(place.path("specs/second.spec")));
});

test("all plugins of a file are served or none, and the error says which could not be and why", async () => {
  await using place = await scratch();
  const file = await place.write(
    "outrigger.json",
    JSON.stringify({ plugins: [{ plugin: shelf }, { plugin: shelf, name: "nailed", options: { failToOpen: true } }] }),
  );
  const { status, stdout, stderr } = await outrigger(["serve", "--config", file, "--plugins-dir", place.plugins]);
  assert.equal(stderr, `outrigger: ${file}: plugins[1] ("nailed") did not open: the shelf is nailed up\n`);
  assert.equal(status, 3);
  assert.deepEqual(stdout.trim().split("\n"), ["shelf: made of oak", "shelf: taken down"]);
  assert.deepEqual(await readdir(place.plugins), []);
});

test("a signal that comes while plugins still open stops them all, and nothing went wrong", async () => {
  await using place = await scratch();
  const slow = { plugin: shelf, name: "slow", options: { waitToOpen: true } };
  const file = await place.write("outrigger.json", JSON.stringify({ plugins: [{ plugin: shelf }, slow] }));
  await using served = serve(place, "--config", file);
  await served.line(/^slow: waiting$/);
  const { status, stdout, stderr } = await served.stop();
  assert.deepEqual([status, stderr], [0, ""]);
  assert.deepEqual(stdout.split("\n"), ["shelf: made of oak", "slow: waiting", "shelf: taken down"]);
  assert.deepEqual(await readdir(place.plugins), []);
});

test("a second signal ends what a running call holds up", async () => {
  await using place = await scratch();
  await using served = serve(place, shelf);
  await served.line(/ serves /);
  const held = call(place, "shelf", "VolumeDriver.Create", { Name: "forever" }).catch(() => {});
  await served.line(/^shelf: forever$/);
  served.child.kill("SIGTERM");
  while (existsSync(`${place.plugins}/shelf.sock`)) await sleep(10);
  const { status } = await served.stop("SIGINT");
  assert.equal(status, 130);
  await held;
});

test("a socket that another plugin answers is left to it; one left behind is taken over", async () => {
  await using place = await scratch();
  await leaveSocket(`${place.plugins}/shelf.sock`);
  await using served = serve(place, shelf);
  await served.line(/ serves /);
  const { status, stderr } = await outrigger(["serve", shelf, "--plugins-dir", place.plugins]);
  assert.match(stderr, /^outrigger: plugin "shelf": .*shelf\.sock/);
  assert.equal(status, 3);
  assert.deepEqual(await call(place, "shelf", "VolumeDriver.List"), { Volumes: [] });
});

test("figures of all plugins are served to Prometheus, each family once", async () => {
  await using place = await scratch();
  const file = await place.write(
    "outrigger.json",
    JSON.stringify({ metrics: "127.0.0.1:0", plugins: [{ plugin: shelf }, { plugin: shelf, name: "second" }] }),
  );
  await using served = serve(place, "--config", file);
  const url = (await served.line(/^metrics at /)).slice("metrics at ".length);
  await served.line(/^second serves /);
  for (const name of ["shelf", "second"]) await call(place, name, "VolumeDriver.List");
  const { promise, resolve } = Promise.withResolvers<string>();
  get(url, (response) => void readAll(response).then(resolve));
  const text = await promise;
  assert.equal(text.match(/^# TYPE outrigger_calls_total counter$/gm)?.length, 1);
  for (const name of ["shelf", "second"]) {
    assert.match(text, new RegExp(`^outrigger_calls_total\\{plugin="${name}",method="VolumeDriver.List"\\} 1$`, "m"));
  }
});

test("--help of a plugin shows its options, and leaves secret and taken ones to the file", async () => {
  const { status, stdout } = await outrigger(["serve", shelf, "--help"]);
  assert.equal(status, 0);
  assert.match(stdout, /Run shelf: Volumes that exist only as long as the process\./);
  assert.match(stdout, /Options of shelf:\n {2}--root=<path> .*\(default: \/shelf\)/);
  assert.match(stdout, /--wood=oak\|pine/);
  assert.match(stdout, /in a configuration file only: token, group\n/);
});

const refused: readonly (readonly [what: string, args: readonly string[], status: number, error: RegExp])[] = [
  ["nothing", [], 2, /name a plugin, or a file of plugins with --config/],
  ["a plugin behind flags", ["--trace", shelf], 2, /name the plugin first: outrigger serve /],
  ["a plugin beside a file", [shelf, "--config", "x.json"], 2, /give .* or --config x\.json, not both/],
  [
    "a plugin's flag beside a file",
    ["--config", "x.json", "--tcp", "a:1"],
    2,
    /--tcp is about one plugin; write it into x\.json/,
  ],
  [
    "a wrong value",
    [shelf, "--wood", "ash"],
    2,
    /plugin "shelf": option "wood": "ash" is not a choice; use one of oak, pine/,
  ],
  ["a partner's flag alone", [shelf, "--spec", "/x.spec"], 2, /--spec needs --tcp/],
  ["TLS without its files", [shelf, "--tls", "localhost:0"], 2, /--tls needs --tls-cert/],
  ["the world in the clear", [shelf, "--tcp", "0.0.0.0:0"], 2, /open to other machines/],
  ["figures for the world", [shelf, "--metrics", "0.0.0.0:9323"], 2, /is not an address of this machine alone/],
  ["a group without a socket", [shelf, "--tcp", "127.0.0.1:0", "--group", "root"], 2, /the group is for a unix socket/],
  ["a configuration file that is not there", ["--config", "/nonexistent.json"], 3, /cannot read \/nonexistent\.json/],
  ["systemd without a socket", [shelf, "--systemd"], 3, /systemd passed no socket/],
];

for (const [what, args, status, error] of refused) {
  test(`${what} cannot be served`, async () => {
    const refusal = await refusalOf(await createCommand(args), args);
    assert.match(refusal.message, error);
    assert.equal(refusal.status, status);
  });
}

test("two plugins of one name cannot be served", async () => {
  await using place = await scratch();
  const file = await place.write("twice.json", JSON.stringify({ plugins: [{ plugin: shelf }, { plugin: shelf }] }));
  const { message, status } = await refusalOf(await createCommand(["--config"]), ["--config", file]);
  assert.equal(message, `${file}: plugins[1] ("shelf"): another one has this name; give it a "name" of its own`);
  assert.equal(status, 2);
});
