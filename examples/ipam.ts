// IPv4 addresses counted upwards: `docker network create --ipam-driver counting net`. Kept in memory.
import { isIPv4 } from "node:net";
import { definePlugin, serve } from "@outrigger/plugin";
import { RequestError } from "@outrigger/protocol";

/** A subnet as a number, how many addresses it has, and which are given out. */
interface Pool {
  readonly base: number;
  readonly size: number;
  readonly taken: Set<number>;
}

const pools = new Map<string, Pool>();

export const plugin = definePlugin({
  name: "counting",
  drivers: {
    IpamDriver: {
      getDefaultAddressSpaces: () => ({ LocalDefaultAddressSpace: "counting", GlobalDefaultAddressSpace: "counting" }),
      requestPool({ Pool, SubPool, V6 }) {
        if (V6) throw new RequestError("this driver has IPv4 pools only; leave out --ipv6");
        if (SubPool !== "") throw new RequestError("this driver hands out whole subnets; leave out --ip-range");
        const cidr = Pool === "" ? freeSubnet() : Pool;
        if (pools.has(cidr)) throw new RequestError(`subnet ${cidr} is taken; choose another --subnet`);
        pools.set(cidr, poolOf(cidr));
        return { PoolID: cidr, Pool: cidr };
      },
      releasePool({ PoolID }) {
        pools.delete(PoolID);
      },
      requestAddress({ PoolID, Address }) {
        const pool = pools.get(PoolID);
        if (pool === undefined)
          throw new RequestError(`there is no pool ${PoolID}; remove the network and make it again`);
        const address = Address === "" ? firstFree(pool) : toNumber(Address);
        if (address === undefined)
          throw new RequestError(`subnet ${PoolID} is full; remove a container or use a larger --subnet`);
        if (address < pool.base || address >= pool.base + pool.size)
          throw new RequestError(`${Address} is not in subnet ${PoolID}`);
        if (pool.taken.has(address)) throw new RequestError(`${Address} is taken; choose another --ip`);
        pool.taken.add(address);
        return { Address: `${toText(address)}${PoolID.slice(PoolID.indexOf("/"))}` };
      },
      releaseAddress({ PoolID, Address }) {
        pools.get(PoolID)?.taken.delete(toNumber(Address));
      },
    },
  },
});

/** The same request never gets a subnet that is out: the engine would repeat it for ever. */
function freeSubnet(): string {
  const third = Array.from({ length: 256 }, (_, index) => index).find((index) => !pools.has(`10.88.${index}.0/24`));
  if (third === undefined) throw new RequestError("all 256 subnets of 10.88.0.0/16 are taken; remove a network");
  return `10.88.${third}.0/24`;
}

function poolOf(cidr: string): Pool {
  const [network = "", prefix = ""] = cidr.split("/");
  if (!isIPv4(network) || !(Number(prefix) <= 30))
    throw new RequestError(`${cidr} is no IPv4 subnet of four addresses or more`);
  const size = 2 ** (32 - Number(prefix));
  return { base: Math.floor(toNumber(network) / size) * size, size, taken: new Set() };
}

/** Neither the network's own address nor its broadcast address. */
function firstFree({ base, size, taken }: Pool): number | undefined {
  for (let address = base + 1; address < base + size - 1; address++) if (!taken.has(address)) return address;
  return undefined;
}

function toNumber(address: string): number {
  return address.split(".").reduce((number, byte) => number * 256 + Number(byte), 0);
}

function toText(address: number): string {
  return [24, 16, 8, 0].map((shift) => Math.floor(address / 2 ** shift) % 256).join(".");
}

if (import.meta.main) await serve(plugin);
