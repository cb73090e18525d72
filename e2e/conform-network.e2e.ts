// The judge of network drivers on real engines and real links: the example passes, and a spoiled one fails its cases.
import assert from "node:assert/strict";
import { idsOf } from "../packages/conformance/test/model.ts";
import { judgeOnHost, onNewest, problemsOf, serveExample, spoiledStory, type Spoiled } from "./conform-story.ts";
import type { Spoil } from "./spoiled-plugin.ts";
import { story } from "./story.ts";

const engineCases = Array.from({ length: 10 }, (_, index) => `NET-E${String(index + 1).padStart(2, "0")}`);
/** What is about links, restarts and kill -9 of the plugin, and no engine's doing. */
const linkCases = ["NET-14", "NET-19", "NET-21", "NET-30", "NET-31", "NET-35", "NET-43", "NET-47", "NET-63", "NET-65"];
const restartCases = ["NET-C01", "NET-C02", "NET-C03"];

story("network.ts passes all cases with an engine, and those about links, restarts and kill -9", async (host) => {
  await host.image("busybox");
  await using plugin = await serveExample(host, { file: "network.ts", name: "wires" });
  const only = onNewest(host) ? [...linkCases, ...restartCases, ...engineCases] : engineCases;
  const result = await judgeOnHost(host, { name: "wires", only, restart: plugin.restart });
  assert.deepEqual(problemsOf(result), []);
  assert.deepEqual(idsOf(result, "passed").sort(), only.toSorted());
  assert.deepEqual(result.left, []);
});

const done = { status: 200, body: {} };
const refused = { status: 500, body: { Err: "refused" } };

const spoiled: readonly Spoiled[] = [
  {
    title: "no link for containers, which is no fault",
    fails: {},
    passes: ["NET-E02"],
    skips: ["NET-E03", "NET-E04"],
    spoil: ({ method }, usual) => (method === "NetworkDriver.Join" ? done : usual()),
  },
  {
    title: "no networks",
    fails: { "NET-E01": /docker network create failed: .*refused/ },

    spoil: ({ method }, usual) => (method === "NetworkDriver.CreateNetwork" ? refused : usual()),
  },
  {
    title: "the address of the request in the answer",
    fails: { "NET-E02": /driver modified interface address/, "NET-E03": /driver modified interface address/ },
    passes: ["NET-E01"],
    spoil: async ({ method, request }, usual) => {
      const answer = await usual();
      return method === "NetworkDriver.CreateEndpoint"
        ? { ...done, body: { Interface: request["Interface"] } }
        : answer;
    },
  },
  {
    title: "the outer end of the pair in the container",
    fails: { "NET-E04": /^ping of .* ended with 1/ },
    passes: ["NET-E03"],
    spoil: async ({ method }, usual) => {
      const { status, body } = await usual();
      // The example's own reply, and a name in it that it begins so.
      const json = JSON.stringify(body).replace('"SrcName":"wi-', '"SrcName":"wo-');
      return { status, body: method === "NetworkDriver.Join" ? (JSON.parse(json) as object) : body };
    },
  },
  {
    title: "one join for each network",
    fails: { "NET-E05": /\/restart with 500: .*refused/, "NET-E06": /\/connect with 500: .*refused/ },
    spoil: atMost("Join", 1),
  },
  {
    title: "networks that stay after DeleteNetwork",
    fails: { "NET-E07": /the links wb-.* are still there/ },
    patienceMs: 1000,
    passes: ["NET-E01"],
    spoil: ({ method }, usual) => (method === "NetworkDriver.DeleteNetwork" ? done : usual()),
  },
  {
    title: "two endpoints for each network",
    fails: { "NET-E08": /\/start with 500: .*refused/ },
    spoil: atMost("CreateEndpoint", 2),
  },
  {
    title: "no endpoints after a restart of the engine",
    fails: { "NET-E09": /\/start with 500: .*refused/, "NET-E10": /\/start with 500: .*refused/ },

    spoil: forgetful(),
  },
];

/** Refuses a method that has been called so often for a network. */
function atMost(name: string, most: number): Spoil {
  const counts = new Map<unknown, number>();
  return ({ method, request }, usual) => {
    if (method !== `NetworkDriver.${name}`) return usual();
    const count = (counts.get(request["NetworkID"]) ?? 0) + 1;
    counts.set(request["NetworkID"], count);
    return count > most ? refused : usual();
  };
}

/** An engine asks for the capabilities once in its life. */
function forgetful(): Spoil {
  let engines = 0;
  return ({ method }, usual) => {
    if (method === "NetworkDriver.GetCapabilities") engines += 1;
    return method === "NetworkDriver.CreateEndpoint" && engines > 1 ? refused : usual();
  };
}

spoiledStory(
  "a spoiled network driver fails its cases, through a real engine",
  { file: "network.ts", name: "wires" },
  spoiled,
);
