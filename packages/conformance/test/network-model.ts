// A network driver that keeps the rules, on a made-up host: its links are entries of a folder.
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { callOf } from "./fault.ts";
import type { Handlers } from "./model.ts";

/** An endpoint of the model. */
export interface ModelEndpoint {
  readonly network: string;
  joined: boolean;
}

/** What the model knows and has made. All of it outlives a restart, as if it were on a disk. */
export interface NetworkWorld extends Disposable {
  /** The root of the made-up host. */
  readonly root: string;
  readonly networks: Map<string, readonly string[]>;
  readonly endpoints: Map<string, ModelEndpoint>;
  /** Host ports, and the endpoint of each. */
  readonly ports: Map<number, string>;
  addLink(name: string): void;
  removeLink(name: string): void;
}

/** What the handlers of the model read of a request. */
export interface NetworkCall {
  readonly NetworkID: string;
  readonly EndpointID: string;
  readonly Options?: {
    readonly "com.docker.network.enable_ipv4"?: boolean;
    readonly "com.docker.network.endpoint.macaddress"?: string;
    readonly "com.docker.network.portmap"?: readonly { readonly HostPort: number }[];
  };
  readonly IPv4Data?: readonly { readonly Pool: string; readonly Gateway?: string }[];
  readonly IPv6Data?: readonly object[] | null;
  readonly Interface?: { readonly Address: string; readonly MacAddress: string };
}

/** Which of the models: that of local scope, or that of global scope. */
export type NetworkVariant = "local" | "global";

/** A host without links of the model's. */
export function createWorld(): NetworkWorld {
  const root = mkdtempSync(join(tmpdir(), "outrigger-network-"));
  const links = join(root, "sys", "class", "net");
  mkdirSync(join(links, "lo"), { recursive: true });
  return {
    root,
    networks: new Map(),
    endpoints: new Map(),
    ports: new Map(),
    addLink: (name) => void mkdirSync(join(links, name), { recursive: true }),
    removeLink: (name) => rmSync(join(links, name), { recursive: true, force: true }),
    [Symbol.dispose]: () => rmSync(root, { recursive: true }),
  };
}

/** The links of a network and of an endpoint. */
export const linkOf = {
  network: (id: string): string => `br-${id.slice(0, 12)}`,
  endpoint: (id: string): string => `ve-${id.slice(0, 12)}`,
};

/** The handlers of the model: a driver of local scope that names a gateway and publishes ports itself. */
export function networkHandlers(world: NetworkWorld): Handlers {
  const { networks, endpoints, ports } = world;
  const freePorts = (endpoint: string): void =>
    [...ports].filter(([, owner]) => owner === endpoint).forEach(([port]) => ports.delete(port));
  const dropEndpoint = (id: string): void => {
    freePorts(id);
    world.removeLink(linkOf.endpoint(id));
    endpoints.delete(id);
  };
  return {
    "Plugin.Activate": () => ({ Implements: ["NetworkDriver"] }),
    "NetworkDriver.GetCapabilities": () => ({ Scope: "local", ConnectivityScope: "local", GwAllocChecker: true }),
    "NetworkDriver.GwAllocCheck": () => ({ SkipIPv4: false, SkipIPv6: false }),
    "NetworkDriver.CreateNetwork": ({ NetworkID, IPv4Data }: NetworkCall) => {
      const odd = (IPv4Data ?? []).find(({ Gateway = "0/" }) => !/^[\d.]+\/\d*$/.test(Gateway));
      if (odd !== undefined) throw new Error(`"${odd.Gateway}" is no gateway; write it as 10.1.0.1/24`);
      networks.set(
        NetworkID,
        (IPv4Data ?? []).map(({ Gateway = "" }) => Gateway),
      );
      world.addLink(linkOf.network(NetworkID));
      return {};
    },
    "NetworkDriver.DeleteNetwork": ({ NetworkID }: NetworkCall) => {
      for (const [id, { network }] of endpoints) if (network === NetworkID) dropEndpoint(id);
      networks.delete(NetworkID);
      world.removeLink(linkOf.network(NetworkID));
      return {};
    },
    "NetworkDriver.CreateEndpoint": ({ NetworkID, EndpointID, Interface }: NetworkCall) => {
      if (!networks.has(NetworkID)) throw new Error(`no network ${NetworkID}`);
      if (Interface?.Address === "nonsense") throw new Error("no address nonsense");
      endpoints.set(EndpointID, { network: NetworkID, joined: false });
      const MacAddress = Interface?.MacAddress === "" ? "02:42:0a:00:00:01" : "";
      return { Interface: { Address: Interface?.Address === "" ? "10.1.0.9/24" : "", MacAddress } };
    },
    "NetworkDriver.EndpointOperInfo": ({ EndpointID }: NetworkCall) => {
      if (!endpoints.has(EndpointID)) throw new Error(`no endpoint ${EndpointID}`);
      return { Value: {} };
    },
    "NetworkDriver.Join": ({ NetworkID, EndpointID }: NetworkCall) => {
      const endpoint = endpoints.get(EndpointID);
      if (endpoint === undefined) throw new Error(`no endpoint ${EndpointID}`);
      endpoint.joined = true;
      world.addLink(linkOf.endpoint(EndpointID));
      return {
        InterfaceName: { SrcName: linkOf.endpoint(EndpointID), DstPrefix: "eth" },
        Gateway: networks.get(NetworkID)?.[0]?.split("/")[0] ?? "",
        StaticRoutes: [
          { Destination: "10.2.0.0/16", RouteType: 1 },
          { Destination: "10.3.0.0/16", RouteType: 0, NextHop: "198.18.0.1" },
        ],
        DisableGatewayService: false,
      };
    },
    "NetworkDriver.Leave": ({ EndpointID }: NetworkCall) => {
      freePorts(EndpointID);
      const endpoint = endpoints.get(EndpointID);
      if (endpoint !== undefined) endpoint.joined = false;
      return {};
    },
    "NetworkDriver.DeleteEndpoint": ({ EndpointID }: NetworkCall) => {
      dropEndpoint(EndpointID);
      return {};
    },
    "NetworkDriver.ProgramExternalConnectivity": ({ EndpointID, Options }: NetworkCall) => {
      for (const { HostPort } of Options?.["com.docker.network.portmap"] ?? []) {
        if ((ports.get(HostPort) ?? EndpointID) !== EndpointID) throw new Error(`host port ${HostPort} is taken`);
        ports.set(HostPort, EndpointID);
      }
      return {};
    },
    "NetworkDriver.RevokeExternalConnectivity": ({ EndpointID }: NetworkCall) => {
      freePorts(EndpointID);
      return {};
    },
    "NetworkDriver.DiscoverNew": () => ({}),
    "NetworkDriver.DiscoverDelete": () => ({}),
  };
}

/** What a driver of global scope has besides, or in place of it: no gateway, and networks of a swarm. */
export function globalHandlers(world: NetworkWorld): Handlers {
  const handlers = networkHandlers(world);
  return {
    ...handlers,
    "NetworkDriver.GetCapabilities": () => ({ Scope: "global" }),
    "NetworkDriver.Join": (request: NetworkCall) => {
      const reply = callOf(handlers, "NetworkDriver.Join")(request);
      return { ...reply, Gateway: "" };
    },
    "NetworkDriver.AllocateNetwork": ({ Options = {} }: { Options?: object }) => ({
      Options: { vni: "7", ...Options },
    }),
    "NetworkDriver.FreeNetwork": () => ({}),
  };
}
