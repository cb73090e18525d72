// IPM: addresses out of a pool.
import type { ConformanceCase } from "../case.ts";
import { fieldOf } from "../json-field.ts";
import { readCidr, textOf, type Cidr } from "../subnet.ts";
import type { Trial } from "../trial.ts";
import { Violation } from "../violation.ts";
import { atOnce } from "./at-once.ts";
import {
  addressRequest,
  asGateway,
  ipamRules,
  middleOf,
  needInside,
  poolRequest,
  readAddress,
  releaseAddress,
  requestAddress,
  somePool,
  tryPool,
  wantedPool,
  wantsReplay,
  type TestPool,
} from "./ipam-steps.ts";

const request = "IpamDriver.RequestAddress";
const release = "IpamDriver.ReleaseAddress";
const shared = { protocol: "IpamDriver", severity: "MUST", rule: ipamRules.endpoint } as const;
const mostAddresses = 300;
const many = 50;

/** The cases of RequestAddress and ReleaseAddress. */
export const ipamAddressCases: readonly ConformanceCase[] = [
  {
    ...shared,
    id: "IPM-20",
    rule: ipamRules.remote,
    title:
      "RequestAddress without a wanted one answers an address with the pool's prefix length, or that of a single host",
    judge: async (trial) => {
      const pool = await somePool(trial);
      const { prefix, bits } = await requestAddress(trial, pool);
      if (prefix !== pool.block.prefix && prefix !== bits)
        throw new Violation(
          `the address has the prefix length ${prefix}, and its pool ${pool.block.prefix}; it becomes the container's mask`,
        );
    },
  },
  {
    ...shared,
    id: "IPM-21",
    severity: "SHOULD",
    rule: ipamRules.network,
    title: "An address lies in its pool, and is neither its first nor, in IPv4, its last",
    judge: async (trial) => {
      const pool = await somePool(trial);
      for (let times = 0; times < 3; times++) {
        const address = await requestAddress(trial, pool);
        needInside(address, pool.block);
        const { number } = address;
        if (number === pool.block.first || (address.bits === 32 && number === pool.block.last))
          throw new Violation(`${textOf(address)} stands for the whole subnet, and no container can use it`);
      }
    },
  },
  {
    ...shared,
    id: "IPM-22",
    title: "RequestAddress of a free address gives exactly that one",
    judge: async (trial) => {
      const pool = await somePool(trial);
      await requestAddress(trial, pool, { Address: middleOf(pool) });
    },
  },
  {
    ...shared,
    id: "IPM-23",
    title: "RequestAddress of an address that is out fails",
    judge: async (trial) => {
      // Such a driver cannot always tell a second wish from the engine's asking again.
      if (await wantsReplay(trial)) trial.skip("with RequiresRequestReplay the engine asks again for what it has");
      const pool = await somePool(trial);
      const Address = middleOf(pool);
      await requestAddress(trial, pool, { Address });
      await trial.fails(request, addressRequest(pool, Address));
    },
  },
  {
    ...shared,
    id: "IPM-24",
    severity: "SHOULD",
    title: "RequestAddress of an address outside of the pool fails",
    judge: async (trial) => void (await trial.fails(request, addressRequest(await somePool(trial), "203.0.113.9"))),
  },
  {
    ...shared,
    id: "IPM-25",
    rule: ipamRules.network,
    title: "RequestAddress succeeds with Options null, as for auxiliary addresses",
    judge: async (trial) => {
      const pool = await somePool(trial);
      await requestAddress(trial, pool, { Address: middleOf(pool), Options: null });
    },
  },
  {
    ...shared,
    id: "IPM-26",
    rule: ipamRules.network,
    title: "RequestAddress for the gateway succeeds without a wanted one",
    judge: async (trial) => {
      const pool = await somePool(trial);
      if (hasGateway(pool)) trial.skip("the driver chooses the gateway in RequestPool, so that the engine never asks");
      needInside(await requestAddress(trial, pool, { Options: asGateway }), pool.block);
    },
  },
  {
    ...shared,
    id: "IPM-27",
    rule: ipamRules.network,
    title: "RequestAddress for the gateway gives exactly the wanted one",
    judge: async (trial) => {
      const pool = await somePool(trial);
      await requestAddress(trial, pool, { Address: middleOf(pool), Options: asGateway });
    },
  },
  {
    ...shared,
    id: "IPM-28",
    title: "The options with a hardware address, a container's name and a serial order do no harm",
    judge: async (trial) => {
      const pool = await somePool(trial);
      const all: readonly Readonly<Record<string, string>>[] = [
        { "com.docker.network.endpoint.macaddress": "02:42:c6:12:07:09" },
        { "com.docker.network.endpoint.name": "web" },
        { "com.docker.network.ipam.serial": "true" },
      ];
      for (const Options of all) await requestAddress(trial, pool, { Options });
    },
  },
  {
    ...shared,
    id: "IPM-29",
    rule: ipamRules.network,
    title: "A driver that requires hardware addresses gives a gateway without one",
    judge: async (trial) => {
      const capabilities = await trial.send("IpamDriver.GetCapabilities");
      const requires =
        capabilities.failure === undefined && fieldOf(capabilities.fields, "RequiresMACAddress") === true;
      if (!requires) trial.skip("the driver does not require hardware addresses");
      await requestAddress(trial, await somePool(trial), { Options: asGateway });
    },
  },
  {
    ...shared,
    id: "IPM-30",
    title: "RequestAddress fails when the pool is full, and gives none again",
    judge: async (trial) => {
      const pool = await smallPool(trial);
      const given = new Set<bigint>();
      while (given.size < mostAddresses) {
        const answer = await trial.send(request, addressRequest(pool));
        if (answer.failure !== undefined) break;
        const address = readAddress(answer.fields);
        if (given.has(address.number))
          throw new Violation(
            `after ${given.size} addresses ${textOf(address)} was given again, though it is still out`,
          );
        given.add(address.number);
      }
      if (given.size === mostAddresses)
        trial.skip(`the pool gave ${mostAddresses} addresses, and more were not asked for`);
      if (given.size === 0) throw new Violation("the pool is full before its first address");
    },
  },
  {
    ...shared,
    id: "IPM-31",
    title: `${many} addresses asked for at once are all different`,
    judge: async (trial) => {
      const pool = await somePool(trial);
      const addresses = await atOnce(many, () => requestAddress(trial, pool));
      const twice = addresses.find(({ number }, index) => addresses.findIndex((one) => one.number === number) < index);
      if (twice !== undefined) throw new Violation(`${textOf(twice)} was given to two that asked at the same time`);
    },
  },
  {
    ...shared,
    id: "IPM-32",
    title: "An address that was given back can be asked for again, as when a container with --ip is restarted",
    judge: async (trial) => {
      const pool = await somePool(trial);
      const address = await requestAddress(trial, pool, { Address: middleOf(pool) });
      await releaseAddress(trial, pool, address);
      await requestAddress(trial, pool, { Address: textOf(address) });
    },
  },
  {
    ...shared,
    id: "IPM-33",
    severity: "SHOULD",
    rule: ipamRules.network,
    title: "ReleaseAddress of what is not out, or a second time, succeeds, also for a gateway out of RequestPool",
    judge: async (trial) => {
      const pool = await somePool(trial);
      await trial.ok(release, { PoolID: pool.PoolID, Address: middleOf(pool, 1) });
      await trial.ok(release, { PoolID: trial.name("pool"), Address: middleOf(pool) });
      const address = await requestAddress(trial, pool);
      for (let times = 0; times < 2; times++) await releaseAddress(trial, pool, address);
      const gateway = readCidr(fieldOf(pool.reply, "Data", "com.docker.network.gateway"));
      if (gateway !== undefined) await releaseAddress(trial, pool, gateway);
    },
  },
  {
    ...shared,
    id: "IPM-40",
    severity: "SHOULD",
    rule: ipamRules.remote,
    title: "RequestAddress of an unknown pool fails",
    judge: async (trial) => void (await trial.fails(request, { PoolID: trial.name("pool"), Address: "", Options: {} })),
  },
];

function hasGateway(pool: TestPool): boolean {
  return fieldOf(pool.reply, "Data", "com.docker.network.gateway") !== undefined;
}

/** Eight addresses, where the driver gives so few. */
async function smallPool(trial: Trial): Promise<TestPool> {
  const wanted = await wantedPool(trial);
  const block: Cidr | undefined = readCidr(wanted.Pool);
  const network = block && textOf({ number: block.first, bits: block.bits });
  const small = await tryPool(trial, await poolRequest(trial, { Pool: `${network}/29` }));
  return typeof small === "string" ? somePool(trial) : small;
}
