import assert from "node:assert/strict";
import { createServer, type AddressInfo } from "node:net";
import { after, test } from "node:test";
import type { TLSSocket, TlsOptions } from "node:tls";
import { makeCertificate } from "../test/certificates.ts";
import { failure } from "../test/failure.ts";
import { answer, rawPlugin, type RawPlugin } from "../test/raw-plugin.ts";
import { scratch, type Scratch } from "../test/scratch.ts";
import type { Rules } from "./address.ts";
import { connect, type ConnectOptions } from "./connect.ts";
import { discover } from "./discover.ts";
import { DiscoveryError } from "./engine-error.ts";
import { probe, type PluginState } from "./probe.ts";

const authority = makeCertificate("test authority");
const server = makeCertificate("localhost", authority);
const client = makeCertificate("engine", authority);
const stranger = makeCertificate("stranger");

// This process's idea of the system's roots, read when the first https:// connection is prepared.
const systemAuthority = makeCertificate("system authority");
const roots = await scratch();
process.env["SSL_CERT_FILE"] = await roots.write("roots.pem", systemAuthority.cert);
process.env["SSL_CERT_DIR"] = roots.root;
after(() => roots[Symbol.asyncDispose]());

function tlsPlugin(options: TlsOptions = {}): Promise<RawPlugin> {
  const reply = answer({ Implements: ["VolumeDriver"] });
  return rawPlugin(() => reply, { tls: { cert: server.cert, key: server.key, ...options } });
}

async function activate(url: string, options: ConnectOptions): Promise<readonly string[]> {
  await using connection = await connect(url, options);
  await connection.call("Plugin.Activate");
  return await connection.activate();
}

test("a certificate signed by CAFile is trusted, for a name and for an address", async () => {
  await using at = await scratch();
  const CAFile = await at.write("ca.pem", authority.cert);
  await using plugin = await tlsPlugin();
  for (const url of [plugin.url, plugin.url.replace("127.0.0.1", "localhost")]) {
    assert.deepEqual(await activate(url, { tls: { CAFile, ExclusiveRootPools: true } }), ["VolumeDriver"]);
    assert.deepEqual(await activate(url, { tls: { CAFile } }), ["VolumeDriver"]);
  }
});

test("a certificate nobody vouches for, or for another host, is refused before the request is sent", async () => {
  await using at = await scratch();
  const CAFile = await at.write("ca.pem", stranger.cert);
  await using plugin = await tlsPlugin();
  await using other = await tlsPlugin(makeCertificate("elsewhere", authority));
  const right = await at.write("right.pem", authority.cert);
  const tries: [string, ConnectOptions][] = [
    [plugin.url, {}],
    [plugin.url, { tls: { CAFile } }],
    [other.url.replace("127.0.0.1", "localhost"), { tls: { CAFile: right } }],
  ];
  for (const [url, options] of tries) {
    const error = await failure(activate(url, options));
    assert.deepEqual([error.code, error.sent], ["tls", false]);
    assert.ok(error.cause instanceof Error);
  }
  assert.deepEqual([plugin.requests.length, other.requests.length], [0, 0]);
});

test("the system's roots are trusted too, unless CAFile is to be the only one", async () => {
  await using at = await scratch();
  const CAFile = await at.write("ca.pem", authority.cert);
  await using plugin = await tlsPlugin(makeCertificate("localhost", systemAuthority));
  assert.deepEqual(await activate(plugin.url, {}), ["VolumeDriver"]);
  assert.deepEqual(await activate(plugin.url, { tls: { CAFile } }), ["VolumeDriver"]);
  assert.equal((await failure(activate(plugin.url, { tls: { CAFile, ExclusiveRootPools: true } }))).code, "tls");
});

test("a certificate is not checked where the file says so", async () => {
  await using plugin = await tlsPlugin();
  assert.deepEqual(await activate(plugin.url, { tls: { InsecureSkipVerify: true } }), ["VolumeDriver"]);
});

test("a raw reply tells whose certificate answered, and whether it would pass", async () => {
  await using at = await scratch();
  const CAFile = await at.write("ca.pem", authority.cert);
  await using plugin = await tlsPlugin();
  for (const [tls, trusted] of [
    [{ CAFile }, true],
    [{ InsecureSkipVerify: true }, false],
  ] as const) {
    await using connection = await connect(plugin.url, { tls });
    const facts = (await connection.send("Plugin.Activate")).tls;
    assert.deepEqual([facts?.protocol, facts?.trusted], ["TLSv1.3", trusted]);
    assert.deepEqual(
      [facts?.certificate?.subject, facts?.certificate?.issuer, facts?.certificate?.names],
      ["CN=localhost", "CN=test authority", "DNS:localhost, IP Address:127.0.0.1"],
    );
  }
  await using plain = await rawPlugin(() => answer({}));
  await using connection = await connect(plain.url);
  assert.equal((await connection.send("Plugin.Activate")).tls, undefined);
});

test("a call over a kept TLS connection counts as sent from the start", async () => {
  await using plugin = await rawPlugin((request) => (request.path === "First.Call" ? answer({}) : undefined), {
    tls: { cert: server.cert, key: server.key },
  });
  await using connection = await connect(plugin.url, { tls: { InsecureSkipVerify: true } });
  await connection.call("First.Call");
  const error = await failure(connection.call("Second.Call", undefined, { deadlineMs: 50 }));
  assert.deepEqual([error.code, error.sent, plugin.connections()], ["deadline", true, 1]);
});

test("a client certificate is shown to a plugin that asks for one, and its lack is told", async () => {
  await using at = await scratch();
  const tls = {
    CAFile: await at.write("ca.pem", authority.cert),
    CertFile: await at.write("cert.pem", client.cert),
    KeyFile: await at.write("key.pem", client.key),
  };
  const names: string[] = [];
  const wanted = { requestCert: true, rejectUnauthorized: true, ca: authority.cert };
  await using plugin = await rawPlugin(
    (_, socket) => {
      // The server listens on TLS, so its sockets are of this kind.
      names.push((socket as TLSSocket).getPeerCertificate().subject.CN?.toString() ?? "nobody");
      return answer({ Implements: [] });
    },
    { tls: { cert: server.cert, key: server.key, ...wanted } },
  );
  await activate(plugin.url, { tls });
  assert.deepEqual(new Set(names), new Set(["engine"]));
  const error = await failure(activate(plugin.url, { tls: { CAFile: tls.CAFile } }));
  assert.match(error.code, /^(tls|broken)$/);
});

test("TLS 1.2 is the oldest spoken, MinVersion 772 refuses it", async () => {
  await using at = await scratch();
  const CAFile = await at.write("ca.pem", authority.cert);
  await using plugin = await tlsPlugin({ maxVersion: "TLSv1.2" });
  assert.deepEqual(await activate(plugin.url, { tls: { CAFile } }), ["VolumeDriver"]);
  assert.equal((await failure(activate(plugin.url, { tls: { CAFile, MinVersion: 772 } }))).code, "tls");
});

async function jsonFile(at: Scratch, url: string, tls: object): Promise<void> {
  await at.write("etc/p.json", JSON.stringify({ Name: "p", Addr: url, TLSConfig: tls }));
}

test("files that cannot be used name the field, the file and the remedy", async () => {
  await using at = await scratch();
  const CAFile = await at.write("ca.pem", authority.cert);
  const cert = await at.write("cert.pem", client.cert);
  const key = await at.write("key.pem", client.key);
  const encrypted = client.privateKey.export({ type: "pkcs8", format: "pem", cipher: "aes-256-cbc", passphrase: "x" });
  const locked = await at.write("locked.pem", encrypted.toString());
  const other = await at.write("other.pem", stranger.key);
  const wrong: [object, RegExp][] = [
    [{ CAFile: "/nowhere/ca.pem" }, /names \/nowhere\/ca.pem as CAFile, which cannot be read/],
    [{ CAFile: key }, /key.pem as CAFile, which holds no PEM certificate/],
    [{ CAFile, CertFile: cert, KeyFile: locked }, /the key must be unencrypted PEM/],
    [{ CAFile, CertFile: cert, KeyFile: other }, /fit CertFile/],
  ];
  for (const [tls, message] of wrong) {
    await jsonFile(at, "https://localhost:1", tls);
    const [entry] = await probe(await discover({ folders: at.folders }));
    assert.equal(entry?.state, "unusable");
    assert.match(entry.reason, message);
    await assert.rejects(connect(entry), (error) => error instanceof DiscoveryError && error.code === "bad-tls");
  }
});

const outcomes: readonly [
  title: string,
  file: (at: Scratch, url: string) => Promise<unknown>,
  rules: Rules,
  state: PluginState,
][] = [
  ["a .spec file", (at, url) => at.write("etc/p.spec", url), "engine", "answers"],
  ["a .spec file", (at, url) => at.write("etc/p.spec", url), "strict", "unusable"],
  ["a TLSConfig without CAFile", (at, url) => jsonFile(at, url, { InsecureSkipVerify: false }), "engine", "answers"],
  ["a TLSConfig without CAFile", (at, url) => jsonFile(at, url, { InsecureSkipVerify: false }), "strict", "unusable"],
];

for (const [title, write, rules, state] of outcomes) {
  test(`an unknown certificate behind ${title} is "${state}" by ${rules} rules`, async () => {
    await using at = await scratch();
    await using plugin = await tlsPlugin();
    await write(at, plugin.url);
    const [entry] = await probe(await discover({ folders: at.folders, rules }), { deadlineMs: 30_000 });
    assert.equal(entry?.state, state, entry?.reason);
  });
}

test("a plain server behind https is no TLS connection, a silent one runs into the deadline", async () => {
  await using silent = await rawPlugin(() => undefined, { tcp: true });
  const late = await failure(activate(silent.url.replace("tcp:", "https:"), { deadlineMs: 100 }));
  assert.deepEqual([late.code, late.sent], ["deadline", false]);
  const server = createServer((socket) =>
    socket
      .on("error", () => {})
      .resume()
      .end("HTTP/1.1 400 Bad Request\r\n\r\n"),
  );
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  // A server on TCP has an address with a port.
  const error = await failure(activate(`https://127.0.0.1:${(server.address() as AddressInfo).port}`, {}));
  assert.deepEqual([error.code, error.sent], ["tls", false]);
  await new Promise((resolve) => server.close(resolve));
});
