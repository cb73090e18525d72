// IPM: what has to outlive restarts of the driver, of the engine, and kill -9.
import { brief } from "../brief.ts";
import type { ConformanceCase } from "../case.ts";
import { fieldOf } from "../json-field.ts";
import { textOf } from "../subnet.ts";
import type { Trial } from "../trial.ts";
import { Violation } from "../violation.ts";
import {
  addressRequest,
  asGateway,
  ipamRules,
  middleOf,
  readAddress,
  releaseAddress,
  releasePool,
  requestAddress,
  requestPool,
  somePool,
  wantsReplay,
  type TestPool,
} from "./ipam-steps.ts";

const request = "IpamDriver.RequestAddress";
const shared = { protocol: "IpamDriver", severity: "MUST", rule: ipamRules.controller } as const;
const atOnce = 20;

/** The cases about restarts and kill -9. */
export const ipamRestartCases: readonly ConformanceCase[] = [
  {
    ...shared,
    id: "IPM-19",
    rule: ipamRules.network,
    needs: ["restart"],
    title: "A PoolID holds over a restart of the driver: the engine keeps it for the network's life",
    judge: async (trial) => {
      const pool = await somePool(trial);
      await trial.restart("SIGTERM");
      await releaseAddress(trial, pool, await requestAddress(trial, pool));
      await releasePool(trial, pool);
      await requestPool(trial, pool.request);
    },
  },
  {
    ...shared,
    id: "IPM-37",
    needs: ["restart"],
    title:
      "With RequiresRequestReplay, pool, gateway and addresses can be asked for again after a restart of the driver",
    judge: async (trial) => {
      const { pool, taken } = await beforeReplay(trial);
      await trial.restart("SIGTERM");
      await replay(trial, pool, taken);
    },
  },
  {
    ...shared,
    id: "IPM-38",
    title:
      "With RequiresRequestReplay, pool, gateway and addresses can be asked for again after a restart of the engine alone",
    judge: async (trial) => {
      const { pool, taken } = await beforeReplay(trial);
      await replay(trial, pool, taken);
    },
  },
  {
    ...shared,
    id: "IPM-39",
    needs: ["restart"],
    title: "Without RequiresRequestReplay, addresses that are out stay out over a restart of the driver",
    judge: async (trial) => {
      await needMemory(trial);
      const pool = await somePool(trial);
      await requestAddress(trial, pool, { Address: middleOf(pool) });
      await trial.restart("SIGTERM");
      await trial.fails(request, addressRequest(pool, middleOf(pool)));
      // A pool that is forgotten refuses as well.
      await requestAddress(trial, pool);
    },
  },
  {
    ...shared,
    id: "IPM-C01",
    needs: ["restart", "chaos"],
    title: "Pools and addresses that were answered outlive kill -9",
    judge: async (trial) => {
      await needMemory(trial);
      const pool = await somePool(trial);
      await trial.restart("SIGKILL");
      await requestAddress(trial, pool, { Address: middleOf(pool) });
      await trial.restart("SIGKILL");
      await trial.fails(request, addressRequest(pool, middleOf(pool)));
      await requestAddress(trial, pool);
    },
  },
  {
    ...shared,
    id: "IPM-C02",
    needs: ["restart", "chaos"],
    title: "After kill -9 during RequestAddress no address that was answered is given again",
    judge: async (trial) => {
      await needMemory(trial);
      const pool = await somePool(trial);
      const asked = Array.from({ length: atOnce }, () => trial.send(request, addressRequest(pool)));
      const ends = Promise.allSettled(asked);
      await Promise.race(asked);
      await trial.restart("SIGKILL");
      const answered = (await ends).flatMap((one) => {
        if (one.status === "rejected" && !(one.reason instanceof Violation)) throw one.reason;
        return one.status === "fulfilled" && one.value.failure === undefined ? [readAddress(one.value.fields)] : [];
      });
      for (const address of answered) await trial.fails(request, addressRequest(pool, textOf(address)));
      const all = [...answered, await requestAddress(trial, pool)];
      const twice = all.find(({ number }, index) => all.findIndex((one) => one.number === number) < index);
      if (twice !== undefined) throw new Violation(`${textOf(twice)} was given before kill -9 and again after it`);
    },
  },
  {
    ...shared,
    id: "IPM-C03",
    severity: "SHOULD",
    rule: ipamRules.endpoint,
    needs: ["restart", "chaos"],
    title: "What was given back before kill -9 is free after it",
    judge: async (trial) => {
      const pool = await somePool(trial);
      const address = await requestAddress(trial, pool, { Address: middleOf(pool) });
      await releaseAddress(trial, pool, address);
      await trial.restart("SIGKILL");
      await requestAddress(trial, pool, { Address: textOf(address) });
      await releasePool(trial, pool);
      await trial.restart("SIGKILL");
      await requestPool(trial, pool.request);
    },
  },
];

/** The engine asks such a driver for everything again, so that it may forget. */
async function needMemory(trial: Trial): Promise<void> {
  if (await wantsReplay(trial)) trial.skip("with RequiresRequestReplay the engine asks again for what it has");
}

/** A network as the engine has it: a pool, its gateway, and two containers. */
async function beforeReplay(trial: Trial): Promise<{ pool: TestPool; taken: readonly string[] }> {
  if (!(await wantsReplay(trial))) trial.skip("the driver does not ask for RequiresRequestReplay");
  const pool = await somePool(trial);
  if (fieldOf(pool.reply, "Data", "com.docker.network.gateway") !== undefined)
    trial.skip("the driver chooses the gateway in RequestPool");
  const gateway = await requestAddress(trial, pool, { Options: asGateway });
  const containers = [await requestAddress(trial, pool), await requestAddress(trial, pool)];
  return { pool, taken: [gateway, ...containers].map(textOf) };
}

/** What the engine sends when it starts: the stored pool, its gateway, and each endpoint's address. */
async function replay(trial: Trial, pool: TestPool, [gateway = "", ...addresses]: readonly string[]): Promise<void> {
  const again = await requestPool(trial, pool.request);
  if (again.block.first !== pool.block.first || again.block.prefix !== pool.block.prefix)
    throw new Violation(`the pool that is asked for again is another: ${brief(fieldOf(again.reply, "Pool"))}`);
  await requestAddress(trial, again, { Address: gateway, Options: asGateway });
  for (const Address of addresses) await requestAddress(trial, again, { Address });
}
