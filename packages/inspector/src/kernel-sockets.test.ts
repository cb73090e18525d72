import assert from "node:assert/strict";
import { linkSync, renameSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { dial, rawPlugin, stage, until } from "../test/stage.ts";
import { listeningSocket } from "./kernel-sockets.ts";

test("a socket that was renamed is known by the name it was bound to, with its connections", async () => {
  await using place = await stage();
  await using plugin = await rawPlugin(place.path);
  await using _other = await rawPlugin(join(place.folder, "other.sock"));
  const moved = join(place.folder, "moved");
  renameSync(place.path, moved);
  const engine = await dial(moved);
  const found = await listeningSocket(moved, place.folder);
  assert.equal(found?.connections, 1);
  await until("the connections that looked are gone", async () => (await found.now())?.connections === 1);
  assert.equal((await found.now())?.listens, true);
  engine.destroy();
  await plugin[Symbol.asyncDispose]();
  assert.equal((await found.now())?.listens, false);
});

test("what nobody listens at, or was bound elsewhere, cannot be told", async () => {
  await using place = await stage();
  await using elsewhere = await stage();
  assert.equal(await listeningSocket(place.path, place.folder), undefined);
  await using _plugin = await rawPlugin(elsewhere.path);
  linkSync(elsewhere.path, place.path);
  assert.equal(await listeningSocket(place.path, place.folder), undefined);
});
