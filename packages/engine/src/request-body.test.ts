import assert from "node:assert/strict";
import { test } from "node:test";
import { authz, ipamDriver, volumeDriver } from "@outrigger/protocol";
import fc from "fast-check";
import { encodeBody } from "./request-body.ts";

test("fields go in the protocol's order, maps by key, what is unknown last", () => {
  const request = { Extra: 1, Opts: { b: "2", a: "1", é: "3", B: "0" }, Name: "v" };
  assert.equal(
    encodeBody(request, volumeDriver.methods.create.request),
    '{"Name":"v","Opts":{"B":"0","a":"1","b":"2","é":"3"},"Extra":1}',
  );
});

test("null stays, undefined goes", () => {
  const { request } = ipamDriver.methods.requestAddress;
  assert.equal(
    encodeBody({ Options: null, Address: undefined, PoolID: "p" }, request),
    '{"PoolID":"p","Options":null}',
  );
});

test("bytes are base64", () => {
  const body = { RequestBody: Buffer.from("hello"), RequestMethod: "GET" };
  assert.equal(encodeBody(body, authz.methods.authZReq.request), '{"RequestMethod":"GET","RequestBody":"aGVsbG8="}');
});

test("what Go escapes is escaped, in keys and values", () => {
  assert.equal(encodeBody({ "<": "a&b>\u2028\u2029" }), '{"\\u003c":"a\\u0026b\\u003e\\u2028\\u2029"}');
  assert.equal(encodeBody({ a: "\ud800" }), '{"a":"\ufffd"}');
  assert.equal(encodeBody({ a: "\\ud800" }), '{"a":"\\\\ud800"}');
});

test("every JSON value comes back as it went", () => {
  fc.assert(
    fc.property(fc.dictionary(fc.string(), fc.jsonValue()), (request) => {
      assert.deepEqual(JSON.parse(encodeBody(request)), JSON.parse(JSON.stringify(request)));
    }),
  );
});
