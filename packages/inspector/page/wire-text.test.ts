import assert from "node:assert/strict";
import { test } from "node:test";
import { bodyKind, bodyText, oneLine, shortId, shortIds, visible } from "./wire-text.js";

const id = "0123456789abcdef".repeat(4);

test("control and direction characters are shown as escapes, line ends and tabs as they are", () => {
  assert.equal(
    visible("a\u0000\u001B[2J\r\u202Eb\u200B\uFEFF\u2028\u2066\n\tc"),
    "a\\u{0}\\u{1b}[2J\\u{d}\\u{202e}b\\u{200b}\\u{feff}\\u{2028}\\u{2066}\n\tc",
  );
  assert.equal(visible("Größe 日本 שלום <b>&amp;"), "Größe 日本 שלום <b>&amp;");
  assert.equal(visible("\uD800"), "\\u{d800}");
});

test("one line has no line ends and no more than so many characters", () => {
  assert.equal(oneLine("a\n\t b", 10), "a b");
  assert.equal(oneLine("x".repeat(1_000_000), 3), "xxx…");
});

test("a body is shown by its kind", () => {
  assert.equal(bodyText({ json: { Err: "\u202E" }, bytes: 11 }), '{\n  "Err": "\\u{202e}"\n}');
  assert.equal(bodyText({ json: null, bytes: 4 }), "null");
  assert.equal(bodyText({ text: "<p>", bytes: 3 }), "<p>");
  assert.equal(bodyText({ base64: "AP8=", bytes: 2 }), "AP8=");
  assert.deepEqual(
    [
      { json: 0, bytes: 1 },
      { text: "a", bytes: 1 },
      { base64: "AA==", bytes: 1 },
      { text: "", bytes: 0 },
    ].map(bodyKind),
    ["JSON", "text", "base64", "empty"],
  );
});

test("ids are shortened as docker does, other names are not", () => {
  assert.equal(shortId(id), "0123456789ab");
  for (const name of ["data", "0123456789ab", `${id}x`, id.toUpperCase()]) assert.equal(shortId(name), name);
  assert.equal(shortIds(`[{"id":"${id}","count":1}]`), '[{"id":"0123456789ab","count":1}]');
});
