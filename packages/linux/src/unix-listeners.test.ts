import assert from "node:assert/strict";
import { once } from "node:events";
import { link, mkdtemp, rm, stat, unlink } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { findProcesses } from "./processes.ts";
import { readUnixSockets } from "./unix-listeners.ts";

test("a listening socket is found with the file it lies in, wherever that was linked, and with its process", async () => {
  const folder = await mkdtemp(join(tmpdir(), "listeners-"));
  const server = createServer().listen(join(folder, "made.sock"));
  try {
    await once(server, "listening");
    await link(join(folder, "made.sock"), join(folder, "with space.sock"));
    await unlink(join(folder, "made.sock"));
    const { ino } = await stat(join(folder, "with space.sock"));
    const [found, ...others] = (await readUnixSockets()).filter(({ path }) => path.startsWith(folder));
    assert.deepEqual(others, []);
    assert.equal(found?.path, join(folder, "made.sock"));
    assert.equal(found.listens, true);
    // Without ss(8) the file stays unknown.
    if (found.fileInode !== undefined) assert.equal(found.fileInode, ino);
    const held = `socket:[${found.inode}]`;
    const [holder] = await findProcesses({ wants: (target) => target === held });
    assert.equal(holder?.pid, process.pid);
    assert.deepEqual(holder.open, [held]);
    assert.match(holder.command, /node/);
  } finally {
    server.close();
    await rm(folder, { recursive: true });
  }
});
