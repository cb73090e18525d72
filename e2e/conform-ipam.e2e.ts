// The judge of address drivers on real engines: the example passes, and a spoiled one fails its cases.
import assert from "node:assert/strict";
import { idsOf } from "../packages/conformance/test/model.ts";
import { judgeOnHost, onNewest, problemsOf, serveExample, spoiledStory, type Spoiled } from "./conform-story.ts";
import type { Spoil } from "./spoiled-plugin.ts";
import { story } from "./story.ts";

const engineCases = Array.from({ length: 9 }, (_, index) => `IPM-E0${index + 1}`);
/** What outlives a restart and kill -9 of the plugin, which is no engine's doing. */
const restartCases = ["IPM-39", "IPM-C02", "IPM-C03"];

story("ipam.ts passes all cases with an engine, and those about restarts and kill -9", async (host) => {
  await host.image("busybox");
  await using plugin = await serveExample(host, { file: "ipam.ts", name: "counting" });
  const only = onNewest(host) ? [...restartCases, ...engineCases] : engineCases;
  const result = await judgeOnHost(host, { name: "counting", only, restart: plugin.restart });
  assert.deepEqual(problemsOf(result), []);
  assert.deepEqual(idsOf(result, "passed").sort(), only.toSorted());
  assert.deepEqual(result.left, []);
});

const done = { status: 200, body: {} };

const spoiled: readonly Spoiled[] = [
  {
    title: "failures under Err in a 200 reply",
    fails: { "IPM-E04": /in place of the driver's text/, "IPM-E07": /in place of the driver's text/ },
    passes: ["IPM-E01"],
    spoil: async (_, usual) => {
      const { status, body } = await usual();
      return { status: 200, body: status === 200 ? body : { Err: "refused" } };
    },
  },
  {
    title: "a gateway of another subnet",
    fails: { "IPM-E01": /\/start with 500/ },

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
    fails: { "IPM-E02": /was given twice/ },

    spoil: ({ method, request }, usual) =>
      method === "IpamDriver.RequestPool" && request["Pool"] === ""
        ? { ...done, body: { PoolID: "fd99::/64", Pool: "fd99::/64" } }
        : usual(),
  },
  {
    title: "one address for all containers",
    fails: { "IPM-E03": /the gateway and three containers have the addresses/ },
    spoil: oneAddress(),
  },
  {
    title: "addresses that stay after ReleaseAddress",
    fails: { "IPM-E05": /is taken/, "IPM-E06": /is taken/, "IPM-E08": /is taken/ },
    passes: ["IPM-E03"],
    spoil: ({ method }, usual) => (method === "IpamDriver.ReleaseAddress" ? done : usual()),
  },
  {
    title: "RequiresRequestReplay, which is no fault",
    fails: {},
    passes: ["IPM-E04", "IPM-E08"],
    spoil: replaying(true),
  },
  {
    title: "RequiresRequestReplay, and the replay refused",
    // 26.1 dies of it as it starts, or with the first container.
    fails: {
      "IPM-E08": /was not started again|did not answer|with 500/,
      "IPM-E09": /was not started again|did not answer|with 500/,
    },

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

spoiledStory(
  "a spoiled address driver fails its cases, through a real engine",
  { file: "ipam.ts", name: "counting" },
  spoiled,
);
