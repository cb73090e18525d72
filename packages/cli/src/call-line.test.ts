import assert from "node:assert/strict";
import { test } from "node:test";
import type { CallRecord } from "@outrigger/plugin";
import { protocols } from "@outrigger/protocol";
import { formatCall, showCall } from "./call-line.ts";

const { VolumeDriver, authz, secretprovider, NetworkDriver, LogDriver } = protocols;

function record(fields: Partial<CallRecord>): CallRecord {
  const method = VolumeDriver.methods.mount;
  return {
    path: fields.method?.path ?? method.path,
    method,
    status: 200,
    milliseconds: 3.456,
    engineMs: 120_000,
    requestBytes: 10,
    answerBytes: 10,
    ...fields,
  };
}

/** The line without its time. */
function lineOf(fields: Partial<CallRecord>): string {
  const line = formatCall(showCall(record(fields), "local"));
  assert.match(line, /^\d\d:\d\d:\d\d\.\d{3} /);
  return line.slice(13);
}

test("a call is plugin, method, object, answer, time and share of the engine's deadline", () => {
  const line = lineOf({ request: { Name: "data", ID: "a" }, reply: { Mountpoint: "/srv/data" } });
  assert.equal(line, 'local VolumeDriver.Mount data: {"Mountpoint":"/srv/data"} (3.46 ms, 0.003 % of 120 s)');
});

test("an empty reply is ok, a stream is a stream, and a method without a deadline has none", () => {
  const { deleteNetwork } = NetworkDriver.methods;
  const request = { NetworkID: "0123456789abcdef".repeat(4) };
  assert.equal(
    lineOf({ method: deleteNetwork, request, reply: {}, milliseconds: 1234, engineMs: 60_000 }),
    "local NetworkDriver.DeleteNetwork 0123456789ab: ok (1.23 s, no deadline)",
  );
  const info = { Info: { ContainerID: "c", ContainerName: "/web" } };
  assert.match(lineOf({ method: LogDriver.methods.readLogs, request: info }), /ReadLogs \/web: stream /);
});

test("a failure is its status and its words", () => {
  const error = new Error('no volume "x"; create it first');
  assert.match(
    lineOf({ request: { Name: "x" }, status: 500, error }),
    /Mount x: 500 no volume "x"; create it first \(/,
  );
});

test("a field that the protocol calls secret is never shown, nor any request but for its name", () => {
  const secret = lineOf({
    method: secretprovider.methods.getSecret,
    request: { SecretName: "db", SecretLabels: { key: "hunter2" } },
    reply: { Value: "aHVudGVyMg==", DoNotReuse: true },
  });
  assert.match(secret, /GetSecret db: \{"Value":"\(secret\)","DoNotReuse":true\}/);
  assert.doesNotMatch(secret, /hunter2|aHVudGVyMg/);
  const request = {
    User: "eve",
    RequestMethod: "POST",
    RequestUri: "/v1.41/auth",
    RequestBody: Buffer.from("hunter2"),
  };
  const asked = lineOf({ method: authz.methods.authZReq, request, reply: { Allow: false, Msg: "no" } });
  assert.match(asked, /AuthZReq POST \/v1\.41\/auth: \{"Allow":false,"Msg":"no"\}/);
});

test("hostile names and texts stay on their line and away from the terminal's controls", () => {
  const line = lineOf({
    request: { Name: "a: ok (1 ms)\n\u001b[2J\u202ex" },
    status: 500,
    error: new Error("first\nsecond\u001b[2J"),
  });
  assert.match(line, /Mount "a: ok \(1 ms\)\\n\\u001b\[2J\\u\{202e\}x": 500 first\\u\{a\}second\\u\{1b\}\[2J \(/);
  assert.ok(lineOf({ request: { Name: "n".repeat(5000) } }).length < 500);
});

test("a path that nothing implements is shown as it came", () => {
  const line = lineOf({ path: "No\u0007Such", method: undefined, status: 404, error: new Error("not implemented") });
  assert.match(line, /^local No\\u\{7\}Such: 404 not implemented \(3\.46 ms, no deadline\)/);
});
