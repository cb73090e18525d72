// Addresses counted upwards, IPv4 and IPv6: `docker network create --ipam-driver counting net`. What is given out is on
// the disk before the engine hears of it, for the engine asks once and counts on it after every restart.
import { isIPv4, isIPv6 } from "node:net";
import { join } from "node:path";
import { definePlugin, definePluginModule, type Driver } from "@outrigger/plugin";
import { RequestError, type ipamDriver } from "@outrigger/protocol";
import { openStore, type Store } from "@outrigger/store";

export const plugin = definePluginModule({
  name: "counting",
  doc: "Addresses counted upwards.",
  options: { root: { type: "path", default: "/var/lib/counting", doc: "Where it is kept what is given out." } },
  async open({ root }, { name }) {
    const store = openStore({ file: join(root, "state.db") });
    return {
      ...definePlugin({ name, drivers: { IpamDriver: createDriver(store) } }),
      [Symbol.asyncDispose]: () => store[Symbol.asyncDispose](),
    };
  },
});

/** A block of addresses; one of IPv4 has 32 bits, one of IPv6 128. */
interface Subnet {
  readonly first: bigint;
  readonly last: bigint;
  readonly prefix: number;
  readonly bits: 32 | 128;
}

/** A subnet that is out, the part of it that is handed out, and what of it is taken. */
interface Pool {
  readonly subnet: Subnet;
  readonly range: Subnet;
  readonly taken: Set<bigint>;
}

const space = "counting";

function createDriver(store: Store): Driver<typeof ipamDriver> {
  // Written by this plugin alone, in this shape.
  const ranges = store.table("pools", (value) => value as { range: string });
  const addresses = store.table("addresses", (value) => value as { pool: string; address: string });
  const pools = new Map<string, Pool>(
    ranges.entries().map(([id, { range }]) => [id, { subnet: toSubnet(id), range: toSubnet(range), taken: new Set() }]),
  );
  for (const [, { pool, address }] of addresses.entries()) pools.get(pool)?.taken.add(toNumber(address));

  return {
    getCapabilities: () => ({ RequiresMACAddress: false, RequiresRequestReplay: false }),
    getDefaultAddressSpaces: () => ({ LocalDefaultAddressSpace: space, GlobalDefaultAddressSpace: space }),
    requestPool({ AddressSpace, Pool, SubPool, Options, V6 }) {
      if (AddressSpace !== space) throw new RequestError(`there is no address space "${AddressSpace}"; use "${space}"`);
      const option = Object.keys(Options ?? {}).find((name) => !name.startsWith("com.docker."));
      if (option !== undefined) throw new RequestError(`unknown option "${option}"; leave out --ipam-opt`);
      const subnet = Pool === "" ? freeSubnet(pools, V6) : toSubnet(Pool);
      if (V6 !== (subnet.bits === 128))
        throw new RequestError(`${Pool} is not of the wanted IP version; change --subnet`);
      const range = SubPool === "" ? subnet : toSubnet(SubPool);
      if (!contains(subnet, range)) throw new RequestError(`${SubPool} is not within ${Pool}; change --ip-range`);
      const rival = rivalOf(pools, subnet);
      if (rival !== undefined) throw new RequestError(`subnet ${toCidr(subnet)} overlaps ${rival}; change --subnet`);
      const id = toCidr(subnet);
      ranges.set(id, { range: toCidr(range) });
      pools.set(id, { subnet, range, taken: new Set() });
      return { PoolID: id, Pool: id };
    },
    releasePool({ PoolID }) {
      const pool = pools.get(PoolID);
      if (pool === undefined) return;
      store.transaction(() => {
        for (const address of pool.taken) addresses.delete(keyOf(PoolID, toText(address, pool.subnet.bits)));
        ranges.delete(PoolID);
      });
      pools.delete(PoolID);
    },
    requestAddress({ PoolID, Address }) {
      const pool = pools.get(PoolID);
      if (pool === undefined)
        throw new RequestError(`there is no pool ${PoolID}; remove the network and make it again`);
      const number = Address === "" ? firstFree(pool) : wanted(pool, Address);
      if (number === undefined)
        throw new RequestError(`subnet ${PoolID} is full; remove a container or use a larger --subnet`);
      const address = toText(number, pool.subnet.bits);
      addresses.set(keyOf(PoolID, address), { pool: PoolID, address });
      pool.taken.add(number);
      return { Address: `${address}/${pool.subnet.prefix}` };
    },
    releaseAddress({ PoolID, Address }) {
      const pool = pools.get(PoolID);
      if (pool === undefined || !isAddress(Address) || !pool.taken.has(toNumber(Address))) return;
      addresses.delete(keyOf(PoolID, toText(toNumber(Address), pool.subnet.bits)));
      pool.taken.delete(toNumber(Address));
    },
  };
}

function keyOf(pool: string, address: string): string {
  return `${pool} ${address}`;
}

/** Never one that is out, or the engine, which refuses what overlaps a route of the host, would repeat it for ever. */
function freeSubnet(pools: ReadonlyMap<string, Pool>, v6: boolean): Subnet {
  for (let index = 0; index < 256; index++) {
    const cidr = v6 ? `fd88:0:0:${index.toString(16)}::/64` : `10.88.${index}.0/24`;
    if (!pools.has(cidr) && rivalOf(pools, toSubnet(cidr)) === undefined) return toSubnet(cidr);
  }
  throw new RequestError("all 256 subnets of this driver are taken; remove a network");
}

/** The id of a pool that has some of the same addresses. */
function rivalOf(pools: ReadonlyMap<string, Pool>, subnet: Subnet): string | undefined {
  for (const [id, pool] of pools) if (contains(pool.subnet, subnet) || contains(subnet, pool.subnet)) return id;
  return undefined;
}

function wanted({ subnet, taken }: Pool, text: string): bigint {
  const number = isAddress(text) && isIPv4(text) === (subnet.bits === 32) ? toNumber(text) : -1n;
  if (number <= subnet.first || number > lastUsable(subnet))
    throw new RequestError(`${text} is no address for a container in subnet ${toCidr(subnet)}; choose another --ip`);
  if (taken.has(number)) throw new RequestError(`${text} is taken; choose another --ip`);
  return number;
}

function firstFree({ subnet, range, taken }: Pool): bigint | undefined {
  const last = range.last < lastUsable(subnet) ? range.last : lastUsable(subnet);
  for (let number = range.first > subnet.first ? range.first : subnet.first + 1n; number <= last; number++)
    if (!taken.has(number)) return number;
  return undefined;
}

/** The last one of IPv4 is for broadcasts. */
function lastUsable({ last, bits }: Subnet): bigint {
  return bits === 32 ? last - 1n : last;
}

function contains(outer: Subnet, inner: Subnet): boolean {
  return outer.bits === inner.bits && outer.first <= inner.first && inner.last <= outer.last;
}

function toSubnet(cidr: string): Subnet {
  const [address = "", length = ""] = cidr.split("/");
  const bits = isIPv4(address) ? 32 : 128;
  const prefix = /^\d{1,3}$/.test(length) ? Number(length) : 0;
  if (!isAddress(address) || prefix < 1 || prefix > bits - 2 || cidr.split("/").length !== 2)
    throw new RequestError(`"${cidr}" is no subnet of four addresses or more; write it as 10.1.0.0/24 or fd01::/64`);
  const size = 1n << BigInt(bits - prefix);
  const first = toNumber(address);
  if (first % size !== 0n)
    throw new RequestError(`${cidr} begins within its subnet; write ${toText(first - (first % size), bits)}/${prefix}`);
  return { first, last: first + size - 1n, prefix, bits };
}

function toCidr({ first, prefix, bits }: Subnet): string {
  return `${toText(first, bits)}/${prefix}`;
}

function isAddress(text: string): boolean {
  return isIPv4(text) || (isIPv6(text) && !text.includes("%"));
}

function toNumber(address: string): bigint {
  if (isIPv4(address)) return address.split(".").reduce((sum, byte) => sum * 256n + BigInt(byte), 0n);
  const [head = "", tail] = canonical(address).split("::");
  const groups = [head, tail ?? ""].map((side) => side.split(":").filter((group) => group !== ""));
  const zeros = Array.from({ length: 8 - groups.flat().length }, () => "0");
  return [...(groups[0] ?? []), ...zeros, ...(groups[1] ?? [])].reduce(
    (sum, group) => sum * 65536n + BigInt(`0x${group}`),
    0n,
  );
}

function toText(number: bigint, bits: 32 | 128): string {
  if (bits === 32) return [24n, 16n, 8n, 0n].map((shift) => (number >> shift) & 255n).join(".");
  return canonical(
    Array.from({ length: 8 }, (_, index) => ((number >> BigInt(112 - 16 * index)) & 65535n).toString(16)).join(":"),
  );
}

/** The URL parser writes an IPv6 address in one way only, without dots. */
function canonical(address: string): string {
  return new URL(`http://[${address}]`).hostname.slice(1, -1);
}
