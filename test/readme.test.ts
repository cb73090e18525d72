import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";

test("the plugin that the README shows whole is the example of that name", () => {
  const read = (path: string): string => readFileSync(new URL(`../${path}`, import.meta.url), "utf8");
  const [, shown] = /examples\/volume\.ts\), whole:\n\n```ts\n([^`]+(?:`[^`]+)*?)```/.exec(read("README.md")) ?? [];
  assert.equal(shown, read("examples/volume.ts").replace(/^(\/\/.*\n)+/, ""));
});
