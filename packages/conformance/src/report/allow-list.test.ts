import assert from "node:assert/strict";
import { test } from "node:test";
import { parseAllowList } from "./allow-list.ts";

test("ids stand one a line, with reasons and gaps between them", () => {
  assert.deepEqual([...parseAllowList("# ours\n\nHS-01 # slow disk\n  HS-02\n", "f")], ["HS-01", "HS-02"]);
});

for (const [text, why] of Object.entries({
  "HS-01\nHS-99": /^f:2: there is no case "HS-99"; write one id a line/,
  "HS-01 HS-02": /^f:1: there is no case "HS-01 HS-02"/,
  "HS-01\n#\nHS-01": /^f:3: HS-01 stands there twice/,
})) {
  test(`${JSON.stringify(text)} is refused with its line`, () => {
    assert.throws(() => parseAllowList(text, "f"), { name: "AllowListError", message: why });
  });
}
