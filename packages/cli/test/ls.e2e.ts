import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { chmod } from "node:fs/promises";
import { relative } from "node:path";
import { test } from "node:test";
import { promisify } from "node:util";
import { main, outrigger } from "./command.ts";
import { badServer, leaveSocket, scratch } from "./scratch.ts";
import { serveShelf } from "./served.ts";

interface Listed {
  readonly plugins: readonly { readonly name: string; readonly state: string; readonly reason: string }[];
}

test("each file is listed with its state, dead and silent sockets included, and exit code 1", async () => {
  await using place = await scratch();
  await using _good = await serveShelf(place, "good");
  await using _silent = await badServer(`${place.plugins}/silent.sock`);
  await using _garbage = await badServer(`${place.plugins}/garbage.sock`, (socket) => socket.end("220 hello\r\n"));
  await leaveSocket(`${place.plugins}/dead.sock`);
  await place.write("specs/comma.json", '{\n  "Addr": "unix:///x.sock",\n}\n');
  await place.write("specs/gone.spec", "unix:///nonexistent/gone.sock\n");

  const { status, stdout } = await outrigger(["ls", "--json", "--deadline", "500", ...place.flags]);
  // What was printed by --json.
  const { plugins } = JSON.parse(stdout) as Listed;
  assert.deepEqual(Object.fromEntries(plugins.map(({ name, state }) => [name, state])), {
    dead: "dead",
    garbage: "not-a-plugin",
    good: "answers",
    silent: "silent",
    comma: "unusable",
    gone: "dead",
  });
  const comma = plugins.find(({ name }) => name === "comma");
  assert.match(comma?.reason ?? "", /comma\.json:2:27: a comma before "}" is not JSON; remove the comma/);
  assert.equal(status, 1);
});

test("plugins that all answer give a table and exit code 0", async () => {
  await using place = await scratch();
  await using _one = await serveShelf(place, "one");
  await using _two = await serveShelf(place, "two");
  const { status, stdout, stderr } = await outrigger(["ls", ...place.flags]);
  assert.equal(status, 0);
  assert.equal(stderr, "");
  const [head = "", ...rows] = stdout.trimEnd().split("\n");
  assert.deepEqual(head.split(/ +/), ["NAME", "STATE", "PROTOCOLS", "TIME", "ADDRESS", "FILE"]);
  assert.deepEqual(
    rows.map((row) => row.split(/ {2,}/).slice(0, 3)),
    ["one", "two"].map((name) => [name, "answers", "VolumeDriver,secretprovider,LogDriver"]),
  );
});

test("--json keeps its shape", async () => {
  await using place = await scratch();
  await using _one = await serveShelf(place, "one");
  const { stdout } = await outrigger(["ls", "--json", ...place.flags]);
  const { plugins, folders } = JSON.parse(stdout) as { plugins: object[]; folders: object };
  assert.deepEqual(folders, { sockets: place.plugins, specs: [place.specs] });
  const file = `${place.plugins}/one.sock`;
  assert.partialDeepStrictEqual(plugins, [
    { name: "one", kind: "socket", file, address: `unix://${file}`, state: "answers", reason: "", warnings: [] },
  ]);
  assert.deepEqual(Object.keys(plugins[0] ?? {}), [
    "name",
    "kind",
    "file",
    "address",
    "state",
    "reason",
    "implements",
    "milliseconds",
    "warnings",
  ]);
});

test("a socket that this user may not use is told with the remedy, and exit code 3", async () => {
  await using place = await scratch();
  await using _one = await serveShelf(place, "one");
  await chmod(`${place.plugins}/one.sock`, 0);
  const { status, stdout } = await outrigger(["ls", ...place.flags], { bound: true });
  assert.match(stdout, /^one +forbidden /m);
  assert.match(stdout, /permission denied; run this as root/);
  assert.equal(status, 3);
});

test("an empty machine is no finding", async () => {
  await using place = await scratch();
  const { status, stdout } = await outrigger(["ls", ...place.flags]);
  assert.equal(status, 0);
  assert.equal(stdout, `no plugins in ${place.plugins}, ${place.specs}\n`);
});

test("a named folder that is not there is told by name, with exit code 3", async () => {
  const { status, stderr } = await outrigger(["ls", "--plugins-dir", "/nonexistent/plugins"]);
  assert.equal(status, 3);
  assert.equal(stderr, "outrigger: no such folder: /nonexistent/plugins; make it, or name another\n");
});

test("a folder may be named from where the command runs", async () => {
  await using place = await scratch();
  await using _one = await serveShelf(place, "one");
  const folders = [place.plugins, place.specs].map((folder) => relative(process.cwd(), folder));
  const [plugins = "", specs = ""] = folders;
  const { status, stdout } = await outrigger(["ls", "--plugins-dir", plugins, "--spec-dir", specs]);
  assert.match(stdout, /^one +answers /m);
  assert.equal(status, 0);
});

test("what a file's name or a plugin says cannot reach the terminal's controls", async () => {
  await using place = await scratch();
  await using _server = await badServer(`${place.plugins}/a\u001b[2Jb.sock`, (socket) => socket.end("\u001b[2J"));
  const { stdout } = await outrigger(["ls", "--deadline", "500", ...place.flags]);
  assert.match(stdout, /^a\\u\{1b\}\[2Jb +not-a-plugin/m);
  assert.ok(!stdout.includes(escape));
});

test("colours are for terminals, and NO_COLOR keeps them away", async () => {
  await using place = await scratch();
  await using _one = await serveShelf(place, "one");
  const args = ["ls", ...place.flags];
  assert.ok(!(await outrigger(args)).stdout.includes(escape));
  assert.ok((await onTerminal(args, {})).includes(escape));
  assert.ok(!(await onTerminal(args, { NO_COLOR: "1" })).includes(escape));
});

const escape = "\u001b[";

/** What the command prints to a terminal; script(1) makes one. Node also looks at what a CI sets, so that stays out. */
async function onTerminal(args: readonly string[], env: Record<string, string>): Promise<string> {
  const command = [process.execPath, main, ...args].map((word) => `'${word}'`).join(" ");
  const options = { env: { PATH: process.env["PATH"], TERM: "xterm", ...env } };
  return (await promisify(execFile)("script", ["-qec", command, "/dev/null"], options)).stdout;
}
