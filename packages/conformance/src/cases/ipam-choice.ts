// IPM: pools that the driver chooses.
import type { ConformanceCase } from "../case.ts";
import { textOf } from "../subnet.ts";
import type { Trial } from "../trial.ts";
import { Violation } from "../violation.ts";
import {
  freshSubnetV6,
  ipamRules,
  needInside,
  poolRequest,
  requestAddress,
  tryPool,
  textOfPool,
  type TestPool,
} from "./ipam-steps.ts";

const shared = { protocol: "IpamDriver", severity: "MUST", rule: ipamRules.network } as const;
/** So many pools are asked for until a driver has no more. */
const mostPools = 300;

/** The cases of pools without a wanted subnet, and of IPv6. */
export const ipamChoiceCases: readonly ConformanceCase[] = [
  {
    ...shared,
    id: "IPM-08",
    title: "Without a wanted subnet RequestPool gives an IPv4 pool, or refuses with a text",
    judge: async (trial) => {
      const pool = await freePool(trial);
      if (pool.block.bits !== 32)
        throw new Violation(`an IPv4 pool was wanted, and the pool ${textOfPool(pool)} was answered`);
    },
  },
  {
    ...shared,
    id: "IPM-09",
    title: "Without a wanted subnet RequestPool with V6 gives an IPv6 pool, or fails",
    judge: async (trial) => {
      const pool = await tryPool(trial, await poolRequest(trial, { V6: true }));
      if (typeof pool !== "string" && pool.block.bits !== 128)
        throw new Violation(`an IPv6 pool was wanted, and the pool ${textOfPool(pool)} was answered`);
    },
  },
  {
    ...shared,
    id: "IPM-10",
    rule: ipamRules.remote,
    title:
      "RequestPool twice without a wanted subnet gives two pools: the engine repeats it until one does not overlap a route",
    judge: async (trial) => {
      const first = await ownPool(trial);
      const second = await tryPool(trial, first.request);
      if (typeof second !== "string" && textOfPool(first) === textOfPool(second))
        throw new Violation(
          `the pool ${textOfPool(first)} was given twice, though the first is still out; the engine asks for ever`,
        );
    },
  },
  {
    ...shared,
    id: "IPM-11",
    rule: ipamRules.remote,
    title: "RequestPool fails when there are no more pools, and gives none again",
    judge: async (trial) => {
      const first = await ownPool(trial);
      const given = new Set([textOfPool(first)]);
      while (given.size < mostPools) {
        const pool = await tryPool(trial, first.request);
        if (typeof pool === "string") return;
        if (given.has(textOfPool(pool)))
          throw new Violation(
            `after ${given.size} pools the pool ${textOfPool(pool)} was given again, though it is still out; fail instead`,
          );
        given.add(textOfPool(pool));
      }
      trial.skip(`the driver gave ${mostPools} pools, and more were not asked for`);
    },
  },
  {
    ...shared,
    id: "IPM-41",
    severity: "SHOULD",
    title: "Addresses of an IPv6 pool lie in it, and none is its first",
    judge: async (trial) => {
      const pool = await v6Pool(trial);
      for (let times = 0; times < 2; times++) {
        const address = await requestAddress(trial, pool);
        needInside(address, pool.block);
        if (address.number === pool.block.first)
          throw new Violation(`${textOf(address)}, the first address of the pool, is for the routers of the subnet`);
      }
    },
  },
  {
    ...shared,
    id: "IPM-42",
    rule: ipamRules.remote,
    title: "A driver that answers 0.0.0.0/0 for a pool answers addresses all the same",
    judge: async (trial) => {
      const pool = await freePool(trial);
      if (pool.block.prefix !== 0) trial.skip("the driver has pools of its own");
      await requestAddress(trial, pool);
    },
  },
];

/** A pool without a wanted subnet; a driver may leave the choice to its users. */
async function freePool(trial: Trial): Promise<TestPool> {
  const pool = await tryPool(trial, await poolRequest(trial));
  return typeof pool === "string" ? trial.skip(`the driver chooses no pool: ${pool}`) : pool;
}

async function ownPool(trial: Trial): Promise<TestPool> {
  const pool = await freePool(trial);
  if (pool.block.prefix === 0) trial.skip("the driver has no pools of its own: it answered 0.0.0.0/0");
  return pool;
}

async function v6Pool(trial: Trial): Promise<TestPool> {
  const pool = await tryPool(trial, await poolRequest(trial, { Pool: freshSubnetV6(), V6: true }));
  if (typeof pool === "string") return trial.skip(`the driver has no IPv6: ${pool}`);
  return pool.block.bits === 128 ? pool : trial.skip(`the driver has no IPv6: it answered ${textOfPool(pool)}`);
}
