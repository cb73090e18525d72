// NET: what a driver has to stand: many at once, many in a row, its own restart and its own death.
import { randomInt } from "node:crypto";
import { setTimeout as wait } from "node:timers/promises";
import type { ConformanceCase } from "../case.ts";
import type { Trial } from "../trial.ts";
import { Violation } from "../violation.ts";
import { atOnce } from "./at-once.ts";
import {
  createEndpoint,
  createNetwork,
  endpointRequest,
  freshSubnet,
  join,
  joinedEndpoint,
  joinRequest,
  keyOf,
  linksAsBefore,
  linksOf,
  networkRequest,
  networkRules,
  type TestEndpoint,
} from "./network-steps.ts";

const shared = { protocol: "NetworkDriver", severity: "MUST", rule: networkRules.controller } as const;
const many = 20;
const cycles = 50;
/** What the calls of a driver take that makes links. */
const longestCallMs = 30;

/** The cases about load, restarts and kill -9. */
export const networkEnduranceCases: readonly ConformanceCase[] = [
  {
    ...shared,
    id: "NET-18",
    needs: ["restart"],
    title: "Networks outlive a restart of the driver: the engine never makes them again",
    judge: async (trial) => {
      const network = await createNetwork(trial);
      await trial.restart("SIGTERM");
      const endpoint = await createEndpoint(trial, network);
      await join(trial, endpoint);
      await takeAway(trial, endpoint);
      await trial.ok("NetworkDriver.DeleteNetwork", { NetworkID: network.id });
    },
  },
  {
    ...shared,
    id: "NET-63",
    severity: "SHOULD",
    rule: networkRules.network,
    title: `${many} endpoints are made at once, each on a network of its own`,
    judge: async (trial) => {
      const networks = await atOnce(many, () => createNetwork(trial));
      await atOnce(many, async (index) => {
        const network = networks[index];
        if (network !== undefined) await createEndpoint(trial, network);
      });
    },
  },
  {
    ...shared,
    id: "NET-64",
    severity: "SHOULD",
    rule: networkRules.endpoint,
    needs: ["links", "slow"],
    title: `${cycles} networks with an endpoint each, one after the other, leave no link behind`,
    judge: async (trial) => {
      const before = await linksOf(trial);
      for (let times = 0; times < cycles; times++) {
        const { network, endpoint } = await joinedEndpoint(trial);
        await takeAway(trial, endpoint);
        await trial.ok("NetworkDriver.DeleteNetwork", { NetworkID: network.id });
      }
      await linksAsBefore(trial, before, `${cycles} networks came and went`);
    },
  },
  {
    ...shared,
    id: "NET-65",
    severity: "SHOULD",
    rule: networkRules.endpoint,
    needs: ["restart", "links"],
    title: "After a restart of the driver Leave and DeleteEndpoint take away an endpoint that joined before it",
    judge: async (trial) => {
      const network = await createNetwork(trial);
      const before = await linksOf(trial);
      const endpoint = await createEndpoint(trial, network);
      await join(trial, endpoint);
      await trial.restart("SIGTERM");
      await takeAway(trial, endpoint);
      await linksAsBefore(trial, before, "a restart, Leave and DeleteEndpoint");
    },
  },
  {
    ...shared,
    id: "NET-C01",
    needs: ["restart", "chaos"],
    title: "Networks, endpoints and joins that were answered outlive kill -9",
    judge: async (trial) => {
      const network = await createNetwork(trial);
      await trial.restart("SIGKILL");
      const endpoint = await createEndpoint(trial, network);
      await trial.restart("SIGKILL");
      await join(trial, endpoint);
      await trial.restart("SIGKILL");
      await trial.ok("NetworkDriver.EndpointOperInfo", endpoint);
      await takeAway(trial, endpoint);
    },
  },
  {
    ...shared,
    id: "NET-C02",
    severity: "SHOULD",
    rule: networkRules.network,
    needs: ["restart", "chaos"],
    title:
      "After kill -9 during CreateNetwork, DeleteNetwork takes everything away, and its subnet serves another network",
    judge: async (trial) => {
      const subnet = freshSubnet();
      const before = await linksOf(trial);
      const request = networkRequest(trial, subnet);
      await killedDuring(trial, [["NetworkDriver.CreateNetwork", request]]);
      await trial.ok("NetworkDriver.DeleteNetwork", { NetworkID: request.NetworkID });
      await linksAsBefore(trial, before, "kill -9 during CreateNetwork, and DeleteNetwork");
      await createEndpoint(trial, await createNetwork(trial, subnet));
    },
  },
  {
    ...shared,
    id: "NET-C03",
    severity: "SHOULD",
    rule: networkRules.endpoint,
    needs: ["restart", "chaos"],
    title: "After kill -9 during CreateEndpoint and Join, Leave and DeleteEndpoint take everything away",
    judge: async (trial) => {
      const network = await createNetwork(trial);
      const before = await linksOf(trial);
      const joining = await createEndpoint(trial, network);
      const making = endpointRequest(trial, network, { host: 3 });
      await killedDuring(trial, [
        ["NetworkDriver.Join", joinRequest(trial, joining)],
        ["NetworkDriver.CreateEndpoint", making],
      ]);
      for (const endpoint of [joining, keyOf(making)]) await takeAway(trial, endpoint);
      await linksAsBefore(trial, before, "kill -9 during CreateEndpoint and Join, Leave and DeleteEndpoint");
      await takeAway(trial, await createEndpoint(trial, network));
    },
  },
];

async function takeAway(trial: Trial, endpoint: TestEndpoint): Promise<void> {
  await trial.ok("NetworkDriver.Leave", endpoint);
  await trial.ok("NetworkDriver.DeleteEndpoint", endpoint);
}

/** Kills the plugin while it is at calls, at any moment up to their answers, whatever comes of them. */
async function killedDuring(
  trial: Trial,
  calls: readonly (readonly [method: string, request: object])[],
): Promise<void> {
  const answers = Promise.allSettled(calls.map(([method, request]) => trial.send(method, request)));
  await Promise.race([answers, wait(randomInt(longestCallMs), undefined, { signal: trial.signal })]);
  await trial.restart("SIGKILL");
  for (const answer of await answers) {
    if (answer.status === "rejected" && !(answer.reason instanceof Violation)) throw answer.reason;
  }
}
