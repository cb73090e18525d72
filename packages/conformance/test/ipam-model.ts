// An address driver that keeps the rules. What it gave outlives a restart, as if it were on a disk.
import { holds, readCidr, readIp, textOf, type Cidr } from "../src/subnet.ts";
import type { Handlers } from "./model.ts";

/** A pool that is out. */
export interface ModelPool {
  readonly block: Cidr;
  readonly range: Cidr;
  readonly taken: Set<string>;
}

/** What the model has given. */
export interface IpamWorld {
  readonly pools: Map<string, ModelPool>;
}

/** What the handlers of the model read of a request. */
export interface IpamCall {
  readonly AddressSpace: string;
  readonly Pool: string;
  readonly SubPool: string;
  readonly V6: boolean;
  readonly PoolID: string;
  readonly Address: string;
  readonly Options: Readonly<Record<string, string>> | null;
}

/** Which of the models: one that remembers, one that the engine tells again, one that names gateways, one without pools. */
export type IpamVariant = "plain" | "replay" | "gateway" | "null";

/** So many pools of its own has the model. */
const ownPools = 12;
const gatewayKey = "com.docker.network.gateway";

/** The handlers of a model. */
export function ipamHandlers({ pools }: IpamWorld, variant: IpamVariant = "plain"): Handlers {
  const replay = variant === "replay";
  const poolOf = (id: string): ModelPool => {
    const pool = pools.get(id);
    if (pool === undefined) throw new Error(`no pool ${id}`);
    return pool;
  };
  return {
    "Plugin.Activate": () => ({ Implements: ["IpamDriver"] }),
    "IpamDriver.GetCapabilities": () => ({ RequiresMACAddress: replay, RequiresRequestReplay: replay }),
    "IpamDriver.GetDefaultAddressSpaces": () => ({
      LocalDefaultAddressSpace: "here",
      GlobalDefaultAddressSpace: "all",
    }),
    "IpamDriver.RequestPool": ({ AddressSpace, Pool, SubPool, V6 }: IpamCall) => {
      if (AddressSpace !== "here") throw new Error(`no address space ${AddressSpace}`);
      if (variant === "null" && V6) throw new Error("no IPv6");
      if (variant === "null" && (Pool === "" || readCidr(Pool) !== undefined))
        return { PoolID: "null", Pool: "0.0.0.0/0" };
      const cidr = Pool === "" ? freePool(pools, V6) : Pool;
      const block = readCidr(cidr);
      const range = SubPool === "" ? block : readCidr(SubPool);
      if (block === undefined || range === undefined || block.bits !== (V6 ? 128 : 32)) throw new Error(`no ${cidr}`);
      if (!holds(block, range)) throw new Error(`${SubPool} is not in ${cidr}`);
      if (pools.has(cidr) && !(replay && Pool !== "")) throw new Error(`${cidr} is out`);
      if (!pools.has(cidr)) pools.set(cidr, { block, range, taken: new Set() });
      const first = textOf({ ...block, number: block.first + 1n });
      const Data = variant === "gateway" ? { [gatewayKey]: `${first}/${block.prefix}` } : {};
      return { PoolID: cidr, Pool: cidr, Data };
    },
    "IpamDriver.ReleasePool": ({ PoolID }: IpamCall) => {
      pools.delete(PoolID);
      return {};
    },
    "IpamDriver.RequestAddress": ({ PoolID, Address }: IpamCall) => {
      if (variant === "null" && PoolID === "null") return { Address: "192.0.2.7/32" };
      const pool = poolOf(PoolID);
      const address = Address === "" ? freeAddress(pool) : Address;
      const ip = readIp(address);
      if (ip === undefined || !holds(pool.block, ip)) throw new Error(`${address} is not in ${PoolID}`);
      // One that is told again what it gave cannot tell that from a second wish.
      if (pool.taken.has(textOf(ip)) && !replay) throw new Error(`${address} is out`);
      pool.taken.add(textOf(ip));
      return { Address: `${address}/${pool.block.prefix}` };
    },
    "IpamDriver.ReleaseAddress": ({ PoolID, Address }: IpamCall) => {
      const ip = readIp(Address);
      if (ip !== undefined) pools.get(PoolID)?.taken.delete(textOf(ip));
      return {};
    },
  };
}

function freePool(pools: ReadonlyMap<string, ModelPool>, v6: boolean): string {
  const all = Array.from({ length: ownPools }, (_, index) => (v6 ? `fd88:0:0:${index}::/64` : `10.88.${index}.0/24`));
  const free = all.find((cidr) => !pools.has(cidr));
  if (free === undefined) throw new Error("all pools are out");
  return free;
}

function freeAddress({ range, block, taken }: ModelPool): string {
  for (let number = range.first; number <= range.last; number++) {
    const text = textOf({ ...block, number });
    const ofAll = number === block.first || number === block.last;
    // The second is for a gateway.
    if (!ofAll && number !== block.first + 1n && !taken.has(text)) return text;
  }
  throw new Error("the pool is full");
}
