// The judge of network drivers on real engines and real links: the example passes, and a spoiled one fails its cases.
import assert from "node:assert/strict";
import { test } from "node:test";
import { lab } from "@outrigger/e2e/lab";
import { idsOf, judgeOnHost, problemsOf, serveExample } from "./judged-on-host.ts";
import { serveSpoiled, type Spoil } from "./spoiled-plugin.ts";
import { story } from "./story.ts";

const engineCases = Array.from({ length: 10 }, (_, index) => `NET-E${String(index + 1).padStart(2, "0")}`);

story("network.ts passes all cases with an engine", async (host) => {
  await using _plugin = await serveExample(host, { file: "network.ts", name: "wires" });
  const result = await judgeOnHost(host, { name: "wires", only: engineCases });
  assert.deepEqual(problemsOf(result), []);
  assert.deepEqual(idsOf(result, "passed"), engineCases);
});

test("network.ts passes what is about links, restarts and kill -9, on real links", { skip: lab.skip() }, async () => {
  await using host = await lab.host();
  await using served = await serveExample(host, { file: "network.ts", name: "wires" });
  const links = ["NET-14", "NET-19", "NET-21", "NET-30", "NET-31", "NET-35", "NET-43", "NET-47", "NET-63", "NET-65"];
  const only = [...links, "NET-C01", "NET-C02", "NET-C03"];
  const result = await judgeOnHost(host, { name: "wires", only, served });
  assert.deepEqual(problemsOf(result), []);
  assert.deepEqual(idsOf(result, "passed").sort(), [...only].sort());
  assert.deepEqual(result.left, []);
});

interface Spoiled {
  readonly title: string;
  readonly fails: readonly string[];
  readonly passes: readonly string[];
  readonly skips?: readonly string[];
  readonly spoil: Spoil;
}

const done = { status: 200, body: {} };
const refused = { status: 500, body: { Err: "refused" } };

const spoiled: readonly Spoiled[] = [
  {
    title: "no link for containers, which is no fault",
    fails: [],
    passes: ["NET-E02"],
    skips: ["NET-E03", "NET-E04"],
    spoil: ({ method }, usual) => (method === "NetworkDriver.Join" ? done : usual()),
  },
  {
    title: "no networks",
    fails: ["NET-E01"],
    passes: [],
    spoil: ({ method }, usual) => (method === "NetworkDriver.CreateNetwork" ? refused : usual()),
  },
  {
    title: "the address of the request in the answer",
    fails: ["NET-E02", "NET-E03"],
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
    fails: ["NET-E04"],
    passes: ["NET-E03"],
    spoil: async ({ method }, usual) => {
      const { status, body } = await usual();
      // The example's own reply, and a name in it that it begins so.
      const json = JSON.stringify(body).replace('"SrcName":"wi-', '"SrcName":"wo-');
      return { status, body: method === "NetworkDriver.Join" ? (JSON.parse(json) as object) : body };
    },
  },
  { title: "one join for each network", fails: ["NET-E05", "NET-E06"], passes: [], spoil: atMost("Join", 1) },
  {
    title: "networks that stay after DeleteNetwork",
    fails: ["NET-E07"],
    passes: ["NET-E01"],
    spoil: ({ method }, usual) => (method === "NetworkDriver.DeleteNetwork" ? done : usual()),
  },
  { title: "two endpoints for each network", fails: ["NET-E08"], passes: [], spoil: atMost("CreateEndpoint", 2) },
  {
    title: "no endpoints after a restart of the engine",
    fails: ["NET-E09", "NET-E10"],
    passes: [],
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

test("a spoiled network driver fails its cases, through a real engine", { skip: lab.skip() }, async (t) => {
  await using host = await lab.host();
  await using _plugin = await serveExample(host, { file: "network.ts", name: "wires" });
  for (const [index, { title, fails, passes, skips = [], spoil }] of spoiled.entries()) {
    await t.test(title, async () => {
      const name = `spoiled-${index}`;
      await using _spoiled = await serveSpoiled(host, { good: "wires", name, spoil });
      const result = await judgeOnHost(host, { name, only: [...fails, ...passes, ...skips], patienceMs: 500 });
      assert.deepEqual(idsOf(result, "failed").sort(), [...fails].sort(), problemsOf(result).join("\n"));
      assert.deepEqual(idsOf(result, "skipped").sort(), [...skips].sort());
    });
  }
});
