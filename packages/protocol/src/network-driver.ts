import { defineProtocol } from "./descriptor.ts";
import { endpointOptions, externalOptions, networkOptions, ports } from "./network-options.ts";

const api = "moby/moby daemon/libnetwork/drivers/remote/api/api.go";
const driver = "moby/moby daemon/libnetwork/drivers/remote/driver.go";

const networkId = {
  type: "string",
  nonEmpty: true,
  doc: "64 hexadecimal digits for a network of one host, 25 characters of base 36 for a swarm network.",
} as const;

const endpointId = {
  type: "string",
  nonEmpty: true,
  doc: "64 hexadecimal digits, new at every container start.",
} as const;

const scope = { type: "string", oneOf: ["local", "global"] } as const;

const ipamData = {
  type: "list",
  of: {
    type: "object",
    fields: {
      AddressSpace: { type: "string", doc: "The address space the pool came from; empty in AllocateNetwork." },
      Pool: { type: "string", optional: true, doc: "The network's subnet, with prefix length." },
      Gateway: { type: "string", optional: true, doc: "The gateway's address, with prefix length." },
      AuxAddresses: {
        type: "map",
        of: { type: "string" },
        optional: true,
        doc: "`--aux-address` names and their addresses, with prefix length.",
      },
    },
  },
  optional: true,
} as const;

const ipv4Data = { ...ipamData, doc: "One entry per IPv4 pool; empty when the network has no IPv4." } as const;
const ipv6Data = { ...ipamData, doc: "One entry per IPv6 pool; an empty list or null without IPv6." } as const;

const endpoint = { NetworkID: networkId, EndpointID: endpointId } as const;

const discovery = {
  DiscoveryType: { type: "integer", doc: "1: a node." },
  DiscoveryData: {
    type: "object",
    open: true,
    optional: true,
    fields: {
      Address: { type: "string", optional: true, doc: "The node's address." },
      BindAddress: { type: "string", optional: true, doc: "Its bind address; empty for other nodes." },
      Self: { type: "boolean", optional: true, doc: "It is this node." },
    },
    doc: "The node.",
  },
} as const;

/** Networks: the driver makes links, the engine moves them into containers. */
export const networkDriver = defineProtocol({
  name: "NetworkDriver",
  managedType: "docker.networkdriver/1.0",
  errorKey: "Err",
  doc: "Networks and the links that join containers to them. The engine never repeats CreateNetwork after a restart and never asks again after a failed Leave or Delete, so a driver keeps its own records and cleans up hard.",
  methods: {
    getCapabilities: {
      path: "NetworkDriver.GetCapabilities",
      doc: "Scope of the driver, asked right after activation. A wrong scope leaves the driver unregistered until the engine restarts.",
      request: {},
      emptyBody: "nothing",
      reply: {
        Scope: { ...scope, doc: "`local`: networks of this host; `global`: swarm networks." },
        ConnectivityScope: {
          ...scope,
          oneOf: ["", "local", "global"],
          optional: true,
          since: "17.06",
          doc: "How far endpoints reach each other; the scope where left out. `global` drivers hear of other nodes.",
        },
        GwAllocChecker: {
          type: "boolean",
          optional: true,
          since: "28.0",
          doc: "The driver answers GwAllocCheck.",
        },
      },
      since: "1.9",
      source: driver,
    },
    gwAllocCheck: {
      path: "NetworkDriver.GwAllocCheck",
      doc: "Whether a network with these options needs no gateway address. Keeps no state: the network may never be made.",
      request: { Options: { ...networkOptions, doc: "As in CreateNetwork." } },
      reply: {
        SkipIPv4: { type: "boolean", optional: true, doc: "Reserve no IPv4 gateway." },
        SkipIPv6: { type: "boolean", optional: true, doc: "Reserve no IPv6 gateway." },
      },
      optional: "not-sent",
      since: "28.0",
      source: driver,
    },
    createNetwork: {
      path: "NetworkDriver.CreateNetwork",
      doc: "Make a network. After a failure the engine gives its addresses back and sends no DeleteNetwork.",
      request: {
        NetworkID: networkId,
        Options: { ...networkOptions, doc: "Options of the network. Labels are not sent." },
        IPv4Data: ipv4Data,
        IPv6Data: ipv6Data,
      },
      reply: {},
      since: "1.9",
      source: api,
    },
    deleteNetwork: {
      path: "NetworkDriver.DeleteNetwork",
      doc: "Remove a network and whatever is left on it. The engine forgets the network even when this fails; an unknown id succeeds.",
      request: { NetworkID: networkId },
      reply: {},
      since: "1.9",
      source: api,
    },
    createEndpoint: {
      path: "NetworkDriver.CreateEndpoint",
      doc: "Reserve a place on a network for one container. After a failure no DeleteEndpoint follows.",
      request: {
        ...endpoint,
        Interface: {
          type: "object",
          optional: true,
          fields: {
            Address: {
              type: "string",
              optional: true,
              doc: "IPv4 address with prefix length; empty to let the driver choose.",
            },
            AddressIPv6: {
              type: "string",
              optional: true,
              doc: "IPv6 address with prefix length; empty to let the driver choose.",
            },
            MacAddress: { type: "string", optional: true, doc: "Hardware address; empty to let the driver choose." },
          },
          doc: "What is settled already.",
        },
        Options: endpointOptions,
      },
      reply: {
        Interface: {
          type: "object",
          optional: true,
          fields: {
            Address: {
              type: "string",
              format: "cidr-or-empty",
              optional: true,
              doc: "Only where the request left it empty.",
            },
            AddressIPv6: {
              type: "string",
              format: "cidr-or-empty",
              optional: true,
              doc: "Only where the request left it empty.",
            },
            MacAddress: {
              type: "string",
              format: "mac-or-empty",
              optional: true,
              doc: "Only where the request left it empty.",
            },
          },
          doc: "What the driver chose. A value for something the request had settled fails the container's start.",
        },
      },
      since: "1.9",
      source: driver,
    },
    deleteEndpoint: {
      path: "NetworkDriver.DeleteEndpoint",
      doc: "Give an endpoint up, joined or not. Errors are only logged; an unknown id succeeds.",
      request: endpoint,
      reply: {},
      since: "1.9",
      source: api,
    },
    endpointOperInfo: {
      path: "NetworkDriver.EndpointOperInfo",
      doc: "Facts about a live endpoint. Up to 26.1 an error fails the container's start.",
      request: endpoint,
      reply: { Value: { type: "json", optional: true, doc: "Any object; current engines use nothing of it." } },
      since: "1.9",
      source: driver,
    },
    join: {
      path: "NetworkDriver.Join",
      doc: "Hand over a link for a container. The link stands in the engine's network namespace when Join answers; the engine moves and names it. Up to 27 the sandbox does not exist yet.",
      request: {
        ...endpoint,
        SandboxKey: { type: "string", doc: "Path of the container's network namespace; it may not exist yet." },
        Options: {
          type: "object",
          open: true,
          optional: true,
          fields: ports,
          doc: "The container's ports; `driver-opt` is not sent.",
        },
      },
      reply: {
        InterfaceName: {
          type: "object",
          optional: true,
          fields: {
            SrcName: { type: "string", optional: true, doc: "The link to move, at most 15 bytes; empty to move none." },
            DstPrefix: { type: "string", optional: true, doc: "Its name inside, to which the engine adds a number." },
          },
          doc: "The link for the container.",
        },
        Gateway: {
          type: "string",
          format: "ip-or-empty",
          optional: true,
          doc: "IPv4 gateway without prefix length. Given, the driver publishes ports itself; missing, the engine adds `docker_gwbridge`.",
        },
        GatewayIPv6: {
          type: "string",
          format: "ip-or-empty",
          optional: true,
          doc: "IPv6 gateway without prefix length.",
        },
        StaticRoutes: {
          type: "list",
          of: {
            type: "object",
            fields: {
              Destination: { type: "string", format: "cidr", doc: "Where to, with prefix length." },
              RouteType: { type: "integer", doc: "0: through NextHop; 1: directly on the link." },
              NextHop: { type: "string", format: "ip-or-empty", optional: true, doc: "The router, for type 0." },
            },
          },
          optional: true,
          doc: "Routes to add inside the container.",
        },
        DisableGatewayService: {
          type: "boolean",
          optional: true,
          doc: "No second interface on `docker_gwbridge` although there is no gateway.",
        },
      },
      since: "1.9",
      source: driver,
    },
    leave: {
      path: "NetworkDriver.Leave",
      doc: "The container goes; its link is still inside. Can come twice; an unknown id succeeds.",
      request: endpoint,
      reply: {},
      since: "1.9",
      source: api,
    },
    programExternalConnectivity: {
      path: "NetworkDriver.ProgramExternalConnectivity",
      doc: "Publish the endpoint's ports, when it is the container's gateway. An error fails the start.",
      request: { ...endpoint, Options: externalOptions },
      reply: {},
      optional: "not-found",
      since: "1.11",
      source: driver,
    },
    revokeExternalConnectivity: {
      path: "NetworkDriver.RevokeExternalConnectivity",
      doc: "Stop publishing the endpoint's ports. May be left out after a live-restore; Leave frees them as well.",
      request: endpoint,
      reply: {},
      optional: "not-found",
      since: "1.11",
      source: driver,
    },
    allocateNetwork: {
      path: "NetworkDriver.AllocateNetwork",
      doc: "On a swarm manager: settle a network for the whole cluster. The returned options replace the user's on every node. Repeated with them after a change of leader.",
      request: {
        NetworkID: networkId,
        Options: {
          type: "map",
          of: { type: "string" },
          optional: true,
          doc: "The user's options, or those returned before.",
        },
        IPv4Data: ipv4Data,
        IPv6Data: ipv6Data,
      },
      reply: {
        Options: {
          type: "map",
          of: { type: "string" },
          optional: true,
          doc: "All that CreateNetwork is to get, the user's included.",
        },
      },
      optional: "not-sent",
      since: "1.13",
      source: driver,
    },
    freeNetwork: {
      path: "NetworkDriver.FreeNetwork",
      doc: "On a swarm manager: the network is gone. Comes before the nodes have left it.",
      request: { NetworkID: networkId },
      reply: {},
      optional: "not-sent",
      since: "1.13",
      source: driver,
    },
    discoverNew: {
      path: "NetworkDriver.DiscoverNew",
      doc: "A node joined. The own node is announced to every driver, the others to drivers with global connectivity.",
      request: discovery,
      reply: {},
      optional: "any-error",
      since: "1.9",
      source: api,
    },
    discoverDelete: {
      path: "NetworkDriver.DiscoverDelete",
      doc: "A node left.",
      request: discovery,
      reply: {},
      optional: "any-error",
      since: "1.9",
      source: api,
    },
  },
});
