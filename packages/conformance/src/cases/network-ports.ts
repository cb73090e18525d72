// NET: published ports, which are the driver's task where it names a gateway.
import { randomInt } from "node:crypto";
import type { ConformanceCase } from "../case.ts";
import { fieldOf } from "../json-field.ts";
import type { Trial } from "../trial.ts";
import { Violation } from "../violation.ts";
import {
  createEndpoint,
  createNetwork,
  join,
  networkRules,
  type TestEndpoint,
  type TestNetwork,
} from "./network-steps.ts";

const program = "NetworkDriver.ProgramExternalConnectivity";
const revoke = "NetworkDriver.RevokeExternalConnectivity";
const shared = { protocol: "NetworkDriver", severity: "SHOULD", rule: networkRules.driver } as const;

/** The cases of ProgramExternalConnectivity and RevokeExternalConnectivity. */
export const networkPortCases: readonly ConformanceCase[] = [
  {
    ...shared,
    id: "NET-50",
    severity: "MUST",
    title: "ProgramExternalConnectivity succeeds, or the driver does not have it (404)",
    judge: async (trial) => {
      const { first } = await twoEndpoints(trial);
      await implemented(trial, program, publishing(first));
    },
  },
  {
    ...shared,
    id: "NET-51",
    rule: networkRules.endpoint,
    title: "ProgramExternalConnectivity succeeds again, also after RevokeExternalConnectivity",
    judge: async (trial) => {
      const { first } = await twoEndpoints(trial);
      const request = publishing(first);
      await published(trial, request);
      await trial.ok(program, request);
      await implemented(trial, revoke, first);
      await trial.ok(program, request);
    },
  },
  {
    ...shared,
    id: "NET-52",
    title: "A host port that is taken is refused, so that the container does not start without it",
    judge: async (trial) => {
      const { first, second } = await twoEndpoints(trial);
      const port = await publishedPort(trial, first);
      const { failure } = await trial.send(program, publishing(second, port));
      if (failure !== undefined) return;
      throw new Violation(`two endpoints were both given host port ${port}; the second has to be refused`);
    },
  },
  {
    ...shared,
    id: "NET-53",
    title:
      "RevokeExternalConnectivity of what was never published, or a second time, succeeds, or the driver does not have it (404)",
    judge: async (trial) => {
      const { first } = await twoEndpoints(trial);
      for (let times = 0; times < 2; times++) await implemented(trial, revoke, first);
    },
  },
  {
    ...shared,
    id: "NET-54",
    rule: networkRules.endpoint,
    title: "RevokeExternalConnectivity frees the host ports",
    judge: async (trial) => {
      const { first, second } = await twoEndpoints(trial);
      const port = await publishedPort(trial, first);
      if (!(await implemented(trial, revoke, first)))
        throw new Violation("the driver publishes ports and cannot take them back: RevokeExternalConnectivity got 404");
      await trial.ok(program, publishing(second, port));
    },
  },
  {
    ...shared,
    id: "NET-55",
    title: "Leave frees the host ports, for after a restart with live-restore the engine does not revoke them",
    judge: async (trial) => {
      const { first, second } = await twoEndpoints(trial);
      const port = await publishedPort(trial, first);
      await trial.ok("NetworkDriver.Leave", first);
      await trial.ok(program, publishing(second, port));
    },
  },
];

/** Two containers on a network whose gateway is the driver's; another driver is never asked to publish ports. */
async function twoEndpoints(trial: Trial): Promise<{ first: TestEndpoint; second: TestEndpoint }> {
  const network = await createNetwork(trial);
  const first = await withGateway(trial, network, 2);
  return { first, second: await withGateway(trial, network, 3) };
}

async function withGateway(trial: Trial, network: TestNetwork, host: number): Promise<TestEndpoint> {
  const endpoint = await createEndpoint(trial, network, host);
  const reply = await join(trial, endpoint);
  if ((fieldOf(reply, "Gateway") ?? "") === "")
    trial.skip("the driver names no gateway, so that the engine publishes ports itself");
  return endpoint;
}

/** Whether the driver has a method that it may lack; throws where the call failed. */
async function implemented(trial: Trial, method: string, request: object): Promise<boolean> {
  const { status, failure } = await trial.send(method, request);
  if (failure === undefined) return true;
  if (status === 404) return false;
  throw new Violation(`${method} was refused: ${failure}; succeed, or answer 404 where the driver publishes no ports`);
}

async function published(trial: Trial, request: object): Promise<void> {
  if (!(await implemented(trial, program, request))) trial.skip("the driver publishes no ports");
}

/** Publishes a port that nobody uses; one may be in use on the host by chance. */
async function publishedPort(trial: Trial, endpoint: TestEndpoint): Promise<number> {
  for (let tries = 1; ; tries++) {
    const port = randomPort();
    const { status, failure } = await trial.send(program, publishing(endpoint, port));
    if (failure === undefined) return port;
    if (status === 404) trial.skip("the driver publishes no ports");
    if (tries === 3) throw new Violation(`host port ${port} and two others could not be published: ${failure}`);
  }
}

/** Below the ports that the kernel gives out by itself. */
function randomPort(): number {
  return randomInt(20_000, 32_000);
}

function publishing(endpoint: TestEndpoint, port = randomPort()): object {
  const binding = { Proto: 6, IP: "", Port: 80, HostIP: "", HostPort: port, HostPortEnd: port };
  const options = {
    "com.docker.network.endpoint.exposedports": [{ Proto: 6, Port: 80 }],
    "com.docker.network.portmap": [binding],
  };
  return { ...endpoint, Options: options };
}
