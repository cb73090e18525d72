// Names, options and values that nobody means well with: each gets an error with the way out, and nothing is touched.
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { mkdir, readdir, readFile, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { connect, type PluginConnection } from "@outrigger/engine";
import { createLogger, serve, type Serving } from "@outrigger/plugin";
import { temporaryPlace } from "../test/plugin-process.ts";
import { plugin } from "./index.ts";

const names = [
  "../../x",
  "../sentinel",
  "..",
  ".",
  "/etc",
  "/",
  "a/b",
  "a/../b",
  "a\0b",
  "a\nb",
  "a b",
  "x".repeat(129),
  "x".repeat(300),
  "$(id)",
  "`id`",
  "; rm -rf /",
  "| cat",
  "'",
  '"',
  "\\",
  "-rf",
  "--help",
  "_x",
  ".x",
  "~",
  "*",
  "%2e%2e%2f",
  "a:b",
  "e\u0301",
  "\u00e9",
  "\u202ecod.exe",
  "\u200b",
  "\u{1f4be}",
  "\ufeffa",
  "ａ",
  "\ud800",
];
const calls = {
  "VolumeDriver.Create": { Opts: {} },
  "VolumeDriver.Mount": { ID: "a" },
  "VolumeDriver.Unmount": { ID: "a" },
  "VolumeDriver.Get": {},
  "VolumeDriver.Path": {},
  "VolumeDriver.Remove": {},
};

const place = await temporaryPlace();
let serving: Serving;
let connection: PluginConnection;
let opened: AsyncDisposable;
let untouched: string;

before(async () => {
  await mkdir(join(place.path, "sentinel", "inner"), { recursive: true });
  await writeFile(join(place.path, "sentinel", "file"), "precious");
  await symlink("/etc", join(place.path, "sentinel", "link"));
  const open = await plugin.open(
    { root: place.root },
    { name: "volume-local", log: createLogger(), signal: new AbortController().signal },
  );
  opened = open;
  serving = await serve(open, { pluginsDir: place.pluginsDir, signals: false, containCrashes: false });
  connection = await connect(`unix://${place.pluginsDir}/volume-local.sock`);
  await succeeds("VolumeDriver.Create", { Name: "good", Opts: null });
  untouched = await digest(place.path);
});

after(async () => {
  await connection[Symbol.asyncDispose]();
  await serving[Symbol.asyncDispose]();
  await opened[Symbol.asyncDispose]();
  await place[Symbol.asyncDispose]();
});

for (const name of names) {
  test(`name ${JSON.stringify(name.slice(0, 40))} is refused by Create with the rule, and known to no call`, async () => {
    for (const [path, fields] of Object.entries(calls)) {
      const { status, text } = await send(path, { Name: name, ...fields });
      if (path === "VolumeDriver.Create") {
        assert.equal(status, 400, text);
        assert.match(text, /volume name ".*" is not allowed; use 1 to 128 letters, digits/);
      } else if (path === "VolumeDriver.Unmount") {
        assert.equal(status, 200, text);
      } else {
        assert.equal(status, 500, text);
        assert.match(text, /no such volume: "/);
      }
      assert.match(text, /^[ -~…]*$/, "the text is one line of plain letters");
    }
    assert.equal(await digest(place.path), untouched);
  });
}

const wrong: readonly [body: unknown, text: RegExp][] = [
  [{ Name: "", Opts: {} }, /Name must/],
  [{ Name: 1 }, /Name must be a string, got number/],
  [{ Name: ["a"] }, /Name must be a string/],
  [{ Name: { toString: "a" } }, /Name must be a string/],
  [{ Opts: {} }, /Name/],
  [{ Name: "bad", Opts: "size=1" }, /Opts must be/],
  [{ Name: "bad", Opts: { mode: 755 } }, /Opts.*mode.* must be a string, got number/],
  [{ Name: "bad", Opts: { mode: null } }, /Opts.*mode/],
  [
    { Name: "bad", Opts: { mod: "0755" } },
    /unknown option "mod"; did you mean "mode"\? known are backend, from, gid, labels, mode, /,
  ],
  [{ Name: "bad", Opts: { "": "x" } }, /unknown option/],
  [{ Name: "bad", Opts: { constructor: "x" } }, /unknown option/],
  [JSON.parse('{"Name":"bad","Opts":{"__proto__":"x"}}'), /unknown option/],
  [{ Name: "bad", Opts: { mode: "rwxr-xr-x" } }, /"mode".* file mode; write three or four octal digits/],
  [{ Name: "bad", Opts: { mode: "$(id)" } }, /"mode"/],
  [{ Name: "bad", Opts: { uid: "root" } }, /"uid".* whole number from 0 to 4294967294/],
  [{ Name: "bad", Opts: { uid: "-1" } }, /"uid"/],
  [
    { Name: "bad", Opts: { size: "1GiB" } },
    /option "size" is not possible on backend dir; make a volume with backend=btrfs or backend=image or backend=tmpfs/,
  ],
];
for (const [body, text] of wrong) {
  test(`Create ${JSON.stringify(body)} is refused with what to do, and makes nothing`, async () => {
    const reply = await send("VolumeDriver.Create", body);
    assert.equal(reply.status, 400, reply.text);
    assert.match(reply.text, text);
    assert.equal((await send("VolumeDriver.Get", { Name: "bad" })).status, 500);
    assert.deepEqual((await readdir(join(place.root, "volumes"))).length, 1);
  });
}

test("the plugin is up after all of it, and the good volume is there", async () => {
  assert.match(await succeeds("VolumeDriver.List", {}), /"Name":"good"/);
  await succeeds("VolumeDriver.Mount", { Name: "good", ID: "a" });
  await succeeds("VolumeDriver.Unmount", { Name: "good", ID: "a" });
});

async function send(path: string, body: unknown): Promise<{ status: number; text: string }> {
  const { status, body: bytes } = await connection.send(path, body);
  const reply = JSON.parse(bytes.toString()) as { Err?: string };
  return { status, text: reply.Err ?? bytes.toString() };
}

async function succeeds(path: string, body: unknown): Promise<string> {
  const { status, text } = await send(path, body);
  assert.equal(status, 200, text);
  return text;
}

/** One text for every path below a folder with what it is and holds; the plugin's own files left out. */
async function digest(folder: string): Promise<string> {
  const hash = createHash("sha256");
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const lines = entries
    .filter(({ name }) => !name.startsWith("state.db"))
    .map(async (entry) => {
      const path = join(entry.parentPath, entry.name);
      return `${path} ${entry.isFile() ? await readFile(path, "utf8") : entry.isDirectory() ? "folder" : "other"}`;
    });
  for (const line of (await Promise.all(lines)).sort()) hash.update(`${line}\n`);
  return hash.digest("hex");
}
