// IPM-E: the rules of address drivers, through a real engine and its own bridge driver.
import { brief } from "../brief.ts";
import type { ConformanceCase } from "../case.ts";
import { engineOf, restartEngine } from "../engine-api.ts";
import { holds, readCidr, readIp } from "../subnet.ts";
import type { Trial } from "../trial.ts";
import { Violation } from "../violation.ts";
import {
  createEngineNetwork,
  gatewayOf,
  hostOf,
  messageOf,
  needAddress,
  onNetwork,
  removeEngineNetwork,
  runOn,
  tryEngineNetwork,
  type EngineNetwork,
  type EngineNetworkSpec,
} from "./engine-network-steps.ts";
import { ipamRules, poolRequest, releasePool, textOfPool, tryPool, wantedPool, wantsReplay } from "./ipam-steps.ts";

const shared = { protocol: "IpamDriver", severity: "MUST", rule: ipamRules.network, needs: ["engine"] } as const;

/** The cases with networks of an engine whose addresses are the driver's. */
export const ipamEngineCases: readonly ConformanceCase[] = [
  {
    ...shared,
    id: "IPM-E01",
    title: "docker network create with --ipam-driver and --subnet makes a network of that subnet, with a gateway in it",
    judge: async (trial) => {
      const { Pool } = await wantedPool(trial);
      const network = await bridge(trial, Pool);
      if (network.subnet !== Pool)
        throw new Violation(`the network's subnet is ${network.subnet}, and ${Pool} was wanted`);
      await needGateway(trial, network);
    },
  },
  {
    ...shared,
    id: "IPM-E02",
    rule: ipamRules.remote,
    title: "docker network create with --ipam-driver alone gets subnets of the driver's, which do not overlap",
    judge: async (trial) => {
      const own = await tryPool(trial, await poolRequest(trial));
      if (typeof own === "string") return trial.skip(`the driver chooses no pool: ${own}`);
      if (own.block.prefix === 0) trial.skip("the driver has no pools of its own: it answered 0.0.0.0/0");
      const second = await tryPool(trial, own.request);
      // This would keep the engine busy for ever: it asks until it gets a pool that no route of the host overlaps.
      if (typeof second !== "string" && textOfPool(second) === textOfPool(own))
        throw new Violation(
          `${textOfPool(own)} was given twice, though the first is still out; the engine was not asked`,
        );
      for (const pool of [own, second]) if (typeof pool !== "string") await releasePool(trial, pool);
      const networks = [await bridge(trial), await bridge(trial)];
      for (const network of networks) await needGateway(trial, network);
      if (networks[0]?.subnet === networks[1]?.subnet)
        throw new Violation(`two networks were given the subnet ${networks[0]?.subnet}`);
    },
  },
  {
    ...shared,
    id: "IPM-E03",
    rule: ipamRules.endpoint,
    title: "Containers get addresses of the subnet, each another, and none the gateway's",
    judge: async (trial) => {
      const engine = engineOf(trial);
      const network = await subnetBridge(trial);
      const first = await runOn(engine, network);
      const addresses = [await gatewayOf(engine, first, network), await needAddress(engine, first, { network })];
      for (let count = 0; count < 2; count++) {
        addresses.push(await needAddress(engine, await runOn(engine, network), { network }));
      }
      if (new Set(addresses).size < addresses.length)
        throw new Violation(`the gateway and three containers have the addresses ${addresses.join(", ")}`);
    },
  },
  {
    ...shared,
    id: "IPM-E04",
    rule: ipamRules.endpoint,
    title: "docker run --ip gets exactly that address, and another container with it is refused with the driver's text",
    judge: async (trial) => {
      const engine = engineOf(trial);
      const network = await subnetBridge(trial);
      const wanted = hostOf(network);
      await needAddress(engine, await runOn(engine, network, { address: wanted }), { network, wanted });
      if (await wantsReplay(trial)) return;
      const rival = await engine.createContainer(onNetwork(network, { address: wanted }));
      const answer = await engine.call("POST", `/containers/${rival}/start`);
      if (answer.status < 400) throw new Violation(`two containers run with --ip ${wanted}`);
      needText(messageOf(answer));
    },
  },
  {
    ...shared,
    id: "IPM-E05",
    rule: ipamRules.endpoint,
    title: "A container with --ip has that address after docker restart, and one without has one of the subnet",
    judge: async (trial) => {
      const engine = engineOf(trial);
      const network = await subnetBridge(trial);
      const wanted = hostOf(network);
      const fixed = await runOn(engine, network, { address: wanted });
      const any = await runOn(engine, network);
      for (const container of [fixed, any]) await engine.ok("POST", `/containers/${container}/restart`);
      await needAddress(engine, fixed, { network, wanted });
      await needAddress(engine, any, { network });
    },
  },
  {
    ...shared,
    id: "IPM-E06",
    title: "A removed container's address and a removed network's subnet are free again",
    judge: async (trial) => {
      const engine = engineOf(trial);
      const { Pool } = await wantedPool(trial);
      for (let times = 0; times < 2; times++) {
        const network = await bridge(trial, Pool);
        const address = hostOf(network);
        for (let count = 0; count < 2; count++) {
          await engine.removeContainer(await runOn(engine, network, { address }));
        }
        await removeEngineNetwork(engine, network);
      }
    },
  },
  {
    ...shared,
    id: "IPM-E07",
    severity: "SHOULD",
    rule: ipamRules.remote,
    title: "Where the driver refuses a subnet, docker network create fails with the driver's text",
    judge: async (trial) => {
      const first = await subnetBridge(trial);
      const { answer } = await tryEngineNetwork(trial, bridgeSpec(trial, first.subnet));
      // A driver may give a subnet twice; then the engine's bridge driver refuses it.
      if (answer.status < 400) throw new Violation(`two bridges were given the subnet ${first.subnet}`);
      needText(messageOf(answer));
    },
  },
  {
    ...shared,
    id: "IPM-E08",
    rule: ipamRules.controller,
    title: "After a restart of the engine containers have addresses as before, and none the gateway's",
    judge: (trial) => survivesEngine(trial, "SIGTERM"),
  },
  {
    ...shared,
    id: "IPM-E09",
    rule: ipamRules.controller,
    needs: ["engine", "chaos"],
    title: "After kill -9 of the engine containers have addresses as before, and none the gateway's",
    judge: (trial) => survivesEngine(trial, "SIGKILL"),
  },
];

async function survivesEngine(trial: Trial, signal: "SIGKILL" | "SIGTERM"): Promise<void> {
  const engine = engineOf(trial);
  const network = await subnetBridge(trial);
  const wanted = hostOf(network);
  const fixed = await runOn(engine, network, { address: wanted });
  await restartEngine(trial, signal);
  await engine.start(fixed);
  await needAddress(engine, fixed, { network, wanted });
  const other = await needAddress(engine, await runOn(engine, network), { network });
  if (other === (await gatewayOf(engine, fixed, network)) || other === wanted)
    throw new Violation(`${other}, which the network has in use, was given to a container after the restart`);
}

function bridgeSpec(trial: Trial, subnet?: string): EngineNetworkSpec {
  const { options: ipamOptions = {} } = trial.setting;
  return { driver: "bridge", ipamDriver: engineOf(trial).driver, ipamOptions, ...(subnet !== undefined && { subnet }) };
}

function bridge(trial: Trial, subnet?: string): Promise<EngineNetwork> {
  return createEngineNetwork(trial, bridgeSpec(trial, subnet));
}

/** A bridge with a subnet that the driver gives. */
async function subnetBridge(trial: Trial): Promise<EngineNetwork> {
  return bridge(trial, (await wantedPool(trial)).Pool);
}

async function needGateway(trial: Trial, network: EngineNetwork): Promise<void> {
  const engine = engineOf(trial);
  const gateway = await gatewayOf(engine, await runOn(engine, network), network);
  const [block, ip] = [readCidr(network.subnet), readIp(gateway)];
  if (block === undefined || ip === undefined || !holds(block, ip))
    throw new Violation(`the network has the subnet ${network.subnet} and the gateway ${brief(gateway)}`);
}

/** What engines say where a failure had no text, or had it under the wrong key. */
function needText(message: string): void {
  if (!/no address returned|invalid CIDR|ParsePrefix/i.test(message)) return;
  throw new Violation(
    `docker says "${message}" in place of the driver's text; answer status 500, or the text under "Error"`,
  );
}
