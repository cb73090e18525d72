import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { test } from "node:test";
import { callOf } from "../test/web-client.ts";
import { curlCommand } from "./curl-command.js";

const socket = "unix:///run/docker/plugins/my plugin's.sock";

test("the command sends the request that was recorded to the plugin's socket", () => {
  const call = callOf(1, { request: { json: { Name: "it's $HOME `id`" }, bytes: 26 } });
  const [flags, ...rest] = wordsOf(call, socket).join("\n").split("\n--");
  assert.equal(flags, "--silent");
  assert.deepEqual(rest, [
    "show-error",
    "request\nPOST",
    "unix-socket\n/run/docker/plugins/my plugin's.sock",
    "header\nContent-Type: application/vnd.docker.plugins.v1.1+json",
    `data-raw\n{"Name":"it's $HOME \`id\`"}\nhttp://plugin/VolumeDriver.Mount`,
  ]);
});

test("a plugin on TCP is named by its address", () => {
  assert.equal(wordsOf(callOf(1), "tcp://127.0.0.1:4000").at(-1), "http://127.0.0.1:4000/VolumeDriver.Mount");
  assert.equal(wordsOf(callOf(1), null).at(-1), "http://plugin/VolumeDriver.Mount");
});

test("an empty body is sent as none", () => {
  const words = wordsOf(callOf(1, { request: { text: "", bytes: 0 } }), null);
  assert.ok(!words.some((word) => word.startsWith("--data") || word === "--header"));
});

test("whatever was on the wire, the command is one line of printable ASCII that says the same", () => {
  const hostile = "\u202E\u0007\r\nrm -rf ~\n'\u001B[2J\u2028é😀";
  const asJson = callOf(1, { request: { json: { Name: hostile }, bytes: 40 }, method: `../${hostile}` });
  const words = wordsOf(asJson, socket);
  assert.deepEqual(JSON.parse(words[words.indexOf("--data-raw") + 1] ?? ""), { Name: hostile });
  assert.equal(decodeURIComponent(words.at(-1) ?? ""), `http://plugin/../${hostile}`);
  assert.equal(bodyOf({ text: hostile, bytes: 40 }), hostile);
  assert.equal(bodyOf({ base64: "AP8=", bytes: 2 }, "latin1"), "\u0000\u00FF");
  assert.doesNotThrow(() => curlCommand(callOf(1, { method: "half \uD800" }), null));
});

test("what cannot be sent again as it was has a reason in place of a command", () => {
  const cut = callOf(1, { request: { text: "{", bytes: 1e6, cut: true } });
  assert.deepEqual(curlCommand(cut, null), { reason: "the request was too large to be kept whole" });
  assert.ok("reason" in curlCommand(callOf(1), "unix:///run/\u001B[2J.sock"));
});

type Call = Parameters<typeof curlCommand>[0];

function commandOf(call: Call, address: string | null): string {
  const made = curlCommand(call, address);
  assert.ok("command" in made);
  assert.match(made.command, /^[ -~]+$/);
  return made.command;
}

/** The words that a shell gives to curl. */
function wordsOf(call: Call, address: string | null): string[] {
  const { stdout } = shell(`curl() { printf '%s\\0' "$@"; }\n${commandOf(call, address)}`);
  return stdout.toString().split("\0").slice(0, -1);
}

/** What curl reads from its standard input. */
function bodyOf(request: Call["request"], encoding: BufferEncoding = "utf8"): string {
  return shell(`curl() { cat; }\n${commandOf(callOf(1, { request }), null)}`).stdout.toString(encoding);
}

function shell(script: string): { stdout: Buffer } {
  return spawnSync("sh", ["-c", script], { input: "" });
}
