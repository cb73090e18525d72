// The judge of address drivers on real engines: the example passes, and a spoiled one fails its cases.
import assert from "node:assert/strict";
import { test } from "node:test";
import { lab } from "@outrigger/e2e/lab";
import { idsOf, judgeOnHost, problemsOf, serveExample } from "./judged-on-host.ts";
import { serveSpoiled, type Spoil } from "./spoiled-plugin.ts";
import { story } from "./story.ts";

const engineCases = Array.from({ length: 9 }, (_, index) => `IPM-E0${index + 1}`);

story("ipam.ts passes all cases with an engine", async (host) => {
  await using _plugin = await serveExample(host, { file: "ipam.ts", name: "counting" });
  const result = await judgeOnHost(host, { name: "counting", only: engineCases });
  assert.deepEqual(problemsOf(result), []);
  assert.deepEqual(idsOf(result, "passed"), engineCases);
});

test("ipam.ts passes what outlives a restart and kill -9", { skip: lab.skip() }, async () => {
  await using host = await lab.host();
  await using served = await serveExample(host, { file: "ipam.ts", name: "counting" });
  const only = ["IPM-39", "IPM-C02", "IPM-C03"];
  const result = await judgeOnHost(host, { name: "counting", only, served });
  assert.deepEqual(problemsOf(result), []);
  assert.deepEqual(idsOf(result, "passed"), only);
  assert.deepEqual(result.left, []);
});

interface Spoiled {
  readonly title: string;
  readonly fails: readonly string[];
  readonly passes: readonly string[];
  readonly spoil: Spoil;
}

const done = { status: 200, body: {} };

const spoiled: readonly Spoiled[] = [
  {
    title: "failures under Err in a 200 reply",
    fails: ["IPM-E04", "IPM-E07"],
    passes: ["IPM-E01"],
    spoil: async (_, usual) => {
      const { status, body } = await usual();
      return { status: 200, body: status === 200 ? body : { Err: "refused" } };
    },
  },
  {
    title: "a gateway of another subnet",
    fails: ["IPM-E01"],
    passes: [],
    spoil: async ({ method, request }, usual) => {
      const answer = await usual();
      const forGateway = JSON.stringify(request["Options"] ?? {}).includes("RequestAddressType");
      return method === "IpamDriver.RequestAddress" && forGateway
        ? { ...done, body: { Address: "10.9.9.1/24" } }
        : answer;
    },
  },
  {
    title: "an IPv6 pool where none was wanted",
    fails: ["IPM-E02"],
    passes: [],
    spoil: ({ method, request }, usual) =>
      method === "IpamDriver.RequestPool" && request["Pool"] === ""
        ? { ...done, body: { PoolID: "fd99::/64", Pool: "fd99::/64" } }
        : usual(),
  },
  { title: "one address for all containers", fails: ["IPM-E03"], passes: [], spoil: oneAddress() },
  {
    title: "addresses that stay after ReleaseAddress",
    fails: ["IPM-E05", "IPM-E06", "IPM-E08"],
    passes: ["IPM-E03"],
    spoil: ({ method }, usual) => (method === "IpamDriver.ReleaseAddress" ? done : usual()),
  },
  {
    title: "RequiresRequestReplay, which is no fault",
    fails: [],
    passes: ["IPM-E04", "IPM-E08"],
    spoil: replaying(true),
  },
  {
    title: "RequiresRequestReplay, and the replay refused",
    fails: ["IPM-E08", "IPM-E09"],
    passes: [],
    spoil: replaying(false),
  },
];

/** Asks to be told again what it gave, and takes it. */
function replaying(takes: boolean): Spoil {
  return async ({ method, request }, usual) => {
    if (method === "IpamDriver.GetCapabilities") return { ...done, body: { RequiresRequestReplay: true } };
    const answer = await usual();
    if (answer.status === 200 || !takes) return answer;
    const [pool, address] = [String(request["Pool"]), String(request["Address"])];
    if (method === "IpamDriver.RequestPool") return { ...done, body: { PoolID: pool, Pool: pool } };
    return method === "IpamDriver.RequestAddress" ? { ...done, body: { Address: `${address}/24` } } : answer;
  };
}

/** The first answer for a container of a pool is the answer for all. */
function oneAddress(): Spoil {
  const given = new Map<unknown, object>();
  return async ({ method, request }, usual) => {
    const forGateway = JSON.stringify(request["Options"] ?? {}).includes("RequestAddressType");
    if (method !== "IpamDriver.RequestAddress" || forGateway) return usual();
    const body = given.get(request["PoolID"]) ?? (await usual()).body;
    given.set(request["PoolID"], body);
    return { ...done, body };
  };
}

test("a spoiled address driver fails its cases, through a real engine", { skip: lab.skip() }, async (t) => {
  await using host = await lab.host();
  await using _plugin = await serveExample(host, { file: "ipam.ts", name: "counting" });
  for (const [index, { title, fails, passes, spoil }] of spoiled.entries()) {
    await t.test(title, async () => {
      const name = `spoiled-${index}`;
      await using _spoiled = await serveSpoiled(host, { good: "counting", name, spoil });
      const result = await judgeOnHost(host, { name, only: [...fails, ...passes] });
      assert.deepEqual(idsOf(result, "failed").sort(), [...fails].sort(), problemsOf(result).join("\n"));
    });
  }
});
