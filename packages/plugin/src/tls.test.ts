import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { once } from "node:events";
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { connect, type ConnectionOptions, type TLSSocket } from "node:tls";
import { promisify } from "node:util";
import { briefly, temporaryFolder, volumePlugin } from "../test/fixture.ts";
import { RawClient } from "../test/raw-client.ts";
import { serve, type ServeOptions, type Serving } from "./serve.ts";
import type { TlsAddress } from "./tls.ts";

const openssl = promisify(execFile);
let files: Awaited<ReturnType<typeof temporaryFolder>>;
const file = (name: string): string => join(files.path, name);

before(async () => {
  files = await temporaryFolder();
  for (const ca of ["ca", "other-ca"]) {
    await openssl("openssl", [
      "req",
      "-x509",
      ...newKey(ca),
      "-out",
      file(`${ca}.pem`),
      "-days",
      "1",
      "-subj",
      `/CN=${ca}`,
    ]);
  }
  await sign("plugin", "ca");
  await sign("engine", "ca");
  await sign("stranger", "other-ca");
});

after(() => files[Symbol.asyncDispose]());

/** A key and a certificate for `localhost`. */
async function sign(name: string, ca: string): Promise<void> {
  const issuer = ["-CA", file(`${ca}.pem`), "-CAkey", file(`${ca}.key`)];
  const subject = ["-days", "1", "-subj", `/CN=${name}`, "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1"];
  await openssl("openssl", ["req", "-x509", ...newKey(name), ...issuer, "-out", file(`${name}.pem`), ...subject]);
}

function newKey(name: string): string[] {
  return ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-noenc", "-keyout", file(`${name}.key`)];
}

function address(json?: TlsAddress["json"]): TlsAddress {
  return { tls: "localhost:0", cert: file("plugin.pem"), key: file("plugin.key"), clientCa: file("ca.pem"), json };
}

function serveTls(listen: TlsAddress, options: ServeOptions = {}): Promise<Serving> {
  return serve(volumePlugin(), { listen, ...options });
}

/** Dials as a caller that shows `name`'s certificate, or none. */
async function dial(serving: Serving, name: string | undefined, options: ConnectionOptions = {}): Promise<TLSSocket> {
  const { hostname, port } = new URL(serving.addresses[0] ?? "");
  const identity = name && { cert: await readFile(file(`${name}.pem`)), key: await readFile(file(`${name}.key`)) };
  return connect({ host: hostname, port: Number(port), ca: await readFile(file("ca.pem")), ...identity, ...options });
}

test("a caller with a certificate of the client CA is served", async () => {
  await using serving = await serveTls(address());
  assert.match(serving.addresses[0] ?? "", /^https:\/\/localhost:\d+$/);
  const socket = await dial(serving, "engine");
  await once(socket, "secureConnect");
  await using client = new RawClient(socket);
  assert.equal((await client.call("VolumeDriver.List", {}).answer()).status, 200);
  assert.equal((await client.call("VolumeDriver.Get", { Name: "a" }).answer()).status, 200);
});

for (const [who, name] of [
  ["without a certificate", undefined],
  ["with a certificate of another CA", "stranger"],
] as const) {
  test(`a caller ${who} is not served`, async () => {
    await using serving = await serveTls(address());
    await using client = new RawClient(await dial(serving, name));
    assert.equal(await client.call("VolumeDriver.List", {}).text(), "");
  });
}

test("TLS below 1.2 is refused", async () => {
  await using serving = await serveTls(address());
  await using client = new RawClient(
    await dial(serving, "engine", { minVersion: "TLSv1.1", maxVersion: "TLSv1.1", ciphers: "DEFAULT@SECLEVEL=0" }),
  );
  assert.equal(await client.call("VolumeDriver.List", {}).text(), "");
});

test("a caller that speaks plain HTTP is not served, and the next one is", async () => {
  await using serving = await serveTls(address());
  {
    await using plain = await RawClient.connect((serving.addresses[0] ?? "").replace("https", "tcp"));
    assert.doesNotMatch(await plain.call("VolumeDriver.List", {}).text(), /200 OK/);
  }
  await using client = new RawClient(await dial(serving, "engine"));
  assert.equal((await client.call("VolumeDriver.List", {}).answer()).status, 200);
});

test("the json file tells the engine to verify the plugin and to show its certificate, and goes with the plugin", async () => {
  await using folder = await temporaryFolder();
  const json = {
    file: join(folder.path, "secure.json"),
    CAFile: file("ca.pem"),
    CertFile: file("engine.pem"),
    KeyFile: file("engine.key"),
  };
  {
    await using serving = await serveTls(address(json));
    assert.deepEqual(JSON.parse(await readFile(json.file, "utf8")), {
      Name: "secure",
      Addr: serving.addresses[0],
      TLSConfig: { InsecureSkipVerify: false, CAFile: json.CAFile, CertFile: json.CertFile, KeyFile: json.KeyFile },
    });
  }
  assert.deepEqual(await readdir(folder.path), []);
});

test("a missing certificate is named", async () => {
  await assert.rejects(
    briefly(serveTls({ ...address(), cert: file("nobody.pem") })),
    /cannot serve at localhost:0: ENOENT.*nobody\.pem/,
  );
});

test("a key that does not fit its certificate is refused at the start", async () => {
  await assert.rejects(
    briefly(serveTls({ ...address(), key: file("engine.key") })),
    /cannot serve at localhost:0: .*mismatch/,
  );
});
