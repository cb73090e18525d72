import assert from "node:assert/strict";
import { test } from "node:test";
import { readAnswer, type Answer } from "./answer.ts";
import { createLedger, type Ledger } from "./ledger.ts";

function answer(method: string, json: object = {}, status = 200): Answer {
  const body = Buffer.from(JSON.stringify(json));
  return readAnswer(method, { version: "HTTP/1.1", status, headers: new Map(), body, milliseconds: 1 });
}

function send(ledger: Ledger, method: string, call: { request: object; reply?: object }): void {
  ledger.note(method, call.request);
  ledger.settle(method, call.request, answer(method, call.reply));
}

function owed(ledger: Ledger): string[] {
  return ledger.debts().map(({ method, request }) => `${method} ${JSON.stringify(request)}`);
}

test("what was made is taken away in the reverse order", () => {
  const ledger = createLedger();
  send(ledger, "VolumeDriver.Create", { request: { Name: "a", Opts: { size: "1" } } });
  send(ledger, "VolumeDriver.Mount", { request: { Name: "a", ID: "x" } });
  assert.deepEqual(owed(ledger), ['VolumeDriver.Unmount {"Name":"a","ID":"x"}', 'VolumeDriver.Remove {"Name":"a"}']);
});

test("what a case takes away itself is not owed, and a mount is owed as often as it was made", () => {
  const ledger = createLedger();
  send(ledger, "VolumeDriver.Create", { request: { Name: "a" } });
  for (const _ of [1, 2, 3]) send(ledger, "VolumeDriver.Mount", { request: { Name: "a", ID: "x" } });
  send(ledger, "VolumeDriver.Unmount", { request: { Name: "a", ID: "x" } });
  assert.equal(ledger.debts().length, 3);
  send(ledger, "VolumeDriver.Remove", { request: { Name: "a" } });
  assert.deepEqual(owed(ledger), Array(2).fill('VolumeDriver.Unmount {"Name":"a","ID":"x"}'));
});

test("a call that was never answered, or refused, may have made something all the same", () => {
  const ledger = createLedger();
  ledger.note("VolumeDriver.Create", { Name: "a" });
  assert.equal(ledger.debts().length, 1);
  ledger.note("VolumeDriver.Create", { Name: "b" });
  ledger.settle("VolumeDriver.Create", { Name: "b" }, answer("VolumeDriver.Create", { Err: "no" }, 500));
  assert.equal(ledger.debts().length, 2);
});

test("a Mount that was refused is owed no Unmount, and one that was not answered is", () => {
  const ledger = createLedger();
  const request = { Name: "a", ID: "x" };
  send(ledger, "VolumeDriver.Mount", { request, reply: { Err: "busy" } });
  assert.deepEqual(ledger.debts(), []);
  send(ledger, "VolumeDriver.Mount", { request });
  send(ledger, "VolumeDriver.Mount", { request, reply: { Err: "busy" } });
  assert.equal(ledger.debts().length, 1);
  ledger.note("VolumeDriver.Mount", { Name: "b", ID: "y" });
  assert.equal(ledger.debts().length, 2);
});

test("taking away that fails does not settle", () => {
  const ledger = createLedger();
  send(ledger, "VolumeDriver.Create", { request: { Name: "a" } });
  send(ledger, "VolumeDriver.Remove", { request: { Name: "a" }, reply: { Err: "busy" } });
  assert.equal(ledger.debts().length, 1);
});

test("a pool and an address are owed under the names that the plugin gave them", () => {
  const ledger = createLedger();
  send(ledger, "IpamDriver.RequestPool", {
    request: { AddressSpace: "local" },
    reply: { PoolID: "p1", Pool: "10.0.0.0/24" },
  });
  send(ledger, "IpamDriver.RequestAddress", {
    request: { PoolID: "p1", Address: "" },
    reply: { Address: "10.0.0.2/24" },
  });
  assert.deepEqual(owed(ledger), [
    'IpamDriver.ReleaseAddress {"PoolID":"p1","Address":"10.0.0.2"}',
    'IpamDriver.ReleasePool {"PoolID":"p1"}',
  ]);
  send(ledger, "IpamDriver.RequestPool", { request: {}, reply: { Error: "exhausted" } });
  assert.equal(ledger.debts().length, 2);
});

test("requests without a name owe nothing", () => {
  const ledger = createLedger();
  for (const request of [{}, { Name: "" }, { Name: 7 }, { Name: null }]) ledger.note("VolumeDriver.Create", request);
  assert.deepEqual(ledger.debts(), []);
});
