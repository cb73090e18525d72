import assert from "node:assert/strict";
import { mkdtemp, readFile, rm, open } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { connect, createClient, type PluginConnection } from "@outrigger/engine";
import { run } from "@outrigger/linux";
import { serve, type Plugin, type Serving } from "@outrigger/plugin";
import { authz, encodeLogEntry, ipamDriver, logDriver } from "@outrigger/protocol";

test("authz.ts denies privileged containers however the request is written, and what it cannot read", async () => {
  const { plugin } = await import("./authz.ts");
  await using served = await serveAlone(plugin);
  const client = createClient(authz, served.connection);
  const ask = async (uri: string, body?: string): Promise<boolean> => {
    const request = {
      RequestMethod: "POST",
      RequestUri: uri,
      ...(body === undefined ? {} : { RequestBody: Buffer.from(body) }),
    };
    return (await client.authZReq(request)).Allow;
  };
  const create = "/v1.41/containers/create";
  assert.equal(await ask(create, '{"HostConfig":{"Privileged":false}}'), true);
  assert.equal(await ask(create, '{"Image":"a \\"Privileged\\": b","HostConfig":{"Privileged" : null}}'), true);
  for (const [uri, body] of [
    [create, '{"HostConfig":{"Privileged":true}}'],
    [create, '{"hostconfig":{"privileged":true}}'],
    [create, '{"HostConfig":{"Privileged":false,"privileged":true}}'],
    ["/containers/create?name=x", '{"HostConfig":{"Privileged":true}}'],
    ["/v1.41//containers/%63reate", '{"HostConfig":{"Privileged":true}}'],
    ["http://engine/v1.41/containers/create", '{"HostConfig":{"Privileged":true}}'],
    [create, '{"HostConfig":{"Privileged":true},"HostConfig":{}}'],
    [create, '{"HostConfig":{"\\u0050rivileged" : true}}'],
    ["/v1.41.0/containers/create", '{"HostConfig":{"Privileged":true}}'],
    ["/v1.41/containers/x/exec", '{"Privileged":true}'],
    ["/v1.41/containers/web/db/exec", '{"Privileged":true}'],
    [create, undefined],
  ] as const) {
    assert.equal(await ask(uri, body), false, `${uri} ${body}`);
  }
  await assert.rejects(ask(create, "{"), /JSON/);
});

test("ipam.ts never gives an address or a subnet twice", async () => {
  const { plugin } = await import("./ipam.ts");
  await using served = await serveAlone(plugin);
  const client = createClient(ipamDriver, served.connection);
  const any = { AddressSpace: "counting", Pool: "", SubPool: "", V6: false };
  const [one, two] = [await client.requestPool(any), await client.requestPool(any)];
  assert.notEqual(one.Pool, two.Pool);

  const { PoolID } = await client.requestPool({ ...any, Pool: "192.168.7.8/30" });
  const first = await client.requestAddress({ PoolID, Address: "" });
  assert.equal(first.Address, "192.168.7.9/30");
  await assert.rejects(client.requestAddress({ PoolID, Address: "192.168.7.9" }), /192.168.7.9 is taken/);
  await assert.rejects(client.requestAddress({ PoolID, Address: "192.168.7.12" }), /not in subnet/);
  assert.equal((await client.requestAddress({ PoolID, Address: "" })).Address, "192.168.7.10/30");
  await assert.rejects(client.requestAddress({ PoolID, Address: "" }), /is full/);
  await client.releaseAddress({ PoolID, Address: "192.168.7.9" });
  assert.equal((await client.requestAddress({ PoolID, Address: "" })).Address, "192.168.7.9/30");
});

test("log.ts has stored every line when StopLogging answers", async () => {
  const folder = await mkdtemp(join(tmpdir(), "outrigger-lines-"));
  process.env.LINES_FOLDER = folder;
  const { plugin } = await import("./log.ts");
  await using served = await serveAlone(plugin);
  const client = createClient(logDriver, served.connection);
  const file = join(folder, "pipe");
  await run(["mkfifo", file]);
  // The engine, too, holds both ends of the pipe.
  const pipe = await open(file, "r+");
  const container = "c".repeat(64);
  await client.startLogging({ File: file, Info: { ContainerID: container } });
  const line = (text: string, partial = false): Uint8Array =>
    encodeLogEntry({ source: "stdout", timeNano: 1n, line: Buffer.from(text), partial });
  for (let count = 0; count < 2000; count++) await pipe.write(line(`line ${count}`));
  await pipe.write(line("half", true));
  await client.stopLogging({ File: file });
  await client.stopLogging({ File: file });
  await pipe.close();
  const written = (await readFile(join(folder, `${container}.log`), "utf8")).split("\n");
  assert.equal(written.length, 2001);
  assert.equal(written[1999], "line 1999");
  assert.equal(written[2000], "half");
  await rm(folder, { recursive: true });
});

interface Served extends AsyncDisposable {
  readonly connection: PluginConnection;
}

async function serveAlone(plugin: Plugin): Promise<Served> {
  const folder = await mkdtemp(join(tmpdir(), "outrigger-example-"));
  const serving: Serving = await serve(plugin, { pluginsDir: folder, signals: false });
  const connection = await connect(serving.addresses[0] ?? "");
  return {
    connection,
    [Symbol.asyncDispose]: async () => {
      await connection[Symbol.asyncDispose]();
      await serving[Symbol.asyncDispose]();
      await rm(folder, { recursive: true });
    },
  };
}
