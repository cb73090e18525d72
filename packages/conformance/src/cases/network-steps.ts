// What the cases of network drivers have in common: networks, endpoints, and the links of the plugin's host.
import { randomInt } from "node:crypto";
import { readdir } from "node:fs/promises";
import type { Answer } from "../answer.ts";
import { fieldOf, type JsonObject } from "../json-field.ts";
import { textOf } from "../subnet.ts";
import type { Trial } from "../trial.ts";
import { Violation } from "../violation.ts";

/** Where the rules about network drivers stand. */
export const networkRules = {
  driver: "moby/moby daemon/libnetwork/drivers/remote/driver.go",
  api: "moby/moby daemon/libnetwork/drivers/remote/api/api.go",
  network: "moby/moby daemon/libnetwork/network.go",
  endpoint: "moby/moby daemon/libnetwork/endpoint.go",
  controller: "moby/moby daemon/libnetwork/controller.go",
  sandbox: "moby/moby daemon/libnetwork/sandbox_linux.go",
  gateway: "moby/moby daemon/libnetwork/default_gateway.go",
  agent: "moby/moby daemon/libnetwork/agent.go",
  allocator: "moby/moby daemon/libnetwork/cnmallocator/networkallocator.go",
  daemon: "moby/moby daemon/network.go",
} as const;

/** A subnet for one network, in the block that is set aside for tests (198.18.0.0/15). */
export interface TestSubnet {
  /** `198.18.7.0/24` */
  readonly pool: string;
  /** `198.18.7.1/24` */
  readonly gateway: string;
  /** The address of a number, with prefix length: `198.18.7.9/24`. */
  readonly address: (host: number) => string;
}

/** A network that the plugin was told to make. */
export interface TestNetwork extends TestSubnet {
  readonly id: string;
}

/** An endpoint that the plugin was told to make. */
export interface TestEndpoint {
  readonly NetworkID: string;
  readonly EndpointID: string;
}

/** The body of CreateNetwork. */
export interface NetworkRequest {
  readonly NetworkID: string;
  readonly Options: JsonObject;
  readonly IPv4Data: readonly object[] | null;
  readonly IPv6Data: readonly object[] | null;
}

let lastSubnet: number | undefined;

/** A subnet that no other case of this run was given lately. */
export function freshSubnet(): TestSubnet {
  lastSubnet = ((lastSubnet ?? randomInt(512)) + 1) % 512;
  const first = (198n << 24n) + (18n << 16n) + (BigInt(lastSubnet) << 8n);
  const address = (host: number): string => `${textOf({ number: first + BigInt(host), bits: 32 })}/24`;
  return { pool: address(0), gateway: address(1), address };
}

/** What the engine sends for `docker network create`, with changes. */
export function networkRequest(
  trial: Trial,
  subnet: TestSubnet,
  changes: Partial<NetworkRequest> = {},
): NetworkRequest {
  return {
    NetworkID: trial.id(),
    Options: {
      "com.docker.network.enable_ipv6": false,
      "com.docker.network.generic": trial.setting.options ?? {},
    },
    IPv4Data: [ipamData(subnet)],
    IPv6Data: [],
    ...changes,
  };
}

/** One entry of IPv4Data. */
export function ipamData({ pool, gateway }: TestSubnet): { AddressSpace: string; Pool: string; Gateway: string } {
  return { AddressSpace: "LocalDefault", Pool: pool, Gateway: gateway };
}

/** Makes a network as the engine does. */
export async function createNetwork(trial: Trial, subnet: TestSubnet = freshSubnet()): Promise<TestNetwork> {
  const request = networkRequest(trial, subnet);
  await trial.ok("NetworkDriver.CreateNetwork", request);
  return { ...subnet, id: request.NetworkID };
}

/** The body of CreateEndpoint for the address of a number, with changes to what is settled already. */
export function endpointRequest(
  trial: Trial,
  network: TestNetwork,
  given: { readonly host?: number; readonly interface?: object; readonly options?: object } = {},
): TestEndpoint & { readonly Interface: object; readonly Options: object } {
  return {
    NetworkID: network.id,
    EndpointID: trial.id(),
    Interface: { Address: network.address(given.host ?? 2), AddressIPv6: "", MacAddress: "", ...given.interface },
    Options: { "com.docker.network.endpoint.exposedports": [], "com.docker.network.portmap": [], ...given.options },
  };
}

/** Makes an endpoint as the engine does. */
export async function createEndpoint(trial: Trial, network: TestNetwork, host = 2): Promise<TestEndpoint> {
  const request = endpointRequest(trial, network, { host });
  await trial.ok("NetworkDriver.CreateEndpoint", request);
  return keyOf(request);
}

/** What names an endpoint. */
export function keyOf({ NetworkID, EndpointID }: TestEndpoint): TestEndpoint {
  return { NetworkID, EndpointID };
}

/** The body of Join: the sandbox does not exist, as with engines up to 27. */
export function joinRequest(
  trial: Trial,
  endpoint: TestEndpoint,
): TestEndpoint & { SandboxKey: string; Options: object } {
  return {
    ...keyOf(endpoint),
    SandboxKey: `/var/run/docker/netns/${trial.id().slice(0, 12)}`,
    Options: { "com.docker.network.endpoint.exposedports": [], "com.docker.network.portmap": [] },
  };
}

/** Has an endpoint joined to a sandbox, and returns the reply. */
export function join(trial: Trial, endpoint: TestEndpoint): Promise<JsonObject> {
  return trial.ok("NetworkDriver.Join", joinRequest(trial, endpoint));
}

/** A network with one endpoint that has joined. */
export async function joinedEndpoint(
  trial: Trial,
): Promise<{ network: TestNetwork; endpoint: TestEndpoint; reply: JsonObject }> {
  const network = await createNetwork(trial);
  const endpoint = await createEndpoint(trial, network);
  return { network, endpoint, reply: await join(trial, endpoint) };
}

/** Calls what a plugin may refuse, but has to refuse with a text for the user. */
export async function okOrRefused(trial: Trial, method: string, request: object): Promise<Answer> {
  const answer = await trial.send(method, request);
  if (answer.failure !== undefined && answer.reply.body.toString("utf8").trim() === "") {
    throw new Violation(`${method} was refused with status ${answer.status} and no text; say why under "Err"`);
  }
  return answer;
}

/** The network driver's scope. */
export async function scopeOf(trial: Trial): Promise<unknown> {
  return fieldOf(await trial.ok("NetworkDriver.GetCapabilities"), "Scope");
}

/** The names of the links that the plugin's host has; undefined where they are not seen from here. */
export async function linksOf(trial: Trial): Promise<ReadonlySet<string> | undefined> {
  if (trial.setting.hostRoot === false) return undefined;
  const folder = trial.path("/sys/class/net");
  try {
    return new Set(await readdir(folder));
  } catch (error) {
    return trial.skip(`the plugin's links are not seen: ${error instanceof Error ? error.message : String(error)}`);
  }
}

/** Waits until the plugin's host has no other links than before; throws where it keeps some. */
export async function linksAsBefore(
  trial: Trial,
  before: ReadonlySet<string> | undefined,
  after: string,
): Promise<void> {
  if (before === undefined) return;
  let more: string[] = [];
  const gone = await trial.until(async () => {
    more = [...((await linksOf(trial)) ?? [])].filter((name) => !before.has(name));
    return more.length === 0;
  });
  if (!gone)
    throw new Violation(
      `after ${after} the links ${more.join(", ")} are still there; remove them, the engine never asks again`,
    );
}
