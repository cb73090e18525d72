// IPM: pools by their subnet.
import { brief } from "../brief.ts";
import type { ConformanceCase } from "../case.ts";
import { fieldOf } from "../json-field.ts";
import { holds, readCidr, readIp, textOf } from "../subnet.ts";
import { Violation } from "../violation.ts";
import {
  addressRequest,
  ipamRules,
  middleOf,
  needInside,
  releasePool,
  requestAddress,
  requestPool,
  somePool,
  tryPool,
  wantedPool,
  wantsReplay,
  textOfPool,
} from "./ipam-steps.ts";

const shared = { protocol: "IpamDriver", severity: "MUST", rule: ipamRules.network } as const;

/** The cases of pools with a wanted subnet. */
export const ipamPoolCases: readonly ConformanceCase[] = [
  {
    ...shared,
    id: "IPM-05",
    rule: ipamRules.remote,
    title: "RequestPool of a subnet answers a PoolID and the pool with prefix length",
    judge: async (trial) => void (await somePool(trial)),
  },
  {
    ...shared,
    id: "IPM-06",
    severity: "SHOULD",
    title: "RequestPool of a subnet answers that subnet",
    judge: async (trial) => {
      const pool = await somePool(trial);
      const wanted = readCidr(pool.request.Pool);
      if (wanted?.first === pool.block.first && wanted.prefix === pool.block.prefix) return;
      throw new Violation(`for ${pool.request.Pool} the pool ${brief(fieldOf(pool.reply, "Pool"))} was answered`);
    },
  },
  {
    ...shared,
    id: "IPM-07",
    title: "RequestPool succeeds with Options as an empty object and as null",
    judge: async (trial) => {
      const wanted = await wantedPool(trial);
      if (trial.setting.options !== undefined) trial.skip("its pools need options");
      for (const Options of [{}, null]) await releasePool(trial, await requestPool(trial, { ...wanted, Options }));
    },
  },
  {
    ...shared,
    id: "IPM-12",
    severity: "SHOULD",
    title: "A subnet that is asked for twice is refused, or stays out until both are given back",
    judge: async (trial) => {
      if (await wantsReplay(trial)) trial.skip("with RequiresRequestReplay the engine asks again for what it has");
      const first = await somePool(trial);
      const taken = middleOf(first);
      await requestAddress(trial, first, { Address: taken });
      const second = await tryPool(trial, first.request);
      if (typeof second === "string") return;
      await releasePool(trial, second);
      await requestAddress(trial, first);
      await trial.fails("IpamDriver.RequestAddress", addressRequest(first, taken));
    },
  },
  {
    ...shared,
    id: "IPM-13",
    severity: "SHOULD",
    title: "Addresses come out of the range that RequestPool was given",
    judge: async (trial) => {
      const wanted = await wantedPool(trial);
      const SubPool = rangeIn(wanted.Pool);
      const pool = await tryPool(trial, { ...wanted, SubPool });
      if (typeof pool === "string") return trial.skip(`the driver takes no --ip-range: ${pool}`);
      const range = readCidr(SubPool);
      for (let times = 0; times < 3; times++) {
        const address = await requestAddress(trial, pool);
        if (range !== undefined && !holds(range, address))
          throw new Violation(`the address ${textOf(address)} is not within --ip-range ${SubPool}`);
      }
    },
  },
  {
    ...shared,
    id: "IPM-17",
    title: "A gateway that RequestPool chooses lies in the pool and has a prefix length",
    judge: async (trial) => {
      const pool = await somePool(trial);
      const value = fieldOf(pool.reply, "Data", "com.docker.network.gateway");
      if (value === undefined) return;
      const gateway = readCidr(value);
      if (gateway === undefined) throw new Violation(`the gateway is ${brief(value)}; write it as 198.18.7.1/24`);
      needInside(gateway, pool.block);
    },
  },
  {
    ...shared,
    id: "IPM-18",
    title: "Two pools have two PoolIDs",
    judge: async (trial) => {
      const first = await somePool(trial);
      const second = await requestPool(trial, await wantedPool(trial));
      if (first.PoolID === second.PoolID)
        throw new Violation(
          `the pool ${textOfPool(first)} and the pool ${textOfPool(second)} are both called ${brief(first.PoolID)}`,
        );
    },
  },
  {
    ...shared,
    id: "IPM-34",
    severity: "SHOULD",
    title: "ReleasePool with addresses still out frees them all",
    judge: async (trial) => {
      const pool = await somePool(trial);
      const taken = [middleOf(pool), middleOf(pool, 1)];
      for (const Address of taken) await requestAddress(trial, pool, { Address });
      await releasePool(trial, pool);
      const again = await requestPool(trial, pool.request);
      for (const Address of taken) await requestAddress(trial, again, { Address });
    },
  },
  {
    ...shared,
    id: "IPM-35",
    severity: "SHOULD",
    title: "ReleasePool of an unknown pool, or a second time, succeeds",
    judge: async (trial) => {
      await releasePool(trial, { PoolID: trial.name("pool") });
      const pool = await somePool(trial);
      for (let times = 0; times < 2; times++) await releasePool(trial, pool);
    },
  },
  {
    ...shared,
    id: "IPM-36",
    title: "A subnet that was given back can be asked for again",
    judge: async (trial) => {
      const pool = await somePool(trial);
      await releasePool(trial, pool);
      await requestPool(trial, pool.request);
    },
  },
];

/** A quarter of a subnet, not the first one. */
function rangeIn(pool: string): string {
  const block = readCidr(pool);
  const network = readIp(pool.split("/")[0]);
  if (block === undefined || network === undefined) return "";
  const quarter = (block.last - block.first + 1n) / 4n;
  return `${textOf({ number: block.first + quarter, bits: block.bits })}/${block.prefix + 2}`;
}
