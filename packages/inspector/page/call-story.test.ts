import assert from "node:assert/strict";
import { test } from "node:test";
import { callOf } from "../test/web-client.ts";
import { tellStory } from "./call-story.js";

type Told = readonly [method: string, request: object, reply: object, error?: string];

const id = "0123456789abcdef".repeat(4);

test("the story of a volume tells when it was there, who held it and where", () => {
  const story = storyOf("volume data", [
    ["VolumeDriver.Get", { Name: "data" }, {}, "no such volume"],
    ["VolumeDriver.Create", { Name: "data", Opts: { size: "1G" } }, {}],
    ["VolumeDriver.Create", { Name: "other" }, {}],
    ["VolumeDriver.Mount", { Name: "data", ID: id }, { Mountpoint: "/m" }],
    ["VolumeDriver.Mount", { Name: "data", ID: "second" }, { Mountpoint: "/m" }],
    ["VolumeDriver.Remove", { Name: "data" }, {}, "in use"],
    ["VolumeDriver.Unmount", { Name: "data", ID: id }, {}],
    ["VolumeDriver.Get", { Name: "data" }, { Volume: { Name: "data", Status: { holders: 1 } } }],
    ["VolumeDriver.Unmount", { Name: "data", ID: "second" }, {}],
    ["VolumeDriver.Remove", { Name: "data" }, {}],
  ]);
  assert.deepEqual(story, [
    ["Get", "exists: no"],
    ["Create", "exists: no → yes", "option size: 1G"],
    ["Mount", "held by: 0123456789ab", "mountpoint: /m"],
    ["Mount", "held by: 0123456789ab → 0123456789ab, second"],
    ["Remove"],
    ["Unmount", "held by: 0123456789ab, second → second"],
    ["Get", "mountpoint: /m → ", "status holders: 1"],
    ["Unmount", "held by: second → none"],
    ["Remove", "exists: yes → no", "option size: 1G → ", "held by: none → ", "status holders: 1 → "],
  ]);
});

test("an id that mounts twice holds twice", () => {
  const mounted = ["VolumeDriver.Mount", { Name: "data", ID: "a" }, { Mountpoint: "/m" }] as const;
  const unmounted = ["VolumeDriver.Unmount", { Name: "data", ID: "a" }, {}] as const;
  assert.deepEqual(storyOf("volume data", [mounted, mounted, unmounted, unmounted]), [
    ["Mount", "held by: a", "mountpoint: /m"],
    ["Mount", "held by: a → a, a"],
    ["Unmount", "held by: a, a → a"],
    ["Unmount", "held by: a → none"],
  ]);
});

const network: readonly Told[] = [
  ["NetworkDriver.CreateNetwork", { NetworkID: "n", IPv4Data: [{ Pool: "10.0.0.0/8", Gateway: "10.0.0.1/8" }] }, {}],
  [
    "NetworkDriver.CreateEndpoint",
    { NetworkID: "n", EndpointID: "e", Interface: { Address: "10.0.0.2/8" } },
    { Interface: { MacAddress: "02:42" } },
  ],
  [
    "NetworkDriver.Join",
    { NetworkID: "n", EndpointID: "e", SandboxKey: "/s" },
    { InterfaceName: { SrcName: "veth1", DstPrefix: "eth" } },
  ],
  ["NetworkDriver.Leave", { NetworkID: "n", EndpointID: "e" }, {}],
  ["NetworkDriver.DeleteEndpoint", { NetworkID: "n", EndpointID: "e" }, {}],
  ["NetworkDriver.DeleteNetwork", { NetworkID: "n" }, {}],
];

test("the story of a network tells which endpoints it had, and which had joined", () => {
  assert.deepEqual(storyOf("network n", network), [
    ["CreateNetwork", "exists: yes", "subnet: 10.0.0.0/8", "gateway: 10.0.0.1/8"],
    ["CreateEndpoint", "endpoints: e"],
    ["Join", "joined: e"],
    ["Leave", "joined: e → none"],
    ["DeleteEndpoint", "endpoints: e → none"],
    [
      "DeleteNetwork",
      "exists: yes → no",
      "subnet: 10.0.0.0/8 → ",
      "gateway: 10.0.0.1/8 → ",
      "endpoints: none → ",
      "joined: none → ",
    ],
  ]);
});

test("the story of an endpoint tells its address and its sandbox", () => {
  assert.deepEqual(storyOf("endpoint e", network), [
    ["CreateEndpoint", "exists: yes", "Address: 10.0.0.2/8", "MacAddress: 02:42"],
    ["Join", "sandbox: /s", "interface SrcName: veth1", "interface DstPrefix: eth"],
    ["Leave", "sandbox: /s → ", "interface SrcName: veth1 → ", "interface DstPrefix: eth → "],
    ["DeleteEndpoint", "exists: yes → no", "Address: 10.0.0.2/8 → ", "MacAddress: 02:42 → "],
  ]);
});

test("the story of a pool tells the addresses that are given out", () => {
  const story = storyOf("pool p", [
    ["IpamDriver.RequestPool", {}, { PoolID: "p", Pool: "10.0.0.0/8" }],
    ["IpamDriver.RequestAddress", { PoolID: "p" }, { Address: "10.0.0.1/8" }],
    ["IpamDriver.ReleaseAddress", { PoolID: "p", Address: "10.0.0.1" }, {}],
    ["IpamDriver.ReleasePool", { PoolID: "p" }, {}],
  ]);
  assert.deepEqual(story, [
    ["RequestPool", "exists: yes", "subnet: 10.0.0.0/8"],
    ["RequestAddress", "addresses: 10.0.0.1"],
    ["ReleaseAddress", "addresses: 10.0.0.1 → none"],
    ["ReleasePool", "exists: yes → no", "subnet: 10.0.0.0/8 → ", "addresses: none → "],
  ]);
});

test("a plugin that answers nonsense spoils no story", () => {
  const nonsense: readonly object[] = [
    [],
    { Volume: 7 },
    { Volume: { Mountpoint: {}, Status: [[1]] } },
    { Mountpoint: 1 },
  ];
  const told = nonsense.map((reply): Told => ["VolumeDriver.Get", { Name: "data" }, reply]);
  const mounts = nonsense.map((reply): Told => ["VolumeDriver.Mount", { Name: "data", ID: 5 }, reply]);
  assert.equal(storyOf("volume data", [...told, ...mounts]).length, 8);
});

/** The calls of a story, each as its method's word and what it changed. */
function storyOf(object: string, told: readonly Told[]): string[][] {
  const calls = told.map(([method, json, reply, error = null], index) =>
    callOf(index + 1, {
      method,
      request: { json, bytes: 1 },
      reply: { json: reply, bytes: 1 },
      ...(error === null ? {} : { error, status: 500 }),
    }),
  );
  const [kind = "", name = ""] = object.split(" ");
  return tellStory(calls, { kind, name }).steps.map(({ call, changes }) => [
    call.method.split(".")[1] ?? "",
    ...changes.map(({ what, before, after }) => `${what}: ${before === undefined ? "" : `${before} → `}${after ?? ""}`),
  ]);
}
