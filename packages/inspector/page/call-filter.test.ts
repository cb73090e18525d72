import assert from "node:assert/strict";
import { test } from "node:test";
import { callOf } from "../test/web-client.ts";
import { matcherOf } from "./call-filter.js";
import { CallList } from "./call-list.js";
import { objectsOf } from "./call-objects.js";
import { isFailure, outcomeLine, outcomeWord } from "./call-outcome.js";

type CallFilter = Parameters<typeof matcherOf>[0];

const everyCall: CallFilter = { text: "", method: "", plugin: "", onlyFailures: false, slowerThanMs: 0 };

const mount = callOf(1, { milliseconds: 5 });
const failed = callOf(2, {
  method: "VolumeDriver.Get",
  plugin: "other",
  request: { json: { Name: "cache" }, bytes: 16 },
  reply: { json: { Err: "no such volume" }, bytes: 24 },
  status: 500,
  error: "no such volume",
  milliseconds: 0.4,
});
const calls = [mount, failed];

const filters: [string, Partial<CallFilter>, number[]][] = [
  ["nothing asked shows every call", {}, [1, 2]],
  ["text is found in the method, whatever its case", { text: "volumedriver.MOUNT" }, [1]],
  ["text is found in bodies", { text: "mountpoint" }, [1]],
  ["text is found in errors", { text: "no such" }, [2]],
  ["text is found as a status", { text: "500" }, [2]],
  ["an object is found with its kind", { text: "volume cache" }, [2]],
  ["all words have to be there", { text: "cache mount" }, []],
  ["a method", { method: "VolumeDriver.Get" }, [2]],
  ["a plugin", { plugin: "data" }, [1]],
  ["only failures", { onlyFailures: true }, [2]],
  ["slower than", { slowerThanMs: 1 }, [1]],
];
for (const [title, filter, numbers] of filters)
  test(`filter: ${title}`, () => {
    const shown = calls.filter(matcherOf({ ...everyCall, ...filter }));
    assert.deepEqual(
      shown.map(({ number }) => number),
      numbers,
    );
  });

test("calls stand in the order of their requests, and the oldest are let go", () => {
  const list = new CallList(3);
  for (const number of [1, 4, 2, 5, 3]) list.add(callOf(number));
  assert.deepEqual(
    list.calls.map(({ number }) => number),
    [3, 4, 5],
  );
});

test("an outcome is a word and a line", () => {
  const lost = callOf(3, { reply: null, status: null, error: "the plugin closed the connection" });
  const ipam = callOf(4, { method: "IpamDriver.RequestPool", error: "no room" });
  assert.deepEqual([mount, failed, lost, ipam].map(outcomeWord), ["ok", "500", "no answer", "error"]);
  assert.deepEqual([mount, failed, lost, ipam].map(isFailure), [false, true, true, true]);
  const list = callOf(5, { reply: { json: { Volumes: [{}, {}], Err: "" }, bytes: 30 } });
  const allowed = callOf(6, { reply: { json: { Allow: true, Msg: "fine" }, bytes: 30 } });
  const lines = [mount, failed, lost, list, allowed].map(outcomeLine);
  assert.deepEqual(lines, ["/data", "no such volume", lost.error, "2 volumes", "Allow: yes, fine"]);
});

const uri = (RequestUri: string): object => ({ RequestUri });
const named: [string, object, string[]][] = [
  ["VolumeDriver.Mount", { Name: "data", ID: "a" }, ["volume data", "mount a"]],
  ["VolumeDriver.List", {}, []],
  [
    "NetworkDriver.Join",
    { NetworkID: "n", EndpointID: "e", SandboxKey: "/k" },
    ["endpoint e", "network n", "sandbox /k"],
  ],
  ["IpamDriver.RequestAddress", { PoolID: "p" }, ["pool p"]],
  ["LogDriver.StartLogging", { File: "/f", Info: { ContainerID: "c" } }, ["container c", "log /f"]],
  ["AuthZPlugin.AuthZReq", uri("/v1.44/containers/web%2F1/start?x=1"), ["container web/1"]],
  ["AuthZPlugin.AuthZReq", uri("/v1.44/containers/create?name=web"), ["container web"]],
  ["AuthZPlugin.AuthZReq", uri("/containers/json"), []],
  ["AuthZPlugin.AuthZReq", uri("/volumes/%E0%A4"), ["volume %E0%A4"]],
  ["VolumeDriver.Get", { Name: { toString: "x" } }, []],
  ["constructor.Get", { Name: "x" }, []],
];
for (const [method, json, objects] of named)
  test(`${method} ${JSON.stringify(json)} is about ${objects.join(", ") || "nothing"}`, () => {
    const call = callOf(1, { method, request: { json, bytes: 1 } });
    assert.deepEqual(
      objectsOf(call).map(({ kind, name }) => `${kind} ${name}`),
      objects,
    );
  });
