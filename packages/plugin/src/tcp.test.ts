import assert from "node:assert/strict";
import { once } from "node:events";
import { readdir, readFile, stat, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { join } from "node:path";
import { test } from "node:test";
import { briefly, temporaryFolder, volumePlugin } from "../test/fixture.ts";
import { RawClient } from "../test/raw-client.ts";
import { serve, type Serving } from "./serve.ts";
import { ServeError } from "./serve-error.ts";
import type { TcpAddress } from "./tcp.ts";

function serveAt(address: TcpAddress): Promise<Serving> {
  return serve(volumePlugin(), { listen: address });
}

for (const host of ["127.0.0.1", "localhost", "[::1]"]) {
  test(`a plugin is served on TCP at ${host}`, async (t) => {
    const serving = await serveAt({ tcp: `${host}:0` }).catch((error: unknown) => {
      if (host === "[::1]" && String(error).includes("EADDRNOTAVAIL")) return t.skip("this machine has no IPv6");
      throw error;
    });
    if (serving === undefined) return;
    await using _ = serving;
    const [address = ""] = serving.addresses;
    assert.match(address, /^tcp:\/\/(127\.0\.0\.1|localhost|\[::1\]):\d+$/);
    await using client = await RawClient.connect(address);
    assert.equal((await client.call("VolumeDriver.List", {}).answer()).status, 200);
  });
}

for (const host of ["0.0.0.0", "[::]"]) {
  test(`TCP at ${host} is refused, with the way out, before anybody can connect`, async () => {
    await assert.rejects(briefly(serveAt({ tcp: `${host}:0` })), (error) => {
      assert.ok(error instanceof ServeError);
      assert.equal(error.code, "insecure");
      assert.match(error.message, /listen on 127\.0\.0\.1, use tls with client certificates, or set allowRemote$/);
      return true;
    });
  });
}

test("TCP beyond loopback is served on demand, and the spec names an address of this machine", async () => {
  await using folder = await temporaryFolder();
  const spec = join(folder.path, "a.spec");
  await using _ = await serveAt({ tcp: "0.0.0.0:0", allowRemote: true, spec });
  assert.match(await readFile(spec, "utf8"), /^tcp:\/\/127\.0\.0\.1:\d+\n$/);
});

for (const wrong of [
  "",
  "127.0.0.1",
  ":80",
  "127.0.0.1:",
  "127.0.0.1:65536",
  "::1:80",
  "[127.0.0.1]:80",
  "a b:80",
  "tcp://h:80",
]) {
  test(`${JSON.stringify(wrong)} is no address for TCP`, async () => {
    await assert.rejects(
      briefly(serveAt({ tcp: wrong })),
      /is not an address; write host:port, such as 127\.0\.0\.1:0$/,
    );
  });
}

test("a port that is taken is named with the way out", async () => {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  const port = typeof address === "object" ? address?.port : 0;
  try {
    await assert.rejects(briefly(serveAt({ tcp: `127.0.0.1:${port}` })), (error) => {
      assert.ok(error instanceof ServeError);
      assert.equal(error.code, "address-in-use");
      assert.match(
        error.message,
        /cannot serve at 127\.0\.0\.1:\d+: .*EADDRINUSE.*; stop what listens there, or choose another port/,
      );
      return true;
    });
  } finally {
    server.close();
  }
});

test("a spec file appears whole, leads to the plugin, and goes with it", async () => {
  await using folder = await temporaryFolder();
  const spec = join(folder.path, "etc", "plugins", "a.spec");
  {
    await using serving = await serveAt({ tcp: "127.0.0.1:0", spec });
    assert.equal(await readFile(spec, "utf8"), `${serving.addresses[0]}\n`);
    assert.equal(((await stat(spec)).mode & 0o777).toString(8), "644");
    assert.deepEqual(await readdir(join(folder.path, "etc", "plugins")), ["a.spec"]);
  }
  assert.deepEqual(await readdir(join(folder.path, "etc", "plugins")), []);
});

test("a spec file that says something else is neither overwritten nor removed", async () => {
  await using folder = await temporaryFolder();
  const spec = join(folder.path, "a.spec");
  await writeFile(spec, "tcp://10.0.0.1:80\n");
  await assert.rejects(
    briefly(serveAt({ tcp: "127.0.0.1:0", spec })),
    /a\.spec exists and says something else; remove it or choose another name/,
  );
  assert.equal(await readFile(spec, "utf8"), "tcp://10.0.0.1:80\n");
  assert.deepEqual(await readdir(folder.path), ["a.spec"]);
});

test("a spec file that a killed run left behind for the same port is taken over", async () => {
  await using folder = await temporaryFolder();
  const spec = join(folder.path, "a.spec");
  const first = await serveAt({ tcp: "127.0.0.1:0" });
  const [address = ""] = first.addresses;
  await first[Symbol.asyncDispose]();
  await writeFile(spec, `${address}\n`);
  {
    await using _ = await serveAt({ tcp: address.replace("tcp://", ""), spec });
  }
  assert.deepEqual(await readdir(folder.path), []);
});

test("a spec file that was changed meanwhile is left alone at the end", async () => {
  await using folder = await temporaryFolder();
  const spec = join(folder.path, "a.spec");
  {
    await using _ = await serveAt({ tcp: "127.0.0.1:0", spec });
    await writeFile(spec, "tcp://127.0.0.1:1\n");
  }
  assert.equal(await readFile(spec, "utf8"), "tcp://127.0.0.1:1\n");
});

test("a spec file that the engine would not find is refused", async () => {
  await using folder = await temporaryFolder();
  for (const name of ["a", "a.json", ".spec"]) {
    const serving = serveAt({ tcp: "127.0.0.1:0", spec: join(folder.path, name) });
    await assert.rejects(briefly(serving), /the engine finds .* only if its name ends in \.spec; rename it/);
  }
});
