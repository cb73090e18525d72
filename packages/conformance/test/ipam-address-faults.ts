// Address drivers that break one rule each about addresses and restarts, and the cases that have to find it.
import { setTimeout as wait } from "node:timers/promises";
import { textOf } from "../src/subnet.ts";
import { breaking, type Fault } from "./fault.ts";
import type { IpamCall, IpamVariant, IpamWorld } from "./ipam-model.ts";

const { method, refuse } = breaking<IpamWorld, IpamCall>("IpamDriver");
type Change = Pick<Fault<IpamWorld>, "change">;

/** What is wrong with addresses. */
export const ipamAddressFaults: readonly Fault<IpamWorld, IpamVariant>[] = [
  {
    title: "addresses with the prefix length of eight bits",
    breaks: ["IPM-20"],
    ...changeAddress((address) => address.replace(/\/\d+$/, "/8")),
  },
  { title: "the broadcast address given, also outside of a range", breaks: ["IPM-13", "IPM-21"], ...lastFirst() },
  {
    title: "another address than was wanted",
    breaks: "IPM-12 IPM-22 IPM-23 IPM-24 IPM-25 IPM-27 IPM-32 IPM-34 IPM-39 IPM-C01 IPM-C02 IPM-C03".split(" "),
    ...method("RequestAddress", ({ PoolID, Address }, usual) => (Address === "" ? usual() : { Address: PoolID })),
  },
  {
    title: "an address given twice where it is wanted",
    breaks: ["IPM-23", "IPM-39", "IPM-C01", "IPM-C02"],
    ...wantedTwice(),
  },
  {
    title: "an address outside of the pool given",
    breaks: ["IPM-24"],
    ...method("RequestAddress", ({ Address }, usual) =>
      Address.startsWith("203.") ? { Address: `${Address}/24` } : usual(),
    ),
  },
  {
    title: "Options of null refused",
    breaks: ["IPM-25"],
    ...refuse("RequestAddress", ({ Options }) => Options === null),
  },
  {
    title: "no gateway without a wanted one",
    breaks: ["IPM-26"],
    ...refuse("RequestAddress", ({ Address, Options }) => Options?.RequestAddressType !== undefined && Address === ""),
  },
  {
    title: "always the same gateway",
    breaks: ["IPM-27"],
    ...method("RequestAddress", ({ PoolID, Options }, usual) =>
      Options?.RequestAddressType === undefined ? usual() : { Address: PoolID.replace(/0\/24$/, "1/24") },
    ),
  },
  {
    title: "a container's name refused",
    breaks: ["IPM-28"],
    ...refuse("RequestAddress", ({ Options }) => Options?.["com.docker.network.endpoint.name"]),
  },
  {
    title: "a gateway refused that has no hardware address, which a replay has none of",
    variant: "replay",
    breaks: ["IPM-26", "IPM-27", "IPM-29", "IPM-37", "IPM-38"],
    ...refuse(
      "RequestAddress",
      ({ Options }) => Options?.RequestAddressType && !Options["com.docker.network.endpoint.macaddress"],
    ),
  },
  {
    title: "the last address again out of a full pool",
    breaks: ["IPM-30"],
    ...method("RequestAddress", ({ PoolID }, usual, world) => {
      const pool = world.pools.get(PoolID);
      return pool?.taken.size === 5 && pool.block.prefix === 29 ? { Address: `${[...pool.taken].at(-1)}/29` } : usual();
    }),
  },
  {
    title: "one address for two that ask at once, as before kill -9",
    breaks: ["IPM-31", "IPM-C02"],
    ...atOnceTheSame(),
  },
  {
    title: "addresses kept by ReleaseAddress",
    breaks: ["IPM-32", "IPM-C03"],
    ...method("ReleaseAddress", () => ({})),
  },
  {
    title: "ReleaseAddress of what is not out refused",
    breaks: ["IPM-33"],
    ...refuse("ReleaseAddress", ({ PoolID, Address }, world) => !world.pools.get(PoolID)?.taken.has(Address)),
  },
  {
    title: "an address of an unknown pool",
    breaks: ["IPM-40"],
    ...method("RequestAddress", ({ PoolID }, usual, world) =>
      world.pools.has(PoolID) ? usual() : { Address: "10.1.0.9/24" },
    ),
  },
  {
    title: "pools forgotten at a restart, as the cases see that restart",
    breaks: ["IPM-19", "IPM-39", "IPM-C01", "IPM-C02", "IPM-C03"],
    onRestart: (world) => world.pools.clear(),
  },
  {
    title: "addresses forgotten at a restart",
    breaks: ["IPM-39", "IPM-C01", "IPM-C02"],
    onRestart: (world) => world.pools.forEach(({ taken }) => taken.clear()),
  },
  {
    title: "what was given back out again after kill -9",
    breaks: ["IPM-C03"],
    ...rememberReleased(),
  },
  {
    title: "a pool refused that is asked for again",
    variant: "replay",
    breaks: ["IPM-37", "IPM-38"],
    ...refuse("RequestPool", ({ Pool }, world) => world.pools.has(Pool)),
  },
  {
    title: "a pool refused that is asked for again after a restart of the driver",
    variant: "replay",
    breaks: ["IPM-37"],
    ...refuseOld(),
  },
];

function changeAddress(change: (address: string) => string): Change {
  return method("RequestAddress", (_, usual) => {
    const reply = usual();
    return { Address: change("Address" in reply ? String(reply.Address) : "") };
  });
}

/** The last address before all others. */
function lastFirst(): Change {
  return method("RequestAddress", ({ PoolID, Address }, usual, world) => {
    const pool = world.pools.get(PoolID);
    if (Address !== "" || pool === undefined || pool.block.bits === 128) return usual();
    const last = textOf({ ...pool.block, number: pool.block.last });
    if (pool.taken.has(last)) return usual();
    pool.taken.add(last);
    return { Address: `${last}/${pool.block.prefix}` };
  });
}

function wantedTwice(): Change {
  return method("RequestAddress", ({ PoolID, Address }, usual, world) =>
    world.pools.get(PoolID)?.taken.has(Address) === true ? { Address: `${Address}/24` } : usual(),
  );
}

/** Looks for a free address, and takes it a while later. */
function atOnceTheSame(): Change {
  let asking = 0;
  let given: object | undefined;
  return method("RequestAddress", async ({ Address }, usual) => {
    if (Address !== "") return usual();
    asking += 1;
    await wait(20);
    try {
      return asking > 1 || given !== undefined ? (given ??= usual()) : usual();
    } finally {
      asking -= 1;
      if (asking === 0) given = undefined;
    }
  });
}

function rememberReleased(): Pick<Fault<IpamWorld>, "change" | "onRestart"> {
  const released = new Map<string, Set<string>>();
  return {
    ...method("ReleaseAddress", ({ PoolID, Address }, usual, world) => {
      if (world.pools.has(PoolID)) released.set(PoolID, (released.get(PoolID) ?? new Set()).add(Address));
      return usual();
    }),
    onRestart: (world, signal) => {
      if (signal !== "SIGKILL") return;
      for (const [id, addresses] of released) addresses.forEach((address) => world.pools.get(id)?.taken.add(address));
    },
  };
}

function refuseOld(): Pick<Fault<IpamWorld>, "change" | "onRestart"> {
  let old = new Set<string>();
  return {
    ...refuse("RequestPool", ({ Pool }, world) => old.has(Pool) && world.pools.has(Pool)),
    onRestart: (world) => {
      old = new Set(world.pools.keys());
    },
  };
}
