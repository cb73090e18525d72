// In front of plugins on any transport.
import assert from "node:assert/strict";
import { once } from "node:events";
import { writeFileSync } from "node:fs";
import { createServer, type AddressInfo, type Socket } from "node:net";
import { join } from "node:path";
import { test } from "node:test";
import { createServer as createTlsServer } from "node:tls";
import { connect, parseAddress, prepareDial } from "@outrigger/engine";
import { makeCertificate } from "../../engine/test/certificates.ts";
import { answering, reply, stage, until } from "./stage.ts";
import type { CallRecord } from "../src/call-record.ts";
import { Redactor } from "../src/redactor.ts";
import { traceAddress } from "../src/trace-address.ts";

const quiet = { plugin: "example", say: () => {}, redactor: new Redactor() };

test("a plugin on TCP is reached through a trace on TCP", async () => {
  const server = createServer((socket) => serveOn(socket)).listen(0, "127.0.0.1");
  await once(server, "listening");
  const records: CallRecord[] = [];
  const dialler = await prepareDial(`tcp://127.0.0.1:${portOf(server)}`);
  // Port 0 is none that an engine could be told, but any that is free.
  const listen = { transport: "tcp", host: "127.0.0.1", port: 0, authority: "127.0.0.1:0" } as const;
  {
    await using tracing = await traceAddress(listen, dialler, { ...quiet, publish: (record) => records.push(record) });
    await using connection = await connect(tracing.address);
    assert.equal((await connection.send("VolumeDriver.List", {})).status, 200);
    await until("the call is told", () => records.length === 1);
  }
  server.close();
  assert.equal(records[0]?.status, 200);
});

test("a plugin behind TLS is verified, shown our certificate, and traced in the clear", async () => {
  await using place = await stage();
  const authority = makeCertificate("authority");
  const [theirs, ours] = [makeCertificate("localhost", authority), makeCertificate("engine", authority)];
  const files = { CAFile: "ca.pem", CertFile: "cert.pem", KeyFile: "key.pem" };
  const tls = Object.fromEntries(Object.entries(files).map(([key, name]) => [key, join(place.folder, name)]));
  writeFileSync(join(place.folder, "ca.pem"), authority.cert);
  writeFileSync(join(place.folder, "cert.pem"), ours.cert);
  writeFileSync(join(place.folder, "key.pem"), ours.key);
  const options = {
    cert: theirs.cert,
    key: theirs.key,
    ca: authority.cert,
    requestCert: true,
    rejectUnauthorized: true,
  };
  const server = createTlsServer(options, (socket) => serveOn(socket)).listen(0, "127.0.0.1");
  await once(server, "listening");
  const records: CallRecord[] = [];
  const listen = { transport: "unix", path: place.path } as const;
  const dialler = await prepareDial(`https://localhost:${portOf(server)}`, { tls });
  {
    await using _tracing = await traceAddress(listen, dialler, { ...quiet, publish: (record) => records.push(record) });
    await using connection = await connect(`unix://${place.path}`);
    assert.equal((await connection.send("VolumeDriver.List", {})).status, 200);
    await until("the call is told", () => records.length === 1);
  }
  server.close();
  assert.deepEqual(records[0]?.reply?.json, {});
});

test("an address that is in use, open to others, or would need a certificate is refused", async () => {
  await using place = await stage();
  const dialler = await prepareDial("tcp://127.0.0.1:1");
  const server = createServer().listen(place.path);
  await once(server, "listening");
  for (const [address, message] of [
    [`unix://${place.path}`, /is in use; choose another path/],
    ["tcp://0.0.0.0:4001", /open to other machines.*listen on 127\.0\.0\.1/],
    ["https://127.0.0.1:4001", /no certificate to show/],
    [`unix://${place.folder}/none/x.sock`, /cannot listen at .*choose another address/],
  ] as const) {
    const listen = parseAddress(address).address;
    await assert.rejects(traceAddress(listen, dialler, { ...quiet, publish: () => {} }), {
      name: "InspectorError",
      message,
    });
  }
  server.close();
});

function serveOn(socket: Socket): void {
  socket.on("error", () => {});
  answering(reply("{}"))(socket);
}

function portOf(server: { address(): AddressInfo | string | null }): number {
  const address = server.address();
  return typeof address === "object" && address !== null ? address.port : 0;
}
