// IPM: what an address driver says of itself, and how it refuses.
import { brief } from "../brief.ts";
import type { ConformanceCase } from "../case.ts";
import { fieldOf } from "../json-field.ts";
import { Violation } from "../violation.ts";
import { addressRequest, ipamRules, poolRequest, releasePool, somePool, wantedPool } from "./ipam-steps.ts";

const spaces = "IpamDriver.GetDefaultAddressSpaces";
const request = "IpamDriver.RequestPool";
const shared = { protocol: "IpamDriver", severity: "MUST", rule: ipamRules.network } as const;

/** The cases of capabilities and address spaces, and of requests that are to fail. */
export const ipamAnswerCases: readonly ConformanceCase[] = [
  {
    ...shared,
    id: "IPM-01",
    rule: ipamRules.api,
    title: "A failure has a status other than 200, or its text under Error: under Err it is taken for success",
    judge: async (trial) => {
      const pool = await somePool(trial);
      const wrong: readonly (readonly [string, object])[] = [
        ["IpamDriver.RequestAddress", { PoolID: trial.name("pool"), Address: "", Options: {} }],
        ["IpamDriver.RequestAddress", addressRequest(pool, "203.0.113.9")],
        [request, await poolRequest(trial, { Pool: "nonsense" })],
      ];
      for (const [method, body] of wrong) {
        const { status, fields, failure } = await trial.send(method, body);
        const text = fieldOf(fields, "Err");
        if (status === 200 && failure === undefined && typeof text === "string" && text !== "")
          throw new Violation(`${method} answered 200 with {"Err": ${brief(text)}}; this protocol's key is "Error"`);
      }
    },
  },
  {
    ...shared,
    id: "IPM-02",
    rule: ipamRules.remote,
    title: "GetCapabilities answers true and false, or fails where the driver has none",
    judge: async (trial) => {
      const { failure, fields, json } = await trial.send("IpamDriver.GetCapabilities");
      if (failure !== undefined) return;
      const odd = ["RequiresMACAddress", "RequiresRequestReplay"].find(
        (key) => !["undefined", "boolean"].includes(typeof fieldOf(fields, key)),
      );
      if (json === undefined)
        throw new Violation("GetCapabilities answered 200 with no JSON; the engine takes it for none");
      if (odd !== undefined)
        throw new Violation(
          `${odd} is ${brief(fieldOf(fields, odd))}; the engine cannot read the reply and takes it for none`,
        );
    },
  },
  {
    ...shared,
    id: "IPM-03",
    rule: ipamRules.remote,
    title: "GetDefaultAddressSpaces, which has no body, answers the names of two address spaces",
    judge: async (trial) => {
      const reply = await trial.ok(spaces);
      for (const key of spaceKeys) {
        const name = fieldOf(reply, key);
        if (typeof name !== "string" || name === "") throw new Violation(`${key} is ${brief(name)}; name one`);
      }
    },
  },
  {
    ...shared,
    id: "IPM-04",
    severity: "SHOULD",
    rule: ipamRules.remote,
    title: "GetDefaultAddressSpaces answers the same each time, within a second: engines ask twice for every network",
    judge: async (trial) => {
      const replies = [];
      for (let times = 0; times < 3; times++) {
        const { fields, reply } = await trial.send(spaces);
        replies.push(JSON.stringify(spaceKeys.map((key) => fieldOf(fields, key) ?? null)));
        if (reply.milliseconds > 1000) throw new Violation(`an answer took ${Math.round(reply.milliseconds)} ms`);
      }
      if (new Set(replies).size > 1) throw new Violation(`the names changed between calls: ${replies.join(", ")}`);
    },
  },
  {
    ...shared,
    id: "IPM-14",
    severity: "SHOULD",
    title: "RequestPool with a range outside of its subnet fails",
    judge: async (trial) => {
      const wanted = await wantedPool(trial);
      await trial.fails(request, { ...wanted, SubPool: "203.0.113.0/28" });
    },
  },
  {
    ...shared,
    id: "IPM-15",
    severity: "SHOULD",
    rule: ipamRules.remote,
    title: "RequestPool of what is no subnet fails, and the driver goes on",
    judge: async (trial) => {
      for (const Pool of ["nonsense", "300.1.1.0/24", "198.18.7.0/99"]) {
        await trial.fails(request, await poolRequest(trial, { Pool }));
      }
      await trial.ok(spaces);
    },
  },
  {
    ...shared,
    id: "IPM-16",
    severity: "MAY",
    rule: ipamRules.remote,
    title: "RequestPool in an unknown address space fails",
    judge: async (trial) => {
      const wanted = await wantedPool(trial);
      await trial.fails(request, { ...wanted, AddressSpace: trial.name("space") });
    },
  },
  {
    ...shared,
    id: "IPM-43",
    rule: ipamRules.client,
    title: "RequestPool with an empty body, as the engine sends it again after a lost connection, fails",
    judge: async (trial) => {
      const { failure, fields } = await trial.send(request);
      if (failure !== undefined) return;
      const PoolID = fieldOf(fields, "PoolID");
      if (typeof PoolID === "string" && PoolID !== "") await releasePool(trial, { PoolID });
      throw new Violation(`RequestPool without a body got ${brief(fields)}; answer 400, or a pool is lost each time`);
    },
  },
];

const spaceKeys = ["LocalDefaultAddressSpace", "GlobalDefaultAddressSpace"] as const;
