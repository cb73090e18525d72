import assert from "node:assert/strict";
import { test } from "node:test";
import { refusalOf } from "../test/refusal.ts";
import { scratch } from "../test/scratch.ts";
import { createCommand } from "./dev.ts";

test("dev refuses what is no plugin's folder, and options without a value, with the way out", async () => {
  await using place = await scratch();
  await place.write("none/package.json", "{}");
  await place.write("torn/package.json", "{");
  const plain = await place.write("plain.mjs", 'export const plugin = { name: "plain", drivers: {} };');
  for (const [args, told] of [
    [[place.path(".")], /no plugin in .*package\.json.*; name its file/],
    [[`${place.path("none")}/`], /has no "source" or "exports" that is one file; name the plugin's file/],
    [[`${place.path("torn")}/`], /no plugin in .*JSON.*; name its file/],
    [["./a.ts", "--opt", "root"], /--opt root has no value; write name=value/],
    [[plain, "--plugins-dir", place.plugins, "--name", "../x"], /plugin name "\.\.\/x" cannot be a socket's file name/],
  ] as const) {
    const { message, status } = await refusalOf(createCommand(), args);
    assert.match(message, told);
    assert.equal(status, 2, message);
  }
});
