import assert from "node:assert/strict";
import { symlink } from "node:fs/promises";
import { test } from "node:test";
import { scratch } from "../test/scratch.ts";
import type { Rules } from "./address.ts";
import { DiscoveryError } from "./engine-error.ts";
import { readPluginFile, type PluginFile } from "./plugin-file.ts";

async function read(name: string, text: string, rules: Rules = "strict"): Promise<PluginFile> {
  await using at = await scratch();
  return await readPluginFile(await at.write(name, text), rules);
}

async function problem(name: string, text: string, rules: Rules = "strict"): Promise<string> {
  const error: unknown = await read(name, text, rules).catch((error: unknown) => error);
  assert.ok(error instanceof DiscoveryError, "nothing was refused");
  assert.match(error.message, new RegExp(`^/.*/${name}`));
  return error.message.slice(error.message.indexOf(name) + name.length);
}

test("a .spec file is one URL, spaces around it trimmed", async () => {
  const { address, warnings } = await read("a.spec", "\n tcp://localhost:8080\n");
  assert.deepEqual(address, { transport: "tcp", host: "localhost", port: 8080, authority: "localhost:8080" });
  assert.deepEqual(warnings, []);
});

test("a .spec file without a scheme, or empty, is refused with the remedy", async () => {
  assert.match(await problem("a.spec", "localhost:9999"), /write tcp:\/\/localhost:9999$/);
  assert.match(await problem("a.spec", ""), /has no scheme/);
  assert.match(await problem("a.spec", "localhost:9999", "engine"), /write tcp:\/\/localhost:9999$/);
});

test("the certificate behind a .spec file is checked by strict rules, never by the engine", async () => {
  for (const [rules, verify] of [
    ["strict", true],
    ["engine", false],
  ] as const) {
    const { tls, warnings } = await read("a.spec", "https://localhost:1", rules);
    assert.equal(tls?.verify, verify);
    assert.match(warnings.join(), /engine never checks the certificate behind a \.spec file/);
  }
});

test("a .json file is read in any case of its keys, what is unknown left aside", async () => {
  const { address, tls, warnings } = await read(
    "a.json",
    '{"name": "a", "ADDR": "https://h:1", "extra": 1, "tlsconfig": {"cafile": "/c", "exclusiverootpools": true, "MinVersion": 772}}',
  );
  assert.deepEqual(address, { transport: "tls", host: "h", port: 1, authority: "h:1" });
  assert.deepEqual(tls, {
    verify: true,
    caFile: "/c",
    exclusiveRoots: true,
    certFile: undefined,
    keyFile: undefined,
    minVersion: "TLSv1.3",
  });
  assert.deepEqual(warnings, []);
});

test("a .json file that JSON does not allow is refused with line and column", async () => {
  assert.equal(
    await problem("a.json", '{\n  "Name": "a",\n  "Addr": "tcp://h:1",\n}'),
    ':3:22: a comma before "}" is not JSON; remove the comma',
  );
  assert.match(await problem("a.json", ""), /^:1:1: the text ends/);
});

test("a .json file of the wrong shape is refused by key", async () => {
  assert.match(await problem("a.json", "[]"), /must hold a JSON object/);
  assert.match(await problem("a.json", "{}"), /has no "Addr"/);
  assert.match(await problem("a.json", '{"Addr": null}'), /has no "Addr"/);
  assert.match(await problem("a.json", '{"Addr": 1}'), /has a number as "Addr"; it must be a string/);
  assert.match(await problem("a.json", '{"Addr": "https://h", "TLSConfig": []}'), /has a list as "TLSConfig"/);
  assert.match(
    await problem("a.json", '{"Addr": "https://h", "TLSConfig": {"InsecureSkipVerify": "no"}}'),
    /has a string as "InsecureSkipVerify"; it must be a boolean/,
  );
});

test("another Name, and text behind the first value, are warned of", async () => {
  const { warnings } = await read("a.json", '{"Name": "b", "Addr": "tcp://h:1"} {"Addr": "tcp://h:2"}');
  assert.match(warnings.join("\n"), /Name "b" is ignored/);
  assert.match(warnings.join("\n"), /first JSON value/);
});

test("tcp with a TLSConfig is plain to the engine and refused by strict rules", async () => {
  const text = '{"Addr": "tcp://h:1", "TLSConfig": {"CAFile": "/c"}}';
  assert.match(await problem("a.json", text), /uses TLS for https:\/\/ only; write https:\/\//);
  const { address, tls, warnings } = await read("a.json", text, "engine");
  assert.equal(address.transport, "tcp");
  assert.equal(tls, undefined);
  assert.match(warnings.join(), /TLSConfig has no effect on tcp:\/\/h:1/);
});

const verification: readonly [tls: string | undefined, strict: boolean, engine: boolean][] = [
  [undefined, true, true],
  ['{"InsecureSkipVerify": false}', true, false],
  ['{"CAFile": "/c"}', true, true],
  ['{"CAFile": "/c", "InsecureSkipVerify": true}', false, false],
];

for (const [tls, strict, engine] of verification) {
  test(`with TLSConfig ${tls ?? "missing"} the certificate is checked: strict ${strict}, engine ${engine}`, async () => {
    const text = `{"Addr": "https://h:1"${tls === undefined ? "" : `, "TLSConfig": ${tls}`}}`;
    assert.equal((await read("a.json", text)).tls?.verify, strict);
    const asEngine = await read("a.json", text, "engine");
    assert.equal(asEngine.tls?.verify, engine);
    assert.equal(asEngine.warnings.length, engine ? 0 : 1);
  });
}

test("half a client certificate and an old TLS version are refused", async () => {
  const withTls = (tls: string): string => `{"Addr": "https://h:1", "TLSConfig": ${tls}}`;
  for (const rules of ["strict", "engine"] as const) {
    assert.match(await problem("a.json", withTls('{"CertFile": "/c"}'), rules), /CertFile without KeyFile/);
    assert.match(await problem("a.json", withTls('{"KeyFile": "/k"}'), rules), /KeyFile without CertFile/);
    assert.match(await problem("a.json", withTls('{"MinVersion": 769}'), rules), /MinVersion 769; write 771/);
  }
});

test("a file over a mebibyte, and what is no file, is refused unread", async () => {
  assert.match(await problem("a.json", " ".repeat(1_048_577)), /: is over 1048576 bytes/);
  await using at = await scratch();
  const link = await at.path("etc/zero.spec");
  await symlink("/dev/zero", link);
  await assert.rejects(readPluginFile(link, "strict"), { message: `${link}: is not a regular file` });
});

test("a file that the kernel makes while it is read is refused, however long it is", async () => {
  await using at = await scratch();
  const link = await at.path("etc/made.spec");
  await symlink("/proc/kallsyms", link);
  await assert.rejects(readPluginFile(link, "strict"), { message: `${link}: is over 1048576 bytes` });
});
