// NET: what a network driver says of itself, and the nodes it hears of.
import { brief } from "../brief.ts";
import type { ConformanceCase } from "../case.ts";
import { fieldOf } from "../json-field.ts";
import type { Trial } from "../trial.ts";
import { Violation } from "../violation.ts";
import { freshSubnet, networkRequest, networkRules, scopeOf } from "./network-steps.ts";

const capabilities = "NetworkDriver.GetCapabilities";
const shared = { protocol: "NetworkDriver", severity: "MUST", rule: networkRules.driver } as const;

/** The cases of GetCapabilities, GwAllocCheck and node discovery. */
export const networkCapabilityCases: readonly ConformanceCase[] = [
  {
    ...shared,
    id: "NET-01",
    title: "GetCapabilities names the scope, local or global, in exactly these words",
    judge: async (trial) => {
      const scope = await scopeOf(trial);
      if (scope === "local" || scope === "global") return;
      throw new Violation(`Scope is ${brief(scope)}; without local or global the driver is not registered`);
    },
  },
  {
    ...shared,
    id: "NET-02",
    title: "ConnectivityScope is missing, empty, local or global",
    judge: async (trial) => {
      const scope = fieldOf(await trial.ok(capabilities), "ConnectivityScope");
      if (scope === undefined || scope === "" || scope === "local" || scope === "global") return;
      throw new Violation(`ConnectivityScope is ${brief(scope)}; leave it out, or say local or global`);
    },
  },
  {
    ...shared,
    id: "NET-03",
    rule: networkRules.allocator,
    title: "GetCapabilities answers the same each time",
    judge: async (trial) => {
      const answers = [];
      for (let count = 0; count < 3; count++) {
        const reply = await trial.ok(capabilities);
        const fields = ["Scope", "ConnectivityScope", "GwAllocChecker"].map((key) => fieldOf(reply, key) ?? null);
        answers.push(JSON.stringify(fields));
      }
      if (new Set(answers).size === 1) return;
      throw new Violation(`Scope, ConnectivityScope and GwAllocChecker changed between calls: ${answers.join(", ")}`);
    },
  },
  {
    ...shared,
    id: "NET-04",
    title: "A driver that announces GwAllocChecker answers GwAllocCheck",
    judge: async (trial) => {
      await needGwAllocCheck(trial);
      const reply = await trial.ok("NetworkDriver.GwAllocCheck", gwAllocRequest(trial));
      const odd = ["SkipIPv4", "SkipIPv6"].find(
        (key) => !["undefined", "boolean"].includes(typeof fieldOf(reply, key)),
      );
      if (odd !== undefined) throw new Violation(`${odd} is ${brief(fieldOf(reply, odd))}; say true or false`);
    },
  },
  {
    ...shared,
    id: "NET-05",
    severity: "SHOULD",
    rule: networkRules.controller,
    title: "GwAllocCheck twice changes nothing, and the network may be made afterwards",
    judge: async (trial) => {
      await needGwAllocCheck(trial);
      const request = gwAllocRequest(trial);
      const [first, second] = [
        await trial.ok("NetworkDriver.GwAllocCheck", request),
        await trial.ok("NetworkDriver.GwAllocCheck", request),
      ];
      const differs = ["SkipIPv4", "SkipIPv6"].find((key) => fieldOf(first, key) !== fieldOf(second, key));
      if (differs !== undefined) throw new Violation(`${differs} changed between two calls of GwAllocCheck`);
      await trial.ok("NetworkDriver.CreateNetwork", networkRequest(trial, freshSubnet()));
    },
  },
  {
    ...shared,
    id: "NET-56",
    severity: "SHOULD",
    rule: networkRules.agent,
    title: "DiscoverNew and DiscoverDelete of a node succeed, with or without a bind address",
    judge: async (trial) => {
      for (const method of ["NetworkDriver.DiscoverNew", "NetworkDriver.DiscoverDelete"]) {
        await discover(trial, method, { Address: "192.0.2.10", BindAddress: "", Self: true });
        await discover(trial, method, { Address: "192.0.2.11", Self: false });
      }
    },
  },
  {
    ...shared,
    id: "NET-57",
    severity: "SHOULD",
    rule: networkRules.agent,
    title: "A driver of local scope takes DiscoverNew of its own node",
    judge: async (trial) => {
      if ((await scopeOf(trial)) !== "local") trial.skip("the driver's scope is not local");
      await discover(trial, "NetworkDriver.DiscoverNew", {
        Address: "192.0.2.10",
        BindAddress: "192.0.2.10",
        Self: true,
      });
    },
  },
];

async function needGwAllocCheck(trial: Trial): Promise<void> {
  const checker = fieldOf(await trial.ok(capabilities), "GwAllocChecker");
  if (checker !== undefined && typeof checker !== "boolean") {
    throw new Violation(`GwAllocChecker is ${brief(checker)}; say true or false, or the driver is not registered`);
  }
  if (checker !== true) trial.skip("the driver does not announce GwAllocChecker");
}

function gwAllocRequest(trial: Trial): object {
  return { Options: networkRequest(trial, freshSubnet()).Options };
}

/** The engine only logs errors, and a driver without the method has nothing to say. */
async function discover(trial: Trial, method: string, node: object): Promise<void> {
  const { status, failure } = await trial.send(method, { DiscoveryType: 1, DiscoveryData: node });
  if (failure !== undefined && status !== 404) {
    throw new Violation(`${method} of ${brief(node)} was refused: ${failure}; every driver is told of its node`);
  }
}
