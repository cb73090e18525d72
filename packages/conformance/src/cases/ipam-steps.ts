// What the cases of address drivers have in common: pools to try, and addresses out of them.
import { randomBytes } from "node:crypto";
import { brief } from "../brief.ts";
import { fieldOf, type JsonObject } from "../json-field.ts";
import { holds, readCidr, readIp, textOf, type Cidr } from "../subnet.ts";
import type { Trial } from "../trial.ts";
import { Violation } from "../violation.ts";
import { freshSubnet } from "./network-steps.ts";

/** Where the rules about address drivers stand. */
export const ipamRules = {
  remote: "moby/moby daemon/libnetwork/ipams/remote/remote.go",
  api: "moby/moby daemon/libnetwork/ipams/remote/api/api.go",
  network: "moby/moby daemon/libnetwork/network.go",
  endpoint: "moby/moby daemon/libnetwork/endpoint.go",
  controller: "moby/moby daemon/libnetwork/controller.go",
  client: "moby/moby pkg/plugins/client.go",
} as const;

/** The option that asks for a gateway. */
export const asGateway = { RequestAddressType: "com.docker.network.gateway" } as const;

/** The body of RequestPool. */
export interface PoolRequest {
  readonly AddressSpace: string;
  readonly Pool: string;
  readonly SubPool: string;
  readonly Options: Readonly<Record<string, string>> | null;
  readonly V6: boolean;
}

/** A pool that the plugin gave. */
export interface TestPool {
  readonly PoolID: string;
  readonly block: Cidr;
  readonly reply: JsonObject;
  /** What it was asked for with. */
  readonly request: PoolRequest;
}

/** What the engine sends for `docker network create --ipam-driver`, with changes. */
export async function poolRequest(trial: Trial, changes: Partial<PoolRequest> = {}): Promise<PoolRequest> {
  const spaces = await trial.ok("IpamDriver.GetDefaultAddressSpaces");
  const space = fieldOf(spaces, "LocalDefaultAddressSpace");
  return {
    AddressSpace: typeof space === "string" ? space : "",
    Pool: "",
    SubPool: "",
    Options: trial.setting.options ?? {},
    V6: false,
    ...changes,
  };
}

/** Asks for a pool, which has to succeed. */
export async function requestPool(trial: Trial, request: PoolRequest): Promise<TestPool> {
  const reply = await trial.ok("IpamDriver.RequestPool", request);
  return readPool(reply, request);
}

/** Asks for a pool that may be refused; returns it, or the text of the refusal. */
export async function tryPool(trial: Trial, request: PoolRequest): Promise<TestPool | string> {
  const answer = await trial.send("IpamDriver.RequestPool", request);
  return answer.failure ?? readPool(answer.fields, request);
}

/** A pool with addresses of its own: a subnet of ours, or, from a driver that has its own alone, one of those. */
export async function somePool(trial: Trial): Promise<TestPool> {
  const request = await poolRequest(trial, { Pool: freshSubnet().pool });
  const ours = await tryPool(trial, request);
  if (typeof ours !== "string") return needReal(trial, ours);
  const theirs = await tryPool(trial, { ...request, Pool: "" });
  if (typeof theirs === "string")
    throw new Violation(`a pool was refused with --subnet ${request.Pool}: ${ours}; and without --subnet: ${theirs}`);
  return needReal(trial, { ...theirs, request: { ...request, Pool: String(fieldOf(theirs.reply, "Pool")) } });
}

/** A request for a subnet that the driver gives, and has not given yet. */
export async function wantedPool(trial: Trial): Promise<PoolRequest> {
  const request = await poolRequest(trial, { Pool: freshSubnet().pool });
  const example = await somePool(trial);
  if (isOurs(example)) return request;
  await releasePool(trial, example);
  return example.request;
}

/** Gives a pool back, which has to succeed. */
export async function releasePool(trial: Trial, { PoolID }: { PoolID: string }): Promise<void> {
  await trial.ok("IpamDriver.ReleasePool", { PoolID });
}

/** A driver without pools of its own answers 0.0.0.0/0, and its addresses mean nothing. */
function needReal(trial: Trial, pool: TestPool): TestPool {
  if (pool.block.prefix === 0) trial.skip("the driver has no pools of its own: it answered 0.0.0.0/0");
  return pool;
}

function isOurs({ block }: TestPool): boolean {
  const tests = readCidr("198.18.0.0/15");
  return tests !== undefined && holds(tests, { number: block.first, bits: block.bits });
}

function readPool(reply: JsonObject, request: PoolRequest): TestPool {
  const [id, pool] = [fieldOf(reply, "PoolID"), fieldOf(reply, "Pool")];
  const block = readCidr(pool);
  const shown = `RequestPool with ${brief(request)}`;
  if (typeof id !== "string" || id === "") throw new Violation(`${shown} answered PoolID ${brief(id)}; name the pool`);
  if (block === undefined) throw new Violation(`${shown} answered Pool ${brief(pool)}; write it as 198.18.7.0/24`);
  return { PoolID: id, block, reply, request };
}

/** What else is said of an address that is asked for. */
export type AddressOptions = Readonly<Record<string, string>> | null;

/** The body of RequestAddress. */
export function addressRequest(pool: TestPool, Address = "", Options: AddressOptions = {}): object {
  return { PoolID: pool.PoolID, Address, Options };
}

/** Asks for an address, any one without `Address`, and returns what was answered. */
export async function requestAddress(
  trial: Trial,
  pool: TestPool,
  { Address = "", Options = {} }: { Address?: string; Options?: AddressOptions } = {},
): Promise<Cidr> {
  const reply = await trial.ok("IpamDriver.RequestAddress", addressRequest(pool, Address, Options));
  return readAddress(reply, Address);
}

/** Reads the reply to RequestAddress; throws where it is not the address that was wanted. */
export function readAddress(reply: JsonObject, wanted = ""): Cidr {
  const value = fieldOf(reply, "Address");
  const address = readCidr(value);
  if (address === undefined)
    throw new Violation(`RequestAddress answered Address ${brief(value)}; write it as 198.18.7.9/24`);
  if (wanted !== "" && readIp(wanted)?.number !== address.number)
    throw new Violation(`RequestAddress of ${wanted} answered ${brief(value)}; give that address or refuse`);
  return address;
}

/** Gives an address back, which has to succeed. */
export async function releaseAddress(trial: Trial, pool: TestPool, address: Cidr): Promise<void> {
  await trial.ok("IpamDriver.ReleaseAddress", { PoolID: pool.PoolID, Address: textOf(address) });
}

/** An address in the middle of a pool, which no driver has a use for itself. */
export function middleOf({ block }: TestPool, further = 0): string {
  const size = block.last - block.first + 1n;
  // A large pool's middle may lie far outside of what a driver has cut it into.
  const offset = size > 256n ? 128n : size / 2n;
  return textOf({ number: block.first + offset + BigInt(further), bits: block.bits });
}

/** Whether the engine asks for everything again after its own restart. */
export async function wantsReplay(trial: Trial): Promise<boolean> {
  const answer = await trial.send("IpamDriver.GetCapabilities");
  return answer.failure === undefined && fieldOf(answer.fields, "RequiresRequestReplay") === true;
}

/** A pool's subnet. */
export function textOfPool({ block }: TestPool): string {
  return `${textOf({ number: block.first, bits: block.bits })}/${block.prefix}`;
}

/** Throws where an address lies outside of its pool. */
export function needInside(address: Cidr, block: Cidr): void {
  if (holds(block, address)) return;
  throw new Violation(
    `the address ${textOf(address)} is not within the pool ${textOf({ ...block, number: block.first })}/${block.prefix}`,
  );
}

/** A subnet of IPv6 that nobody else has. */
export function freshSubnetV6(): string {
  const groups = randomBytes(6).toString("hex").match(/.{4}/g) ?? [];
  return `fd12:${groups.join(":")}::/64`;
}
