import assert from "node:assert/strict";
import { test } from "node:test";
import type { CallRecord } from "./call-record.ts";
import { readJson } from "./cut-json.ts";
import { recordOf } from "./record-of.ts";
import { Redactor } from "./redactor.ts";

test("a body that was cut is shown as far as its last whole value", () => {
  for (const [text, value] of [
    ['{"a":1,"b":[1,2,{"c":"long te', { a: 1, b: [1, 2, {}] }],
    ['{"a":1,"b":tru', { a: 1 }],
    ['{"a":"x\\"y","b', { a: 'x"y' }],
    ['{"a":"x', {}],
    ["[[[", [[[]]]],
    ['{"a":1}\n{"b"', undefined],
    ["no json", undefined],
    ["]]]", undefined],
  ] as const) {
    assert.deepEqual(readJson(text, { cut: true })?.value, value, text);
  }
});

test("nesting without end is shown so far and no further, and upsets nobody", () => {
  const deep = `${"[".repeat(30_000)}${"]".repeat(30_000)}`;
  const record = seen({ path: "VolumeDriver.List", request: deep, reply: deep });
  assert.match(JSON.stringify(record), /nested too deep/);
});

test("a body in which secrets cannot be found is kept back whole", () => {
  const body = '{"RequestBody":"aHVudGVy", oops';
  assert.deepEqual(seen({ path: "AuthZPlugin.AuthZReq", request: body }).request, {
    text: "[redacted]",
    bytes: body.length,
  });
  const cut = `{"RequestMethod":"POST","RequestUri":"/x","RequestBody":"${"a".repeat(100)}`;
  assert.deepEqual(seen({ path: "AuthZPlugin.AuthZReq", request: cut, bytes: 5000 }).request, {
    json: { RequestMethod: "POST", RequestUri: "/x" },
    bytes: 5000,
    cut: true,
  });
});

test("what a container prints is kept back, unless secrets are to be shown", () => {
  const call = { path: "LogDriver.ReadLogs", request: "{}", reply: "\u0000\u0001line" };
  assert.deepEqual(seen(call).reply, { text: "[redacted]", bytes: 6 });
  assert.deepEqual(seen(call, { showSecrets: true }).reply, { base64: "AAFsaW5l", bytes: 6 });
});

test("an error is told in the plugin's words, under the key of its protocol, without the secrets it quotes", () => {
  const body = '{"Name":"data","Opts":{"password":"hunter22"}}';
  const create = { path: "VolumeDriver.Create", request: body, status: 500, reply: '{"err":"bad password hunter22"}' };
  assert.equal(seen(create).error, "bad password [redacted]");
  assert.equal(seen({ path: "IpamDriver.RequestPool", request: "{}", reply: '{"Error":"full"}' }).error, "full");
  assert.equal(
    seen({ path: "VolumeDriver.Get", request: "{}", status: 404, reply: "no such page" }).error,
    "no such page",
  );
  assert.equal(
    seen({ path: "VolumeDriver.Get", request: "{}", status: 500, reply: "" }).error,
    "answered 500 without a reason",
  );
  assert.equal(
    seen({ path: "VolumeDriver.Get", request: "{}", reply: "<html>" }).error,
    "the answer is not a JSON object",
  );
  assert.equal(seen({ path: "VolumeDriver.Get", request: "{}", reply: "" }).error, "answered 200 with an empty body");
  // The engine does not look at it.
  assert.equal(seen({ path: "AuthZPlugin.AuthZReq", request: "{}", reply: '{"Allow":true,"Err":"x"}' }).error, null);
});

test("with secrets shown, everything is there", () => {
  const record = seen(
    { path: "VolumeDriver.Create", request: '{"Opts":{"password":"hunter22"}}' },
    { showSecrets: true },
  );
  assert.deepEqual(record.request.json, { Opts: { password: "hunter22" } });
});

interface Call {
  readonly path: string;
  readonly request: string;
  readonly bytes?: number;
  readonly reply?: string;
  readonly status?: number;
}

function seen({ path, request, bytes, reply = "{}", status = 200 }: Call, { showSecrets = false } = {}): CallRecord {
  const copy = Buffer.from(request);
  const answer = Buffer.from(reply);
  return recordOf(
    {
      number: 1,
      at: 0,
      path,
      request: { copy, bytes: bytes ?? copy.length },
      reply: { copy: answer, bytes: answer.length },
      status,
      failure: null,
      milliseconds: 1,
    },
    { plugin: "example", redactor: showSecrets ? undefined : new Redactor() },
  );
}
