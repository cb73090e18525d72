import assert from "node:assert/strict";
import { once } from "node:events";
import { mkdtempDisposable } from "node:fs/promises";
import { createConnection } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { test } from "node:test";
import { startChild } from "./child.ts";
import { holdSocket } from "./held-socket.ts";

const answerOnce = "require('net').createServer((s) => s.end(process.argv[1], () => process.exit())).listen({ fd: 3 })";

// Fails where Node no longer makes such sockets: then `outrigger dev` needs another way.
test("who dials a held socket waits for the process it is passed to, and for the next one after that", async () => {
  await using folder = await mkdtempDisposable(join(tmpdir(), "held-"));
  const path = join(folder.path, "a.sock");
  const held = await holdSocket(path);
  for (const name of ["first", "second"]) {
    const caller = createConnection(path);
    await once(caller, "connect");
    const argv = [process.execPath, "--eval", answerOnce, name];
    await using _child = await startChild(argv, { descriptors: [held.fd] });
    assert.equal(await text(caller), name);
  }
  held.close();
  await assert.rejects(once(createConnection(path), "connect"), /ECONNREFUSED|ENOENT/);
});

test("a path that is taken, or in no folder, is refused", async () => {
  await using folder = await mkdtempDisposable(join(tmpdir(), "held-"));
  const path = join(folder.path, "a.sock");
  const held = await holdSocket(path);
  await assert.rejects(holdSocket(path), /no socket can be made at .*a\.sock/);
  held.close();
  await assert.rejects(holdSocket(join(folder.path, "none", "a.sock")), /no socket can be made/);
});
