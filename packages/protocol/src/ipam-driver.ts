import { defineProtocol } from "./descriptor.ts";

const source = "moby/moby daemon/libnetwork/ipams/remote/remote.go";
const poolId = {
  type: "string",
  nonEmpty: true,
  doc: "The name the driver gave the pool; the engine keeps it for the network's life.",
} as const;

/** Addresses: pools for networks, and addresses out of them. */
export const ipamDriver = defineProtocol({
  name: "IpamDriver",
  managedType: "docker.ipamdriver/1.0",
  errorKey: "Error",
  doc: "Pools of addresses for networks. A failure under `Err` in a 200 reply is taken for success: this protocol's key is `Error`.",
  methods: {
    getCapabilities: {
      path: "IpamDriver.GetCapabilities",
      doc: "What the driver needs to be told. Asked once, right after activation.",
      request: {},
      emptyBody: "nothing",
      reply: {
        RequiresMACAddress: { type: "boolean", optional: true, doc: "Endpoint requests carry a hardware address." },
        RequiresRequestReplay: {
          type: "boolean",
          optional: true,
          since: "1.12",
          doc: "At boot the engine asks again for every pool and address it still uses; those requests must succeed.",
        },
      },
      optional: "any-error",
      since: "1.10",
      source,
    },
    getDefaultAddressSpaces: {
      path: "IpamDriver.GetDefaultAddressSpaces",
      doc: "The names of the two address spaces. Asked for every network, twice by current engines.",
      request: {},
      emptyBody: "nothing",
      reply: {
        LocalDefaultAddressSpace: { type: "string", doc: "For networks of one host." },
        GlobalDefaultAddressSpace: { type: "string", doc: "For swarm networks." },
      },
      since: "1.9",
      source,
    },
    requestPool: {
      path: "IpamDriver.RequestPool",
      doc: "Take a pool. Without a wanted pool the same request must give another pool while the first is held: the engine repeats it without end when a pool overlaps a route of the host.",
      request: {
        AddressSpace: { type: "string", doc: "One of the default address spaces." },
        Pool: { type: "string", doc: "The wanted subnet with prefix length (`--subnet`), or empty." },
        SubPool: { type: "string", doc: "The part of it to hand out (`--ip-range`), or empty." },
        Options: { type: "map", of: { type: "string" }, optional: true, doc: "`--ipam-opt key=value`." },
        V6: { type: "boolean", doc: "An IPv6 pool is wanted." },
      },
      reply: {
        PoolID: {
          type: "string",
          nonEmpty: true,
          doc: "Names the pool in later calls, also after a restart of the driver.",
        },
        Pool: {
          type: "string",
          format: "cidr",
          doc: "The pool, with prefix length; `0.0.0.0/0` for a driver without pools.",
        },
        Data: {
          type: "map",
          of: { type: "string" },
          optional: true,
          doc: "`com.docker.network.gateway`: a gateway with prefix length, which the engine then does not ask for, but does release.",
        },
      },
      since: "1.9",
      source,
    },
    releasePool: {
      path: "IpamDriver.ReleasePool",
      doc: "Give a pool back with every address still out. An unknown pool succeeds; errors are only logged.",
      request: { PoolID: poolId },
      reply: {},
      since: "1.9",
      source,
    },
    requestAddress: {
      path: "IpamDriver.RequestAddress",
      doc: "Take one address: the given one or none, any free one where none is given.",
      request: {
        PoolID: poolId,
        Address: { type: "string", doc: "The wanted address without prefix length, or empty." },
        Options: {
          type: "object",
          open: true,
          optional: true,
          fields: {
            RequestAddressType: {
              type: "string",
              optional: true,
              doc: "`com.docker.network.gateway`: this is to be the network's gateway.",
            },
            "com.docker.network.endpoint.macaddress": {
              type: "string",
              optional: true,
              doc: "The endpoint's hardware address as text, for a driver that requires it.",
            },
            "com.docker.network.endpoint.name": {
              type: "string",
              optional: true,
              since: "29.0",
              doc: "The container's name.",
            },
            "com.docker.network.ipam.serial": {
              type: "string",
              optional: true,
              doc: "`true`: hand addresses out one after the other (swarm).",
            },
          },
          doc: "What the address is for; null for `--aux-address`.",
        },
      },
      reply: {
        Address: {
          type: "string",
          format: "cidr",
          doc: "The address with prefix length, which becomes the container's mask.",
        },
        Data: { type: "map", of: { type: "string" }, optional: true, doc: "Not used by the engine." },
      },
      since: "1.9",
      source,
    },
    releaseAddress: {
      path: "IpamDriver.ReleaseAddress",
      doc: "Give an address back. An unknown one succeeds; errors are only logged and never tried again.",
      request: { PoolID: poolId, Address: { type: "string", doc: "The address without prefix length." } },
      reply: {},
      since: "1.9",
      source,
    },
  },
});
