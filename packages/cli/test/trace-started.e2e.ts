// outrigger trace in front of a command that it starts.
import assert from "node:assert/strict";
import { existsSync, mkdirSync, readdirSync, readFileSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { connect } from "@outrigger/engine";
import { createCommand } from "../src/trace.ts";
import { outrigger, startOutrigger } from "./command.ts";
import { refusalOf } from "./refusal.ts";
import { isTraced, leaveSocket, scratch, type Scratch } from "./scratch.ts";
import { serveShelf } from "./served.ts";

/** A plugin in no language of ours; its first argument is a file for its process id, the others are its sockets. */
const plugin = `
import { createServer } from "node:http";
import { renameSync, rmSync, writeFileSync } from "node:fs";
const [note, ...paths] = process.argv.slice(2);
writeFileSync(note, String(process.pid));
console.log("starting");
setInterval(() => {}, 1e6);
const server = (path) => createServer((incoming, response) => {
  const [, word, value] = incoming.url.split("/");
  if (word === "exit") process.exit(Number(value));
  response.end('{"Implements":["VolumeDriver"]}');
}).listen(path);
for (const path of paths) rmSync(path, { force: true });
const servers = paths.map(server);
const { SHOW_AT_ONCE: link } = process.env;
if (link) renameSync(link + ".new", link);
process.on("SIGTERM", () => {
  console.log("ending");
  for (const one of servers) one.close(() => one.closeAllConnections());
  process.exit();
});`;

test("a command's plugin is traced from its first call on, and ends with the trace", async () => {
  await using place = await scratch();
  await leaveSocket(join(place.plugins, "mine.sock"));
  await leaveSocket(join(place.plugins, "dead.sock"));
  await using _other = await serveShelf(place, "other");
  const command = await pluginCommand(place, ["mine"]);
  await using trace = startOutrigger(["trace", ...place.flags, "--", ...command]);
  await until(() => isTraced(place, "mine"));
  await call(place, "mine", "Plugin.Activate");
  assert.match(await trace.line(/ mine /), / mine Plugin\.Activate: \{"Implements":\["VolumeDriver"\]\} \(/);
  const pid = Number(readFileSync(place.path("pid"), "utf8"));
  const { status, stderr } = await trace.stop("SIGINT");
  assert.equal(status, 0, stderr);
  assert.match(stderr, /^starting\n(.*\n)*mine: .*mine\.sock is the plugin's again\n(.*\n)*ending\n$/);
  assert.equal(runs(pid), false);
  assert.deepEqual(readdirSync(place.plugins), ["dead.sock", "other.sock"]);
});

for (const [code, status] of [
  [0, 0],
  [7, 1],
] as const) {
  test(`a command that ends with code ${code} ends its trace with exit code ${status}, and leaves no socket`, async () => {
    await using place = await scratch();
    const command = await pluginCommand(place, ["mine"]);
    await using trace = startOutrigger(["trace", ...place.flags, "--json", "--name", "mine", "--", ...command]);
    await until(() => isTraced(place, "mine"));
    await call(place, "mine", `exit/${code}`).catch(() => {});
    const ended = await trace.ended();
    assert.equal(ended.status, status, ended.stderr);
    assert.match(ended.stderr, new RegExp(`plugin\\.mjs .* ended with code ${code}\n`));
    assert.match(ended.stdout, /"method":"exit\/\d".*"error":"no answer: /);
    assert.deepEqual(readdirSync(place.plugins), []);
  });
}

test("of a command with several sockets the one that is named is traced, also in front of it", async () => {
  await using place = await scratch();
  const command = await pluginCommand(place, ["one", "two"]);
  const front = place.path("front.sock");
  await using trace = startOutrigger(["trace", ...place.flags, "--listen", front, "two", "--", ...command]);
  await until(() => existsSync(front));
  {
    await using connection = await connect(`unix://${front}`);
    await connection.send("Plugin.Activate", {});
  }
  await trace.line(/ two Plugin\.Activate/);
  assert.equal((await trace.stop("SIGTERM")).status, 0);
  assert.equal(existsSync(front), false);
});

test("a signal before the plugin is there ends the command and the trace", async () => {
  await using place = await scratch();
  const command = await pluginCommand(place, []);
  await using trace = startOutrigger(["trace", ...place.flags, "--", ...command]);
  await until(() => existsSync(place.path("pid")) && readFileSync(place.path("pid"), "utf8") !== "");
  const pid = Number(readFileSync(place.path("pid"), "utf8"));
  const { status, stderr } = await trace.stop("SIGTERM");
  assert.equal(status, 0, stderr);
  assert.equal(runs(pid), false);
});

test("a command that cannot be traced is ended, and why is said", async () => {
  await using place = await scratch();
  await using _live = await serveShelf(place, "live");
  const one = await pluginCommand(place, ["one"]);
  for (const [args, message, status] of [
    [["--", "/no/such/program"], /\/no\/such\/program could not be started: .*ENOENT; name a program/, 3],
    [["--", "sh", "-c", "echo no config >&2; exit 4"], /ended with code 4 before .* dialled: no config$/, 3],
    [["--name", "live", "--", ...one], /live is served already, by somebody else; end that first/, 3],
    [["--name", "live"], /--name is about a command; write outrigger trace live/, 2],
    [["live", "--name", "one", "--", "true"], /both live and --name one .*leave one out/, 2],
    [["live", "--"], /name the command behind --/, 2],
    [["--put-back", "--", "true"], /leave the command out/, 2],
  ] as const) {
    const words = [...place.flags, ...args];
    const refusal = await refusalOf(createCommand(words), words);
    assert.match(refusal.message, message);
    assert.equal(refusal.status, status, refusal.message);
  }
  assert.deepEqual(readdirSync(place.plugins), ["live.sock"]);
});

test("a command that has several sockets is ended where none was named", async () => {
  await using place = await scratch();
  // One step shows both: the link to an empty folder becomes one to the folder of the plugin.
  const [link, empty] = [place.path("link"), place.path("empty")];
  mkdirSync(empty);
  symlinkSync(empty, link);
  symlinkSync(place.plugins, `${link}.new`);
  const command = await pluginCommand(place, ["one", "two"]);
  const env = { SHOW_AT_ONCE: link };
  const several = await outrigger(["trace", "--plugins-dir", link, "--", ...command], { env });
  assert.match(several.stderr, /serves .*one\.sock and .*two\.sock; say by --name which one to trace/);
  assert.equal(several.status, 2);
  assert.equal(runs(Number(readFileSync(place.path("pid"), "utf8"))), false);
});

async function pluginCommand(place: Scratch, names: readonly string[]): Promise<string[]> {
  const file = await place.write("plugin.mjs", plugin);
  return [process.execPath, file, place.path("pid"), ...names.map((name) => join(place.plugins, `${name}.sock`))];
}

async function call(place: Scratch, name: string, method: string): Promise<void> {
  await using connection = await connect(`unix://${join(place.plugins, `${name}.sock`)}`);
  await connection.send(method, {});
}

function runs(pid: number): boolean {
  assert.ok(pid > 1);
  return existsSync(`/proc/${pid}`);
}

async function until(holds: () => boolean): Promise<void> {
  const limit = performance.now() + 30_000;
  while (!holds()) {
    if (performance.now() > limit) throw new Error(`waited 30 s in vain: ${String(holds)}`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}
