import assert from "node:assert/strict";
import { test } from "node:test";
import { RequestError } from "@outrigger/protocol";
import { defineOptions, describeOptions, parseOptions } from "./options.ts";

const options = defineOptions({
  size: { type: "size", doc: "Room for data." },
  mode: { type: "octal", doc: "Mode of the folder.", default: "0755" },
  backend: { type: "choice", of: ["btrfs", "dir"], doc: "Where data lives.", default: "dir" },
  root: { type: "path", doc: "The folder for volumes.", required: true },
  readonly: { type: "boolean", doc: "No writes." },
  uid: { type: "integer", min: 0, max: 65_535, doc: "Owner." },
  token: { type: "string", secret: true, doc: "Password of the backend." },
});

test("options keep their types and defaults", () => {
  const values = parseOptions(options, { root: "/srv/x/" });
  const typed: { mode: number; backend: "btrfs" | "dir"; root: string; size?: number } = values;
  assert.deepEqual(typed, { mode: 0o755, backend: "dir", root: "/srv/x" });
});

const texts: readonly [name: string, given: unknown, value: unknown][] = [
  ["size", "10GiB", 10 * 2 ** 30],
  ["size", "500MB", 500e6],
  ["size", "1.5 KiB", 1536],
  ["size", "1.1GB", 1_100_000_000],
  ["size", "4096", 4096],
  ["size", 4096, 4096],
  ["mode", "0750", 0o750],
  ["mode", "2775", 0o2775],
  ["backend", "btrfs", "btrfs"],
  ["root", "/", "/"],
  ["root", "//srv//x/./y/", "/srv/x/y"],
  ["readonly", "", true],
  ["readonly", "false", false],
  ["readonly", true, true],
  ["uid", "0", 0],
  ["uid", 1000, 1000],
];
for (const [name, given, value] of texts) {
  test(`option ${name} reads ${JSON.stringify(given)} as ${JSON.stringify(value)}`, () => {
    const values: Record<string, unknown> = parseOptions(options, { root: "/srv", [name]: given });
    assert.equal(values[name], value);
  });
}

const refused: readonly [name: string, given: unknown, text: RegExp][] = [
  ["size", "10G", /^option "size": "10G" is not a size; write .* such as 10GiB$/],
  ["size", "", /is not a size/],
  ["size", "-1", /is not a size/],
  ["size", "1e9", /is not a size/],
  ["size", "0.3B", /is not a size/],
  ["size", "99999999TiB", /is not a size/],
  ["size", "10 constructor", /is not a size/],
  ["size", 1.5, /1\.5 is not a size/],
  ["mode", "0888", /is not a file mode/],
  ["mode", 755, /755 is not a file mode; write three or four octal digits as text/],
  ["backend", "zfs", /^option "backend": "zfs" is not a choice; use one of btrfs, dir$/],
  ["root", "srv", /begin with "\/"/],
  ["root", "/srv/../etc", /leave out "\.\."/],
  ["root", "/srv\0", /is not an absolute path/],
  ["readonly", "yes", /write true or false/],
  ["readonly", 1, /write true or false/],
  ["uid", "01", /a whole number from 0 to 65535$/],
  ["uid", "70000", /from 0 to 65535/],
  ["uid", "", /is not a whole number/],
  ["token", "", /^option "token": the given value is not a text/],
  ["token", ["hunter2"], /^option "token": the given value is not/],
  ["sise", "1", /^unknown option "sise"; did you mean "size"\? known are backend, mode, readonly,/],
  ["Size", "1", /did you mean "size"\?/],
  ["raed-only", "", /^unknown option "raed-only"; known are|did you mean "readonly"/],
  ["__proto__x", "1", /^unknown option "__proto__x"; known are/],
];
for (const [name, given, text] of refused) {
  test(`option ${name} refuses ${JSON.stringify(given)} and says how to write it`, () => {
    assert.throws(
      () => parseOptions(options, { root: "/srv", [name]: given }),
      (error) => error instanceof RequestError && text.test(error.message),
    );
  });
}

test("a key that every object inherits is an unknown option", () => {
  const hostile = JSON.parse('{"root":"/srv","__proto__":{"size":1},"toString":"x"}') as Record<string, unknown>;
  assert.throws(() => parseOptions(options, hostile), /unknown option "__proto__"/);
});

test("a required option that is missing is named with its doc", () => {
  assert.throws(() => parseOptions(options, null), /option "root" is missing: The folder for volumes\./);
});

test("null counts as not given, as in Go's JSON", () => {
  assert.deepEqual(parseOptions(options, { root: "/srv", size: null }), { root: "/srv", mode: 0o755, backend: "dir" });
});

test("help lists each option with its form, doc and default", () => {
  const lines = describeOptions(options).split("\n");
  assert.equal(lines[0], "  --size=<size>        Room for data.");
  assert.equal(lines[1], "  --mode=<octal>       Mode of the folder. (default: 0755)");
  assert.equal(lines[2], "  --backend=btrfs|dir  Where data lives. (default: dir)");
  assert.equal(lines[3], "  --root=<path>        The folder for volumes. (required)");
  assert.equal(lines[4], "  --readonly           No writes.");
  assert.match(describeOptions(options, "-o "), /^ {2}-o size=<size>/);
});
