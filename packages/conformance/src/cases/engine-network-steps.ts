// Networks and containers on them, by a Docker Engine's API.
import { brief } from "../brief.ts";
import { engineApi, engineOf, type ContainerSpec, type EngineAnswer, type TrialEngine } from "../engine-api.ts";
import { fieldOf } from "../json-field.ts";
import { holds, readCidr, readIp, textOf } from "../subnet.ts";
import type { Trial } from "../trial.ts";
import { Violation } from "../violation.ts";

/** What `docker network create` is told. */
export interface EngineNetworkSpec {
  /** `bridge` for a case about addresses. */
  readonly driver: string;
  readonly options?: Readonly<Record<string, string>>;
  readonly ipamDriver?: string;
  /** `--ipam-opt` */
  readonly ipamOptions?: Readonly<Record<string, string>>;
  /** `--subnet` */
  readonly subnet?: string;
}

/** A network of the engine's. */
export interface EngineNetwork {
  readonly name: string;
  /** As `docker network inspect` shows it. */
  readonly subnet: string;
}

/** Does nothing until it is ended, which is at once. */
const idle = "trap 'exit 0' TERM; sleep 86400 & wait";

/** Asks for a network that may be refused. What is made goes away at the trial's end. */
export async function tryEngineNetwork(
  trial: Trial,
  spec: EngineNetworkSpec,
): Promise<{ name: string; answer: EngineAnswer }> {
  const engine = engineOf(trial);
  const name = trial.name("net");
  const last = engineApi(trial.setting.engine?.socket ?? "", { deadlineMs: 60_000 });
  trial.defer(() => last.call("DELETE", `/networks/${name}`));
  const answer = await engine.call("POST", "/networks/create", {
    Name: name,
    Driver: spec.driver,
    Options: spec.options ?? {},
    IPAM: {
      Driver: spec.ipamDriver ?? "default",
      Options: spec.ipamOptions ?? {},
      Config: spec.subnet === undefined ? [] : [{ Subnet: spec.subnet }],
    },
  });
  return { name, answer };
}

/** Makes a network, which has to succeed. */
export async function createEngineNetwork(trial: Trial, spec: EngineNetworkSpec): Promise<EngineNetwork> {
  const { name, answer } = await tryEngineNetwork(trial, spec);
  if (answer.status >= 400) throw new Violation(`docker network create failed: ${messageOf(answer)}`);
  const { json } = await engineOf(trial).ok("GET", `/networks/${name}`);
  const configs = fieldOf(json, "IPAM", "Config");
  const config: unknown = Array.isArray(configs) ? configs[0] : undefined;
  const subnet = fieldOf(config, "Subnet");
  return { name, subnet: typeof subnet === "string" ? subnet : "" };
}

/** Removes a network, which has to succeed. */
export async function removeEngineNetwork(engine: TrialEngine, network: EngineNetwork): Promise<void> {
  await engine.ok("DELETE", `/networks/${network.name}`);
}

/** What a container is made of that joins a network, with `--ip` where an address is given. */
export function onNetwork(network: EngineNetwork, given: { script?: string; address?: string } = {}): ContainerSpec {
  const { script = idle, address } = given;
  const endpoint = address === undefined ? {} : { IPAMConfig: { IPv4Address: address } };
  return {
    script,
    host: { NetworkMode: network.name },
    rest: { NetworkingConfig: { EndpointsConfig: { [network.name]: endpoint } } },
  };
}

/** Runs a container on a network that stays until it is removed, and returns its name. */
export async function runOn(
  engine: TrialEngine,
  network: EngineNetwork,
  given: { script?: string; address?: string } = {},
): Promise<string> {
  const container = await engine.createContainer(onNetwork(network, given));
  await engine.start(container);
  return container;
}

/** The address that the engine says a container has on a network; empty where it has none. */
export async function addressOf(engine: TrialEngine, container: string, network: EngineNetwork): Promise<string> {
  const { json } = await engine.ok("GET", `/containers/${container}/json`);
  const address = fieldOf(json, "NetworkSettings", "Networks", network.name, "IPAddress");
  return typeof address === "string" ? address : "";
}

/** The gateway that the engine says a container has on a network; up to 26.1 the network itself does not tell it. */
export async function gatewayOf(engine: TrialEngine, container: string, network: EngineNetwork): Promise<string> {
  const { json } = await engine.ok("GET", `/containers/${container}/json`);
  const gateway = fieldOf(json, "NetworkSettings", "Networks", network.name, "Gateway");
  return typeof gateway === "string" ? gateway : "";
}

/** Throws where a container's address is not the wanted one, or not of the network's subnet. */
export async function needAddress(
  engine: TrialEngine,
  container: string,
  given: { network: EngineNetwork; wanted?: string },
): Promise<string> {
  const { network, wanted } = given;
  const address = await addressOf(engine, container, network);
  const [ip, block] = [readIp(address), readCidr(network.subnet)];
  if (wanted !== undefined && address !== wanted)
    throw new Violation(`a container with --ip ${wanted} has the address ${brief(address)}`);
  if (ip === undefined || block === undefined || !holds(block, ip))
    throw new Violation(`a container on ${network.subnet} has the address ${brief(address)}`);
  return address;
}

/** The engine's text of a failure. */
export function messageOf({ status, json, text }: EngineAnswer): string {
  const message = fieldOf(json, "message");
  return typeof message === "string" ? message : text.trim() || `status ${status}`;
}

/** The tenth address of a subnet, and those behind it. */
export function hostOf({ subnet }: EngineNetwork, further = 0): string {
  const block = readCidr(subnet);
  if (block === undefined) throw new Violation(`docker network inspect shows the subnet ${brief(subnet)}`);
  const number = block.first + 10n + BigInt(further);
  return textOf({ number, bits: block.bits });
}
