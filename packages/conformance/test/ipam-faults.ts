// Address drivers that break one rule each, and the cases that have to find it.
import { readCidr } from "../src/subnet.ts";
import { breaking, callOf, together, type Fault } from "./fault.ts";
import type { IpamCall, IpamVariant, IpamWorld } from "./ipam-model.ts";

const { method, reply, refuse, alternate } = breaking<IpamWorld, IpamCall>("IpamDriver");
type Change = Pick<Fault<IpamWorld>, "change">;

/** What is wrong with what a driver says of itself, and with pools. */
export const ipamPoolFaults: readonly Fault<IpamWorld, IpamVariant>[] = [
  {
    title: "failures under Err in a 200 reply, which all look like success",
    breaks: "IPM-01 IPM-11 IPM-12 IPM-14 IPM-15 IPM-16 IPM-23 IPM-24 IPM-30 IPM-39 IPM-40 IPM-43 IPM-C01 IPM-C02".split(
      " ",
    ),
    ...inSuccess("Err"),
  },
  {
    title: "a capability as a text",
    breaks: ["IPM-02"],
    ...reply("GetCapabilities", { RequiresMACAddress: "yes" }),
  },
  {
    title: "an address space without a name",
    breaks: ["IPM-03"],
    ...reply("GetDefaultAddressSpaces", { GlobalDefaultAddressSpace: "" }),
  },
  {
    title: "address spaces that change their names",
    breaks: ["IPM-04"],
    ...alternate("GetDefaultAddressSpaces", [
      { LocalDefaultAddressSpace: "here", GlobalDefaultAddressSpace: "all" },
      { LocalDefaultAddressSpace: "here", GlobalDefaultAddressSpace: "world" },
    ]),
  },
  {
    title: "no pool at all, which leaves the cases that need none or take a refusal",
    spares: ["IPM-02", "IPM-03", "IPM-04", "IPM-09", "IPM-15", "IPM-40", "IPM-43"],
    ...refuse("RequestPool", () => true),
  },
  {
    title: "a smaller pool than was wanted",
    breaks: ["IPM-06"],
    ...changeRequest(({ Pool }) => ({ Pool: Pool?.replace("/24", "/25") })),
  },
  {
    title: "Options of null refused",
    breaks: ["IPM-07"],
    ...refuse("RequestPool", ({ Options }) => Options === null),
  },
  {
    title: "an IPv6 pool where IPv4 was wanted",
    breaks: ["IPM-08"],
    ...changeRequest(({ Pool, V6 }) => ({ V6: V6 || Pool === "" })),
  },
  {
    title: "an IPv4 pool where IPv6 was wanted",
    breaks: ["IPM-09"],
    ...changeRequest(({ Pool, V6 }) => ({ V6: V6 && Pool !== "" })),
  },
  { title: "the same pool each time, so that there is never an end", breaks: ["IPM-10", "IPM-11"], ...samePool() },
  { title: "the first pool again after the last", breaks: ["IPM-11"], ...firstPoolAgain() },
  { title: "a pool given twice and lost with the first ReleasePool", breaks: ["IPM-12"], ...twiceAndLost() },
  {
    title: "the range ignored",
    breaks: ["IPM-13"],
    ...method("RequestPool", (request, usual, world) => {
      const reply = usual();
      const pool = world.pools.get(request.Pool);
      if (pool !== undefined) world.pools.set(request.Pool, { ...pool, range: pool.block });
      return reply;
    }),
  },
  {
    title: "a range outside of the subnet taken",
    breaks: ["IPM-14"],
    ...method("RequestPool", (request, usual) =>
      request.SubPool.startsWith("203.") ? poolReply(request.Pool) : usual(),
    ),
  },
  {
    title: "any text taken for a subnet",
    breaks: ["IPM-15"],
    ...method("RequestPool", (request, usual) =>
      !request.Pool || readCidr(request.Pool) !== undefined ? usual() : poolReply("10.99.0.0/24"),
    ),
  },
  {
    title: "an unknown address space taken",
    breaks: ["IPM-16"],
    ...method("RequestPool", (request, usual) =>
      Object.keys(request).length === 0 || request.AddressSpace === "here" ? usual() : poolReply(request.Pool),
    ),
  },
  {
    title: "a chosen gateway without prefix length, and outside of the pool",
    variant: "gateway",
    breaks: ["IPM-17"],
    ...reply("RequestPool", { Data: { "com.docker.network.gateway": "10.1.0.1" } }),
  },
  {
    title: "a chosen gateway outside of the pool",
    variant: "gateway",
    breaks: ["IPM-17"],
    ...reply("RequestPool", { Data: { "com.docker.network.gateway": "10.1.0.1/24" } }),
  },
  {
    title: "one PoolID for all",
    breaks: ["IPM-18"],
    ...onePoolId(),
  },
  {
    title: "addresses kept by ReleasePool",
    breaks: ["IPM-34"],
    ...keepAddresses(),
  },
  {
    title: "ReleasePool of an unknown pool refused",
    breaks: ["IPM-35"],
    ...refuse("ReleasePool", ({ PoolID }, world) => !world.pools.has(PoolID)),
  },
  {
    title: "pools kept by ReleasePool, by all who ask for them again",
    breaks: ["IPM-07", "IPM-19", "IPM-34", "IPM-36", "IPM-C03"],
    ...method("ReleasePool", () => ({})),
  },
  {
    title: "the first address of an IPv6 pool given",
    breaks: ["IPM-41"],
    ...method("RequestAddress", ({ PoolID, Address }, usual) =>
      PoolID.includes(":") && Address === "" ? { Address: PoolID } : usual(),
    ),
  },
  {
    title: "no addresses in a pool of 0.0.0.0/0",
    variant: "null",
    breaks: ["IPM-42"],
    ...method("RequestAddress", ({ PoolID }, usual) => (PoolID === "null" ? { Address: "" } : usual())),
  },
  {
    title: "a pool for an empty body",
    breaks: ["IPM-43"],
    ...method("RequestPool", (request, usual) =>
      Object.keys(request).length === 0 ? poolReply("10.99.0.0/24") : usual(),
    ),
  },
];

function poolReply(cidr: string): object {
  return { PoolID: cidr, Pool: cidr };
}

/** Turns what the model throws into an answer. */
export function inSuccess(key: "Err" | "Error"): Change {
  return {
    change: (handlers) =>
      Object.fromEntries(
        Object.keys(handlers).map((name) => [
          name,
          (request: IpamCall) => {
            try {
              return callOf(handlers, name)(request);
            } catch (error) {
              return { [key]: error instanceof Error ? error.message : String(error) };
            }
          },
        ]),
      ),
  };
}

/** Has the model answer another request than was sent. */
function changeRequest(changes: (request: Partial<IpamCall>) => object): Change {
  return method("RequestPool", (request, usual) => {
    Object.assign(request, changes(request));
    return usual();
  });
}

function samePool(): Change {
  return method("RequestPool", ({ Pool, V6 }, usual) => (Pool === "" && !V6 ? poolReply("10.99.0.0/24") : usual()));
}

function firstPoolAgain(): Change {
  return method("RequestPool", ({ Pool, V6 }, usual, world) =>
    Pool === "" && !V6 && world.pools.size >= 12 ? poolReply("10.88.0.0/24") : usual(),
  );
}

function twiceAndLost(): Change {
  return method("RequestPool", ({ Pool }, usual, world) => (world.pools.has(Pool) ? poolReply(Pool) : usual()));
}

function onePoolId(): Change {
  return together(
    method("RequestPool", ({ Pool }, usual, world) => {
      const reply = usual();
      const given = world.pools.get("Pool" in reply ? String(reply.Pool) : Pool);
      if (given !== undefined) world.pools.set("pool", given);
      return { ...reply, PoolID: "pool" };
    }),
    method("ReleasePool", (_request, _usual, world) => {
      const given = world.pools.get("pool");
      for (const [id, pool] of world.pools) if (pool === given) world.pools.delete(id);
      return {};
    }),
  );
}

function keepAddresses(): Change {
  const kept = new Map<string, ReadonlySet<string>>();
  return together(
    method("ReleasePool", ({ PoolID }, usual, world) => {
      kept.set(PoolID, world.pools.get(PoolID)?.taken ?? new Set());
      return usual();
    }),
    method("RequestPool", ({ Pool }, usual, world) => {
      const reply = usual();
      kept.get(Pool)?.forEach((address) => world.pools.get(Pool)?.taken.add(address));
      return reply;
    }),
  );
}
