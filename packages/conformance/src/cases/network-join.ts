// NET: containers that join and leave.
import { brief } from "../brief.ts";
import type { ConformanceCase } from "../case.ts";
import { fieldOf, isObject, type JsonObject } from "../json-field.ts";
import { holds, readCidr, readIp, type Cidr } from "../subnet.ts";
import type { Trial } from "../trial.ts";
import { Violation } from "../violation.ts";
import {
  createEndpoint,
  createNetwork,
  endpointRequest,
  join,
  joinedEndpoint,
  joinRequest,
  keyOf,
  linksAsBefore,
  linksOf,
  networkRules,
} from "./network-steps.ts";

const leave = "NetworkDriver.Leave";
const shared = { protocol: "NetworkDriver", severity: "MUST", rule: networkRules.driver } as const;

/** The cases of Join and Leave. */
export const networkJoinCases: readonly ConformanceCase[] = [
  {
    ...shared,
    id: "NET-34",
    rule: networkRules.sandbox,
    title: "Join succeeds although the sandbox does not exist yet, as with engines up to 27",
    judge: async (trial) => void (await joinedEndpoint(trial)),
  },
  {
    ...shared,
    id: "NET-35",
    rule: networkRules.sandbox,
    needs: ["links"],
    title: "The link that Join names is on the plugin's host when Join answers",
    judge: async (trial) => {
      const name = sourceOf((await joinedEndpoint(trial)).reply) ?? noLink(trial);
      if ((await linksOf(trial))?.has(name) === true) return;
      throw new Violation(`SrcName is "${name}", and the host has no such link; make it before Join is answered`);
    },
  },
  {
    ...shared,
    id: "NET-36",
    rule: networkRules.sandbox,
    title: "Each endpoint's link has a name of its own of at most 15 bytes",
    judge: async (trial) => {
      const network = await createNetwork(trial);
      const names: string[] = [];
      for (const host of [2, 3]) {
        names.push(sourceOf(await join(trial, await createEndpoint(trial, network, host))) ?? noLink(trial));
      }
      const odd = names.find((name) => Buffer.byteLength(name) > 15 || /[\s/]/.test(name));
      if (odd !== undefined)
        throw new Violation(`SrcName is "${odd}"; a link's name has at most 15 bytes, no blank and no /`);
      if (names[0] === names[1]) throw new Violation(`both endpoints of a network got the link "${names[0]}"`);
    },
  },
  {
    ...shared,
    id: "NET-37",
    severity: "SHOULD",
    rule: networkRules.sandbox,
    title: "Join names the beginning of the link's name inside the container",
    judge: async (trial) => {
      const { reply } = await joinedEndpoint(trial);
      if (sourceOf(reply) === undefined) noLink(trial);
      const prefix = fieldOf(reply, "InterfaceName", "DstPrefix");
      if (typeof prefix === "string" && prefix !== "") return;
      throw new Violation(`DstPrefix is ${brief(prefix)}; name one such as "eth", to which the engine adds a number`);
    },
  },
  {
    ...shared,
    id: "NET-38",
    title: "Gateway and GatewayIPv6 are addresses without prefix length",
    judge: async (trial) => {
      const { reply } = await joinedEndpoint(trial);
      for (const key of ["Gateway", "GatewayIPv6"]) {
        const value = fieldOf(reply, key) ?? "";
        if (value !== "" && readIp(value) === undefined)
          throw new Violation(`${key} is ${brief(value)}; write it as 198.18.7.1, without prefix length`);
      }
    },
  },
  {
    ...shared,
    id: "NET-39",
    rule: networkRules.sandbox,
    title: "The gateway lies in the endpoint's subnet, or a route of type 1 leads to it",
    judge: async (trial) => {
      const request = endpointRequest(trial, await createNetwork(trial));
      const made = await trial.ok("NetworkDriver.CreateEndpoint", request);
      const reply = await join(trial, request);
      const reachable = onLink(reply, [fieldOf(request.Interface, "Address"), fieldOf(made, "Interface", "Address")]);
      const gateway = readIp(fieldOf(reply, "Gateway"));
      if (gateway !== undefined && !reachable.some((block) => holds(block, gateway)))
        throw new Violation(
          `Gateway is ${brief(fieldOf(reply, "Gateway"))}, and the endpoint has the address ${brief(fieldOf(request.Interface, "Address"))}; choose one of the subnet, or add a static route of type 1 to it`,
        );
    },
  },
  {
    ...shared,
    id: "NET-40",
    title: "A static route has a destination with prefix length, and type 0 with a next hop or type 1 without",
    judge: async (trial) => {
      for (const route of routesOf((await joinedEndpoint(trial)).reply)) {
        const [type, hop] = [fieldOf(route, "RouteType"), fieldOf(route, "NextHop") ?? ""];
        const shown = `the static route ${brief(route)}`;
        if (readCidr(fieldOf(route, "Destination")) === undefined)
          throw new Violation(`${shown} has no destination such as 198.18.9.0/24`);
        // Go reads a missing number as 0.
        if (type !== undefined && type !== 0 && type !== 1)
          throw new Violation(`${shown} has a RouteType other than 0, through a next hop, and 1, on the link`);
        if (type === 1 ? hop !== "" : readIp(hop) === undefined)
          throw new Violation(`${shown} has to have a NextHop for RouteType 0, and none for RouteType 1`);
      }
    },
  },
  {
    ...shared,
    id: "NET-41",
    severity: "MAY",
    rule: networkRules.gateway,
    title: "DisableGatewayService, which spares a container without gateway the engine's second link, is true or false",
    judge: async (trial) => {
      const value = fieldOf((await joinedEndpoint(trial)).reply, "DisableGatewayService");
      if (value === undefined || typeof value === "boolean") return;
      throw new Violation(
        `DisableGatewayService is ${brief(value)}; the engine cannot read the reply, and the container does not start`,
      );
    },
  },
  {
    ...shared,
    id: "NET-42",
    severity: "SHOULD",
    title: "Join of an unknown endpoint fails",
    judge: async (trial) => {
      const endpoint = { NetworkID: (await createNetwork(trial)).id, EndpointID: trial.id() };
      await trial.fails("NetworkDriver.Join", joinRequest(trial, endpoint));
    },
  },
  {
    ...shared,
    id: "NET-43",
    severity: "SHOULD",
    rule: networkRules.endpoint,
    needs: ["links"],
    title: "After a Join that failed, Leave succeeds and DeleteEndpoint takes everything away",
    judge: async (trial) => {
      const network = await createNetwork(trial);
      const before = await linksOf(trial);
      const joined = await createEndpoint(trial, network);
      await join(trial, joined);
      // A second sandbox for the one, and an endpoint that is not there: what is refused, and what is not, is undone.
      const absent = { ...joined, EndpointID: trial.id() };
      for (const endpoint of [joined, absent]) await trial.send("NetworkDriver.Join", joinRequest(trial, endpoint));
      for (const endpoint of [joined, absent]) {
        await trial.ok(leave, keyOf(endpoint));
        await trial.ok("NetworkDriver.DeleteEndpoint", keyOf(endpoint));
      }
      await linksAsBefore(trial, before, "Leave and DeleteEndpoint");
    },
  },
  {
    ...shared,
    id: "NET-44",
    severity: "SHOULD",
    rule: networkRules.endpoint,
    title: "Leave twice in a row succeeds: the engine sends it twice when a start fails",
    judge: async (trial) => {
      const { endpoint } = await joinedEndpoint(trial);
      for (let times = 0; times < 2; times++) await trial.ok(leave, endpoint);
    },
  },
  {
    ...shared,
    id: "NET-45",
    severity: "SHOULD",
    rule: networkRules.endpoint,
    title: "Leave of an unknown endpoint is answered, and the driver goes on",
    judge: async (trial) => {
      const network = await createNetwork(trial);
      await trial.send(leave, { NetworkID: network.id, EndpointID: trial.id() });
      await trial.send(leave, { NetworkID: trial.id(), EndpointID: trial.id() });
      await createEndpoint(trial, network);
    },
  },
  {
    ...shared,
    id: "NET-46",
    severity: "SHOULD",
    rule: networkRules.endpoint,
    title: "An endpoint that left can join again",
    judge: async (trial) => {
      const { endpoint, reply } = await joinedEndpoint(trial);
      await trial.ok(leave, endpoint);
      const again = await join(trial, endpoint);
      if ((sourceOf(reply) === undefined) === (sourceOf(again) === undefined)) return;
      throw new Violation(
        `the first Join named the link ${brief(sourceOf(reply))}, the second ${brief(sourceOf(again))}`,
      );
    },
  },
];

/** The link that Join names; undefined where it names none. */
function sourceOf(reply: JsonObject): string | undefined {
  const name = fieldOf(reply, "InterfaceName", "SrcName") ?? "";
  if (typeof name !== "string") throw new Violation(`SrcName is ${brief(name)}; it has to be a text`);
  return name === "" ? undefined : name;
}

function noLink(trial: Trial): never {
  return trial.skip("the driver gives containers no link");
}

function routesOf(reply: JsonObject): readonly unknown[] {
  const routes = fieldOf(reply, "StaticRoutes") ?? [];
  if (!Array.isArray(routes) || !routes.every(isObject))
    throw new Violation(`StaticRoutes is ${brief(routes)}; it has to be a list of routes`);
  return routes;
}

/** What a container reaches without a gateway: its own subnets, and what routes of type 1 name. */
function onLink(reply: JsonObject, addresses: readonly unknown[]): readonly Cidr[] {
  const routes = routesOf(reply).filter((route) => fieldOf(route, "RouteType") === 1);
  const blocks = [...addresses, ...routes.map((route) => fieldOf(route, "Destination"))].map(readCidr);
  return blocks.filter((block) => block !== undefined);
}
