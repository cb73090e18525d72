// NET: networks of a swarm, which only drivers of global scope are asked for.
import { brief } from "../brief.ts";
import type { ConformanceCase } from "../case.ts";
import { fieldOf, isObject, type JsonObject } from "../json-field.ts";
import type { Trial } from "../trial.ts";
import { Violation } from "../violation.ts";
import { freshSubnet, ipamData, networkRequest, networkRules, scopeOf } from "./network-steps.ts";

const allocate = "NetworkDriver.AllocateNetwork";
const free = "NetworkDriver.FreeNetwork";
const shared = { protocol: "NetworkDriver", severity: "MUST", rule: networkRules.allocator } as const;

/** The cases of AllocateNetwork and FreeNetwork, and of a swarm's network ids. */
export const networkSwarmCases: readonly ConformanceCase[] = [
  {
    ...shared,
    id: "NET-17",
    title: "CreateNetwork takes a swarm's network id of 25 characters",
    judge: async (trial) => {
      await needGlobal(trial);
      const request = networkRequest(trial, freshSubnet(), { NetworkID: swarmId(trial) });
      await trial.ok("NetworkDriver.CreateNetwork", request);
    },
  },
  {
    ...shared,
    id: "NET-58",
    severity: "SHOULD",
    title: "AllocateNetwork answers the user's options, for what it leaves out no node gets",
    judge: async (trial) => {
      await needGlobal(trial);
      const given = await optionsItTakes(trial);
      const options = optionsOf(await trial.ok(allocate, allocation(trial, given)));
      const lost = Object.entries(given).find(([key, value]) => options[key] !== value);
      if (lost !== undefined)
        throw new Violation(`the option ${lost[0]}=${lost[1]} is not among those answered: ${brief(options)}`);
    },
  },
  {
    ...shared,
    id: "NET-59",
    title: "AllocateNetwork succeeds with IPv6Data null and an empty address space",
    judge: async (trial) => {
      await needGlobal(trial);
      await trial.ok(allocate, allocation(trial, trial.setting.options ?? {}));
    },
  },
  {
    ...shared,
    id: "NET-60",
    title: "AllocateNetwork again, with the options it answered, answers the same: a new leader asks so",
    judge: async (trial) => {
      await needGlobal(trial);
      const request = allocation(trial, trial.setting.options ?? {});
      const first = optionsOf(await trial.ok(allocate, request));
      const second = optionsOf(await trial.ok(allocate, { ...request, Options: { ...request.Options, ...first } }));
      const differs = Object.keys({ ...first, ...second }).find((key) => first[key] !== second[key]);
      if (differs !== undefined)
        throw new Violation(`the option ${differs} was ${brief(first[differs])}, and is ${brief(second[differs])}`);
    },
  },
  {
    ...shared,
    id: "NET-61",
    severity: "SHOULD",
    title: "FreeNetwork of an unknown network succeeds",
    judge: async (trial) => {
      await needGlobal(trial);
      await trial.ok(free, { NetworkID: swarmId(trial) });
    },
  },
  {
    ...shared,
    id: "NET-62",
    severity: "MAY",
    title: "A network that was freed can be allocated again",
    judge: async (trial) => {
      await needGlobal(trial);
      const request = allocation(trial, trial.setting.options ?? {});
      await trial.ok(allocate, request);
      await trial.ok(free, { NetworkID: request.NetworkID });
      await trial.ok(allocate, request);
    },
  },
];

async function needGlobal(trial: Trial): Promise<void> {
  if ((await scopeOf(trial)) !== "global") trial.skip("the driver's scope is not global, so no swarm asks it");
}

interface Allocation {
  readonly NetworkID: string;
  readonly Options: Readonly<Record<string, string>>;
  readonly IPv4Data: readonly object[];
  readonly IPv6Data: null;
}

function allocation(trial: Trial, options: Readonly<Record<string, string>>): Allocation {
  const data = { ...ipamData(freshSubnet()), AddressSpace: "" };
  return { NetworkID: swarmId(trial), Options: options, IPv4Data: [data], IPv6Data: null };
}

/** 25 characters of base 36. Source: moby/swarmkit identity/randomid.go. */
function swarmId(trial: Trial): string {
  return BigInt(`0x${trial.id()}`).toString(36).padStart(25, "0").slice(-25);
}

/** Options to look for in the answer: the setting's, and one of our own where the driver does not refuse it. */
async function optionsItTakes(trial: Trial): Promise<Readonly<Record<string, string>>> {
  const { options = {} } = trial.setting;
  const more = { ...options, "org.outrigger.unknown": "1" };
  const { failure } = await trial.send(allocate, allocation(trial, more));
  if (failure === undefined) return more;
  if (Object.keys(options).length > 0) return options;
  return trial.skip("the driver refuses an unknown option; name one that it takes with --option");
}

function optionsOf(reply: JsonObject): JsonObject {
  const options = fieldOf(reply, "Options") ?? {};
  if (!isObject(options)) throw new Violation(`Options is ${brief(options)}; it has to be an object of texts`);
  return options;
}
