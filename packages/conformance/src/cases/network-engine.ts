// NET-E: the rules of network drivers, through a real engine.
import { brief } from "../brief.ts";
import type { ConformanceCase } from "../case.ts";
import { engineOf, restartEngine } from "../engine-api.ts";
import { fieldOf } from "../json-field.ts";
import type { Trial } from "../trial.ts";
import { Violation } from "../violation.ts";
import {
  addressOf,
  createEngineNetwork,
  hostOf,
  messageOf,
  needAddress,
  onNetwork,
  removeEngineNetwork,
  runOn,
  type EngineNetwork,
} from "./engine-network-steps.ts";
import { freshSubnet, joinedEndpoint, linksAsBefore, linksOf, networkRules, scopeOf } from "./network-steps.ts";

const shared = { protocol: "NetworkDriver", severity: "MUST", rule: networkRules.network, needs: ["engine"] } as const;

/** The cases with networks of an engine. */
export const networkEngineCases: readonly ConformanceCase[] = [
  {
    ...shared,
    id: "NET-E01",
    title: "docker network create makes a network of the driver, and docker network rm takes it away",
    judge: async (trial) => {
      const engine = engineOf(trial);
      const network = await driverNetwork(trial);
      const { json } = await engine.ok("GET", `/networks/${network.name}`);
      const driver = fieldOf(json, "Driver");
      if (driver !== engine.driver) throw new Violation(`the network's driver is ${brief(driver)}`);
      await removeEngineNetwork(engine, network);
      const after = await engine.call("GET", `/networks/${network.name}`);
      if (after.status !== 404) throw new Violation("the network is still there after docker network rm");
    },
  },
  {
    ...shared,
    id: "NET-E02",
    title: "Two containers start on one network, each with an address of its subnet",
    judge: async (trial) => {
      const engine = engineOf(trial);
      const network = await driverNetwork(trial);
      const addresses = [];
      for (let count = 0; count < 2; count++) {
        addresses.push(await needAddress(engine, await runOn(engine, network), { network }));
      }
      if (addresses[0] === addresses[1]) throw new Violation(`both containers have the address ${addresses[0]}`);
    },
  },
  {
    ...shared,
    id: "NET-E03",
    rule: networkRules.sandbox,
    title: "A container's link has the address that the engine names",
    judge: async (trial) => {
      await needLinks(trial);
      const engine = engineOf(trial);
      const network = await driverNetwork(trial);
      const address = hostOf(network);
      // Words of the shell alone: the image may have no others.
      const script = 'while read -r line; do echo "$line"; done </proc/net/fib_trie';
      const printed = await engine.run(onNetwork(network, { script, address }));
      if (!printed.includes(`-- ${address}\n`))
        throw new Violation(
          `the container has no link with its address ${address}; its addresses are: ${printed.trim()}`,
        );
    },
  },
  {
    ...shared,
    id: "NET-E04",
    severity: "SHOULD",
    title: "Containers on one network reach each other",
    judge: async (trial) => {
      await needLinks(trial);
      const engine = engineOf(trial);
      const network = await driverNetwork(trial);
      const address = await addressOf(engine, await runOn(engine, network), network);
      const script = `command -v ping >/dev/null || exit 42; for i in 1 2 3; do ping -c 1 -W 1 ${address} && exit; done; exit 1`;
      const container = await runOn(engine, network, { script });
      const code = await engine.wait(container);
      if (code === 42) trial.skip(`the image ${engine.image} has no ping; name one that has it`);
      if (code !== 0) throw new Violation(`ping of ${address} ended with ${code}: ${await engine.logs(container)}`);
    },
  },
  {
    ...shared,
    id: "NET-E05",
    title: "A container with --ip has that address, also after docker restart",
    judge: async (trial) => {
      const engine = engineOf(trial);
      const network = await driverNetwork(trial);
      const wanted = hostOf(network);
      const container = await runOn(engine, network, { address: wanted });
      await needAddress(engine, container, { network, wanted });
      await engine.ok("POST", `/containers/${container}/restart`);
      await needAddress(engine, container, { network, wanted });
    },
  },
  {
    ...shared,
    id: "NET-E06",
    title: "docker network disconnect and connect take a running container off the network and back",
    judge: async (trial) => {
      const engine = engineOf(trial);
      const network = await driverNetwork(trial);
      const Container = await runOn(engine, network);
      await engine.ok("POST", `/networks/${network.name}/disconnect`, { Container });
      if ((await addressOf(engine, Container, network)) !== "")
        throw new Violation("the container still has its address after docker network disconnect");
      await engine.ok("POST", `/networks/${network.name}/connect`, { Container });
      await needAddress(engine, Container, { network });
    },
  },
  {
    ...shared,
    id: "NET-E07",
    title: "After docker network rm its subnet and addresses serve another network, and no link is left",
    judge: async (trial) => {
      const engine = engineOf(trial);
      await useOnce(trial);
      const before = await linksOf(trial);
      const { pool: subnet } = freshSubnet();
      for (let times = 0; times < 2; times++) {
        const network = await driverNetwork(trial, subnet);
        await engine.removeContainer(await runOn(engine, network, { address: hostOf(network) }));
        await removeEngineNetwork(engine, network);
      }
      await linksAsBefore(trial, before, "docker network rm");
    },
  },
  {
    ...shared,
    id: "NET-E08",
    severity: "SHOULD",
    rule: networkRules.endpoint,
    title: "A container that could not be started leaves its address to another, and no link",
    judge: async (trial) => {
      const engine = engineOf(trial);
      const network = await driverNetwork(trial);
      const address = hostOf(network);
      await engine.removeContainer(await runOn(engine, network, { address }));
      const before = await linksOf(trial);
      const spec = onNetwork(network, { address });
      const broken = await engine.createContainer({
        ...spec,
        rest: { ...spec.rest, Entrypoint: ["/no/such/program"] },
      });
      const { status } = await engine.call("POST", `/containers/${broken}/start`);
      if (status < 400) throw new Violation("the engine started a container without a program");
      await linksAsBefore(trial, before, "a start that failed");
      await runOn(engine, network, { address });
    },
  },
  {
    ...shared,
    id: "NET-E09",
    rule: networkRules.controller,
    title: "After a restart of the engine, which makes no network again, containers start on the network as before",
    judge: (trial) => survivesEngine(trial, "SIGTERM"),
  },
  {
    ...shared,
    id: "NET-E10",
    rule: networkRules.controller,
    needs: ["engine", "chaos"],
    title:
      "After kill -9 of the engine, which then leaves and deletes what it finds, containers start on the network as before",
    judge: (trial) => survivesEngine(trial, "SIGKILL"),
  },
];

async function driverNetwork(trial: Trial, subnet = freshSubnet().pool): Promise<EngineNetwork> {
  if ((await scopeOf(trial)) === "global")
    trial.skip("the driver's scope is global, so that its networks are a swarm's");
  const { options } = trial.setting;
  return createEngineNetwork(trial, { driver: engineOf(trial).driver, subnet, ...(options && { options }) });
}

async function survivesEngine(trial: Trial, signal: "SIGKILL" | "SIGTERM"): Promise<void> {
  const engine = engineOf(trial);
  const network = await driverNetwork(trial);
  const wanted = hostOf(network);
  const container = await runOn(engine, network, { address: wanted });
  await restartEngine(trial, signal);
  const answer = await engine.call("POST", `/containers/${container}/start`);
  if (answer.status >= 400) throw new Violation(`the container does not start again: ${messageOf(answer)}`);
  await needAddress(engine, container, { network, wanted });
  await needAddress(engine, await runOn(engine, network), { network });
}

/** A driver that names no link plumbs nothing, or by itself in a way of its own. */
async function needLinks(trial: Trial): Promise<void> {
  const { network, endpoint, reply } = await joinedEndpoint(trial);
  await trial.ok("NetworkDriver.Leave", endpoint);
  await trial.ok("NetworkDriver.DeleteEndpoint", endpoint);
  await trial.ok("NetworkDriver.DeleteNetwork", { NetworkID: network.id });
  if ((fieldOf(reply, "InterfaceName", "SrcName") ?? "") === "") trial.skip("the driver gives containers no link");
}

/** The engine's own bridge for containers without a gateway is made with the first of them, and stays. */
async function useOnce(trial: Trial): Promise<void> {
  const engine = engineOf(trial);
  const network = await driverNetwork(trial);
  await engine.removeContainer(await runOn(engine, network));
  await removeEngineNetwork(engine, network);
}
