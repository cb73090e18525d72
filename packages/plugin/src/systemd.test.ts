import assert from "node:assert/strict";
import { once } from "node:events";
import { link, readdir } from "node:fs/promises";
import { createServer, type ListenOptions, type Server } from "node:net";
import { join } from "node:path";
import { test } from "node:test";
import { briefly, temporaryFolder, volumePlugin } from "../test/fixture.ts";
import { startProcess, type PluginProcess } from "../test/process.ts";
import { RawClient } from "../test/raw-client.ts";
import { serve } from "./serve.ts";

/** Starts the plugin as systemd does: the process that becomes it has the sockets from descriptor 3 on, alone. */
async function startWith(sockets: readonly Server[], listen: object = { systemd: true }): Promise<PluginProcess> {
  try {
    return await startProcess({
      serve: { listen },
      env: { LISTEN_FDS: String(sockets.length) },
      shell: 'LISTEN_PID=$$ exec "$@"',
      stdio: ["ignore", "pipe", "pipe", ...sockets.map(fdOf)],
    });
  } finally {
    for (const socket of sockets) socket.close();
  }
}

async function listening(options: ListenOptions): Promise<Server> {
  const server = createServer().listen(options);
  await once(server, "listening");
  return server;
}

function fdOf(server: Server): number {
  // Node hands a listening socket to a child only by its descriptor, which it does not name in public.
  return (server as unknown as { _handle: { fd: number } })._handle.fd;
}

test("every socket that systemd passes is served, and none of their files removed", async () => {
  await using folder = await temporaryFolder();
  const path = join(folder.path, "a.sock");
  const unix = await listening({ path: `${path}.made` });
  // Closing the server here removes the name that it made.
  await link(`${path}.made`, path);
  const tcp = await listening({ host: "127.0.0.1", port: 0 });
  const bound = tcp.address();
  const port = typeof bound === "object" ? bound?.port : 0;
  await using plugin = await startWith([unix, tcp]);
  assert.deepEqual(plugin.addresses, ["fd://3", "fd://4"]);
  for (const address of [`unix://${path}`, `tcp://127.0.0.1:${port}`]) {
    await using client = await RawClient.connect(address);
    assert.equal((await client.call("VolumeDriver.List", {}).answer()).status, 200);
    // Its own children must not take the sockets for theirs.
    const shown = await client.call("VolumeDriver.Remove", { Name: "show-systemd" }).answer();
    assert.match(shown.body, /LISTEN_FDS is undefined/);
  }
  plugin.child.kill("SIGTERM");
  assert.equal(await plugin.ended, 0);
  assert.deepEqual(await readdir(folder.path), ["a.sock"]);
});

test("a passed socket that is open to other machines is refused, unless it is meant", async () => {
  const open = { host: "0.0.0.0", port: 0 };
  await assert.rejects(briefly(startWith([await listening(open)])), /0\.0\.0\.0:\d+ is open to other machines/);
  await using plugin = await startWith([await listening(open)], { systemd: true, allowRemote: true });
  assert.deepEqual(plugin.addresses, ["fd://3"]);
});

test("without sockets for this very process, systemd is refused with the way out", async () => {
  await assert.rejects(
    briefly(serve(volumePlugin(), { listen: { systemd: true } })),
    /systemd passed no socket to process \d+ .*; start the plugin from its \.socket unit/,
  );
  const other = startProcess({ serve: { listen: { systemd: true } }, env: { LISTEN_FDS: "1", LISTEN_PID: "1" } });
  await assert.rejects(briefly(other), /LISTEN_PID=1 LISTEN_FDS=1/);
});
