import assert from "node:assert/strict";
import { test } from "node:test";
import { RequestError } from "@outrigger/protocol";
import fc from "fast-check";
import { checkVolumeName, folderNameOf, quoteName } from "./volume-name.ts";

const allowed = ["a", "A", "0", "x.y", "x_y-1", "con", "a..b", "a".repeat(128), "Data.2024-01-01_backup"];
for (const name of allowed) {
  test(`name ${name.slice(0, 30)} is allowed`, () => checkVolumeName(name));
}

const hostile = [
  "",
  ".",
  "..",
  "../../x",
  "/etc",
  "a/b",
  "a/../b",
  "a\0b",
  "a\nb",
  "a b",
  "-rf",
  "_x",
  ".hidden",
  "$(id)",
  "; rm -rf /",
  "`id`",
  "a'b",
  'a"b',
  "a\\b",
  "a".repeat(129),
  "a".repeat(300),
  "e\u0301",
  "\u00e9",
  "\u202etxt.exe",
  "\u{1f4be}",
  "a\u200bb",
  "ａ",
  "x\r",
  "%2e%2e",
  "a:b",
  "*",
];
for (const name of hostile) {
  test(`name ${quoteName(name)} is refused with the rule, in one line of plain letters`, () => {
    assert.throws(
      () => checkVolumeName(name),
      (error) => {
        assert.ok(error instanceof RequestError);
        assert.match(error.message, /^volume name ".*" is not allowed; use 1 to 128 letters/);
        assert.match(error.message, /^[ -~…]*$/);
        return true;
      },
    );
  });
}

const anyName = fc.oneof(fc.string({ unit: "binary", maxLength: 300 }), fc.constantFrom(...hostile, ...allowed));

test("any two names have different folders, even where case does not count", () => {
  fc.assert(
    fc.property(anyName, anyName, (a, b) => {
      fc.pre(a !== b);
      assert.notEqual(folderNameOf(a).toLowerCase(), folderNameOf(b).toLowerCase());
    }),
  );
  assert.notEqual(folderNameOf("A"), folderNameOf("a"));
  assert.notEqual(folderNameOf("e\u0301"), folderNameOf("\u00e9"));
});

test("a folder's name is one plain path segment whatever the volume's name is", () => {
  fc.assert(fc.property(anyName, (name) => assert.match(folderNameOf(name), /^[a-z0-9_-]{0,40}-[0-9a-f]{12}$/)));
});
