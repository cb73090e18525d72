// Network drivers that break one rule each about networks and endpoints, and the cases that have to find it.
import { breaking, together, type Fault } from "./fault.ts";
import type { Intercept } from "./model.ts";
import { linkOf, type NetworkCall, type NetworkVariant, type NetworkWorld } from "./network-model.ts";

const { method, reply, refuse, alternate, refuseMutely, hangUp } = breaking<NetworkWorld, NetworkCall>("NetworkDriver");

/** What is wrong with what a driver says of itself, and with its networks. */
export const networkFaults: readonly Fault<NetworkWorld, NetworkVariant>[] = [
  // NET-57 is about drivers whose scope is local, and is skipped.
  { title: "a scope in capitals", breaks: ["NET-01"], ...reply("GetCapabilities", { Scope: "Local" }) },
  {
    title: "an unknown scope of connectivity",
    breaks: ["NET-02"],
    ...reply("GetCapabilities", { ConnectivityScope: "node" }),
  },
  {
    title: "a scope of connectivity that comes and goes",
    breaks: ["NET-03"],
    ...alternate("GetCapabilities", [{ Scope: "local" }, { Scope: "local", ConnectivityScope: "local" }]),
  },
  {
    title: "GwAllocCheck announced and not there, so that neither of its cases gets an answer",
    breaks: ["NET-04", "NET-05"],
    ...refuse("GwAllocCheck", () => true),
  },
  { title: "GwAllocCheck that answers a text", breaks: ["NET-04"], ...reply("GwAllocCheck", { SkipIPv4: "no" }) },
  {
    title: "GwAllocCheck that changes its mind",
    breaks: ["NET-05"],
    ...alternate("GwAllocCheck", [{ SkipIPv4: true }, { SkipIPv4: false }]),
  },
  {
    title: "no network at all, which leaves the cases that need none or take a refusal",
    spares: [
      "NET-01",
      "NET-02",
      "NET-03",
      "NET-04",
      "NET-10",
      "NET-11",
      "NET-13",
      "NET-14",
      "NET-29",
      "NET-56",
      "NET-57",
    ],
    ...refuse("CreateNetwork", () => true),
  },
  {
    title: "enable_ipv4 refused",
    breaks: ["NET-07"],
    ...refuse("CreateNetwork", ({ Options }) => Options?.["com.docker.network.enable_ipv4"] === true),
  },
  {
    title: "an unknown option refused without a text",
    breaks: ["NET-08"],
    ...refuseMutely("CreateNetwork", (body) => body.includes("org.outrigger.unknown")),
  },
  {
    title: "IPv6Data of null refused",
    breaks: ["NET-09"],
    ...refuse("CreateNetwork", ({ IPv6Data }) => IPv6Data === null),
  },
  {
    title: "a network without IPv4 refused without a text",
    breaks: ["NET-10"],
    ...refuseMutely("CreateNetwork", (body) => body.includes('"IPv4Data":[]')),
  },
  {
    title: "a pool without a gateway refused without a text",
    breaks: ["NET-11"],
    ...refuseMutely("CreateNetwork", (body) => !/"Gateway"|"IPv4Data":\[\]/.test(body)),
  },
  {
    title: "auxiliary addresses refused",
    breaks: ["NET-12"],
    ...refuse("CreateNetwork", ({ IPv4Data }) => IPv4Data?.some((data) => "AuxAddresses" in data)),
  },
  {
    title: "several pools refused without a text",
    breaks: ["NET-13"],
    ...refuseMutely("CreateNetwork", (body) => body.split('"Pool"').length > 2),
  },
  {
    title: "a bridge left by a refused CreateNetwork",
    breaks: ["NET-14"],
    ...method("CreateNetwork", ({ NetworkID, IPv4Data }, usual, world) => {
      if (IPv4Data?.[0]?.Gateway === "nonsense") world.addLink(linkOf.network(NetworkID));
      return usual();
    }),
  },
  {
    title: "a second bridge for the same network",
    breaks: ["NET-15"],
    ...method("CreateNetwork", ({ NetworkID }, usual, world) => {
      if (world.networks.has(NetworkID)) world.addLink(`again-${NetworkID.slice(0, 8)}`);
      return usual();
    }),
  },
  { title: "an overlapping pool refused without a text", breaks: ["NET-16"], intercept: refuseOverlap() },
  {
    title: "the bridge left by DeleteNetwork, as all cases see that delete one",
    breaks: ["NET-15", "NET-19", "NET-21", "NET-64", "NET-C02"],
    slow: true,
    ...method("DeleteNetwork", ({ NetworkID }, usual, world) => {
      const reply = usual();
      world.addLink(linkOf.network(NetworkID));
      return reply;
    }),
  },
  {
    title: "DeleteNetwork of an unknown network refused",
    breaks: ["NET-20"],
    ...refuse("DeleteNetwork", ({ NetworkID }, world) => !world.networks.has(NetworkID)),
  },
  {
    title: "endpoints left by DeleteNetwork",
    breaks: ["NET-21"],
    ...method("DeleteNetwork", ({ NetworkID }, _, world) => {
      world.networks.delete(NetworkID);
      world.removeLink(linkOf.network(NetworkID));
      return {};
    }),
  },
  {
    title: "the address of the request answered",
    breaks: ["NET-22"],
    ...method("CreateEndpoint", ({ Interface }, usual) => {
      usual();
      return { Interface: { Address: Interface?.Address ?? "" } };
    }),
  },
  {
    title: "the hardware address of the request answered",
    breaks: ["NET-23"],
    ...method("CreateEndpoint", ({ Interface }, usual) => {
      usual();
      return { Interface: { MacAddress: Interface?.MacAddress ?? "" } };
    }),
  },
  {
    title: "a chosen address without prefix length",
    breaks: ["NET-24"],
    ...method("CreateEndpoint", ({ Interface }, usual) => {
      usual();
      return { Interface: { Address: Interface?.Address === "" ? "10.1.0.9" : "" } };
    }),
  },
  {
    title: "a chosen hardware address of single digits",
    breaks: ["NET-25"],
    ...method("CreateEndpoint", ({ Interface }, usual) => {
      usual();
      return { Interface: { MacAddress: Interface?.MacAddress === "" ? "2:42:a:0:0:1" : "" } };
    }),
  },
  {
    title: "the option with a hardware address refused",
    breaks: ["NET-26"],
    ...refuse("CreateEndpoint", ({ Options }) => Options?.["com.docker.network.endpoint.macaddress"]),
  },
  {
    title: "host port 0 refused",
    breaks: ["NET-27"],
    ...refuse("CreateEndpoint", ({ Options }) =>
      Options?.["com.docker.network.portmap"]?.some(({ HostPort }) => HostPort === 0),
    ),
  },
  {
    title: "a driver option that ends the connection",
    breaks: ["NET-28"],
    ...hangUp("CreateEndpoint", (body) => body.includes("org.outrigger.unknown")),
  },
  {
    title: "endpoints of unknown networks made",
    breaks: ["NET-29"],
    ...method("CreateEndpoint", ({ NetworkID }, usual, world) => (world.networks.has(NetworkID) ? usual() : {})),
  },
  {
    title: "a second link for the same endpoint",
    breaks: ["NET-30"],
    ...method("CreateEndpoint", ({ EndpointID }, usual, world) => {
      if (world.endpoints.has(EndpointID)) world.addLink(`again-${EndpointID.slice(0, 8)}`);
      return usual();
    }),
  },
  {
    title: "a link left by a refused CreateEndpoint",
    breaks: ["NET-31"],
    ...method("CreateEndpoint", ({ EndpointID, Interface }, usual, world) => {
      if (Interface?.Address === "nonsense") world.addLink(linkOf.endpoint(EndpointID));
      return usual();
    }),
  },
  { title: "a list for an endpoint's facts", breaks: ["NET-32"], ...reply("EndpointOperInfo", { Value: [] }) },
  {
    title: "facts of joined endpoints only",
    breaks: ["NET-33"],
    ...refuse("EndpointOperInfo", ({ EndpointID }, world) => world.endpoints.get(EndpointID)?.joined !== true),
  },
  {
    title: "the link left by DeleteEndpoint, as all cases see that delete one that joined",
    breaks: ["NET-43", "NET-47", "NET-64", "NET-65", "NET-C03"],
    slow: true,
    ...method("DeleteEndpoint", ({ EndpointID }, _, world) => {
      world.endpoints.delete(EndpointID);
      return {};
    }),
  },
  {
    title: "no DeleteEndpoint of what has never joined, as other cases have it as well",
    breaks: ["NET-15", "NET-30", "NET-48", "NET-49", "NET-C03"],
    ...neverJoined(),
  },
  {
    title: "DeleteEndpoint of an unknown endpoint refused, as after a refused Join",
    breaks: ["NET-43", "NET-49"],
    ...refuse("DeleteEndpoint", ({ EndpointID }, world) => !world.endpoints.has(EndpointID)),
  },
];

/** Refuses a pool that is in use. */
function refuseOverlap(): Intercept {
  const pools = new Map<string, string>();
  return (incoming, response, body) => {
    const pool = /"Pool":"([^"]+)"/.exec(body.toString())?.[1];
    const id = /"NetworkID":"([^"]+)"/.exec(body.toString())?.[1] ?? "";
    if (incoming.url === "/NetworkDriver.DeleteNetwork") pools.delete(id);
    if (incoming.url !== "/NetworkDriver.CreateNetwork" || pool === undefined) return false;
    const taken = [...pools].some(([other, one]) => one === pool && other !== id);
    if (taken) response.writeHead(500).end();
    else pools.set(id, pool);
    return taken;
  };
}

function neverJoined(): Pick<Fault<NetworkWorld>, "change"> {
  const joined = new Set<string>();
  return together(
    method("Join", ({ EndpointID }, usual) => {
      joined.add(EndpointID);
      return usual();
    }),
    refuse("DeleteEndpoint", ({ EndpointID }, world) => world.endpoints.has(EndpointID) && !joined.has(EndpointID)),
  );
}
