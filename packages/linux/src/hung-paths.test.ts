import assert from "node:assert/strict";
import { test } from "node:test";
import { findHungPaths } from "./hung-paths.ts";

test("paths that are there, that are not, and very many of them are not hung", async () => {
  const many = Array.from({ length: 500 }, (_, index) => `/nonexistent/${index}`);
  assert.deepEqual(await findHungPaths(["/", "/nonexistent", "/proc/self", ...many], 30_000), []);
  assert.deepEqual(await findHungPaths([], 1), []);
});
