import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { outrigger, startOutrigger } from "./command.ts";
import { badServer, leaveSocket, scratch, type Scratch } from "./scratch.ts";
import { serveShelf } from "./served.ts";

interface Inspected {
  readonly tls: { readonly trusted: boolean; readonly certificate: { readonly subject: string } } | null;
  readonly implements: readonly string[];
  readonly calls: readonly { readonly method: string; readonly status: number | null; readonly error: object | null }[];
  readonly warnings: readonly string[];
}

test("a plugin is shown with its protocols, what they answer, and its volumes", async () => {
  await using place = await scratch();
  await using _shelf = await serveShelf(place, "shelf");
  await outrigger(["call", "shelf", "Create", '{"Name": "data"}', ...place.flags]);
  const { status, stdout } = await outrigger(["inspect", "shelf", ...place.flags]);
  assert.equal(status, 0);
  assert.match(stdout, /^shelf\n {2}file +\/.*shelf\.sock\n {2}address +unix:.*\n {2}implements +VolumeDriver, /);
  assert.match(stdout, /\nVolumeDriver\.List +[\d.]+ ms, (under )?[\d.]+ % of 60 s +1 volume\n/);
  assert.match(stdout, /\nLogDriver\.Capabilities +.*\{"Cap":\{"ReadLogs":true\}\}\n/);
  assert.match(stdout, /\nVOLUME +CREATED +MOUNTPOINT\ndata +- +-\n$/);
});

test("what the engine can do without is shown and is no finding", async () => {
  await using place = await scratch();
  await using _shelf = await serveShelf(place, "shelf");
  const { status, stdout } = await outrigger(["inspect", `${place.plugins}/shelf.sock`, "--json", ...place.flags]);
  // What was printed by --json.
  const { calls } = JSON.parse(stdout) as Inspected;
  assert.deepEqual(
    calls.map((call) => [call.method, call.status]),
    [
      ["Plugin.Activate", 200],
      ["VolumeDriver.Capabilities", 404],
      ["VolumeDriver.List", 200],
      ["LogDriver.Capabilities", 200],
    ],
  );
  assert.equal(status, 0);
});

test("--json keeps its shape", async () => {
  await using place = await scratch();
  await using _shelf = await serveShelf(place, "shelf");
  const { stdout } = await outrigger(["inspect", "shelf", "--json", ...place.flags]);
  const report = JSON.parse(stdout) as Inspected;
  assert.deepEqual(Object.keys(report), ["name", "kind", "file", "address", "tls", "implements", "calls", "warnings"]);
  assert.deepEqual(Object.keys(report.calls[0] ?? {}), [
    "method",
    "status",
    "milliseconds",
    "engineDeadlineMs",
    "reply",
    "error",
  ]);
});

test("a name that the engine does not know is a warning with the nearest match, and alone a finding", async () => {
  await using place = await scratch();
  const body = '{"Implements":["volumedriver"]}';
  await using _server = await badServer(`${place.plugins}/p.sock`, (socket) =>
    socket.end(`HTTP/1.1 200 OK\r\nContent-Length: ${body.length}\r\n\r\n${body}`),
  );
  const { status, stdout } = await outrigger(["inspect", "p", ...place.flags]);
  assert.match(stdout, /names "volumedriver", which the engine does not know; did you mean VolumeDriver\?/);
  assert.equal(status, 1);
});

test("a call the engine needs that brings no answer is a finding, and the others are shown", async () => {
  await using place = await scratch();
  const body = '{"Implements":["VolumeDriver"]}';
  await using _server = await badServer(`${place.plugins}/p.sock`, (socket, data) => {
    if (data.includes("Activate")) socket.end(`HTTP/1.1 200 OK\r\nContent-Length: ${body.length}\r\n\r\n${body}`);
  });
  const { status, stdout } = await outrigger(["inspect", "p", "--deadline", "300", ...place.flags]);
  assert.match(stdout, /\nVolumeDriver\.List +- +no answer within 300 ms\n/);
  assert.equal(status, 1);
});

test("a protocol is asked once, however often the handshake names it", async () => {
  await using place = await scratch();
  const asked: string[] = [];
  await using _server = await badServer(`${place.plugins}/p.sock`, (socket, data) => {
    asked.push(/^POST \/(\S+)/.exec(data.toString())?.[1] ?? "");
    const body = JSON.stringify({ Implements: data.includes("Activate") ? Array(50).fill("VolumeDriver") : [] });
    socket.write(`HTTP/1.1 200 OK\r\nContent-Length: ${body.length}\r\n\r\n${body}`);
  });
  const { stdout } = await outrigger(["inspect", "p", ...place.flags]);
  assert.match(stdout, /\n {2}implements +VolumeDriver\n/);
  assert.deepEqual(asked.toSorted(), ["Plugin.Activate", "VolumeDriver.Capabilities", "VolumeDriver.List"]);
});

test("a handshake of a size that no plugin needs is refused", async () => {
  await using place = await scratch();
  const body = JSON.stringify({ Implements: Array.from({ length: 20_000 }, (_, index) => `Volume${index}`) });
  await using _server = await badServer(`${place.plugins}/p.sock`, (socket) => {
    socket.end(`HTTP/1.1 200 OK\r\nContent-Length: ${body.length}\r\n\r\n${body}`);
  });
  const { status, stderr } = await outrigger(["inspect", "p", ...place.flags]);
  assert.match(stderr, /^outrigger: Plugin\.Activate: the reply is over 65536 bytes/);
  assert.equal(status, 1);
});

test("a dead plugin is told with the remedy and exit code 3, a silent one with exit code 1", async () => {
  await using place = await scratch();
  await leaveSocket(`${place.plugins}/dead.sock`);
  await using _silent = await badServer(`${place.plugins}/silent.sock`);
  const dead = await outrigger(["inspect", "dead", ...place.flags]);
  assert.match(dead.stderr, /^outrigger: Plugin\.Activate: cannot connect to .*start the plugin/);
  const silent = await outrigger(["inspect", "silent", "--deadline", "300", ...place.flags]);
  assert.match(silent.stderr, /^outrigger: Plugin\.Activate: no answer within 300 ms\n$/);
  assert.deepEqual([dead.status, silent.status], [3, 1]);
});

test("what a file says and the engine ignores is a warning", async () => {
  await using place = await scratch();
  await using _shelf = await serveShelf(place, "shelf");
  await place.write("specs/other.json", `{"Name": "shelf", "Addr": "unix://${place.plugins}/shelf.sock"}`);
  const { status, stdout } = await outrigger(["inspect", "other", "--json", ...place.flags]);
  const { warnings } = JSON.parse(stdout) as Inspected;
  assert.deepEqual(warnings, ["Name \"shelf\" is ignored: the file's name is the plugin's"]);
  assert.equal(status, 0);
});

test("over TLS the certificate is shown, and needs the CA and a certificate of ours to be trusted", async () => {
  await using place = await scratch();
  await makeCertificate(place, "ca");
  await makeCertificate(place, "plugin", "ca");
  await makeCertificate(place, "client", "ca");
  const pem = (name: string): string => place.path(`${name}.pem`);
  const shelf = fileURLToPath(new URL("./shelf.ts", import.meta.url));
  const theirs = ["--tls-cert", pem("plugin"), "--tls-key", pem("plugin-key"), "--tls-client-ca", pem("ca")];
  await using served = startOutrigger(["serve", shelf, "--tls", "localhost:0", ...theirs]);
  const address = / at (\S+)$/.exec(await served.line(/ serves /))?.[1] ?? "";
  assert.match(address, /^https:\/\/localhost:\d+$/);

  const ours = ["--tls-cert", pem("client"), "--tls-key", pem("client-key")];
  const trusted = await outrigger(["inspect", address, "--json", "--tls-ca", pem("ca"), ...ours]);
  const { tls } = JSON.parse(trusted.stdout) as Inspected;
  assert.partialDeepStrictEqual(tls, { trusted: true, certificate: { subject: "CN=plugin", issuer: "CN=ca" } });
  const text = await outrigger(["inspect", address, "--tls-ca", pem("ca"), ...ours]);
  assert.match(text.stdout, /\n {2}tls +TLSv1\.3, certificate trusted\n {2}certificate +CN=plugin for DNS:localhost, /);
  const nobody = await outrigger(["inspect", address, "--tls-ca", pem("ca")]);
  assert.equal(nobody.status, 1, nobody.stderr);
  const missing = await outrigger(["inspect", address, "--tls-ca", "/nonexistent.pem"]);
  assert.match(missing.stderr, /names \/nonexistent\.pem as CAFile, which cannot be read/);
  assert.equal(missing.status, 2);
});

/** `<name>.pem` and `<name>-key.pem` for localhost, signed by another one or by itself. */
async function makeCertificate(place: Scratch, name: string, issuer?: string): Promise<void> {
  const key = [
    "-newkey",
    "ec",
    "-pkeyopt",
    "ec_paramgen_curve:P-256",
    "-noenc",
    "-keyout",
    place.path(`${name}-key.pem`),
  ];
  const signer =
    issuer === undefined ? [] : ["-CA", place.path(`${issuer}.pem`), "-CAkey", place.path(`${issuer}-key.pem`)];
  const names = issuer === undefined ? [] : ["-addext", "subjectAltName=DNS:localhost"];
  const out = ["-out", place.path(`${name}.pem`), "-days", "1", "-subj", `/CN=${name}`];
  await promisify(execFile)("openssl", ["req", "-x509", ...key, ...signer, ...out, ...names]);
}
