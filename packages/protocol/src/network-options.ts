// The options the engine sends to network drivers: keys with dots, and values that are not all texts.

/** Options of a network. */
export const networkOptions = {
  type: "object",
  open: true,
  optional: true,
  fields: {
    "com.docker.network.generic": {
      type: "json",
      optional: true,
      doc: "The `-o key=value` options of `docker network create`, as texts.",
    },
    "com.docker.network.enable_ipv4": {
      type: "boolean",
      optional: true,
      since: "28.0",
      doc: "Whether the network has IPv4.",
    },
    "com.docker.network.enable_ipv6": { type: "boolean", optional: true, doc: "Whether the network has IPv6." },
    "com.docker.network.internal": { type: "boolean", optional: true, doc: "True with `--internal`." },
  },
} as const;

/** Ports of a container, exposed and published. */
export const ports = {
  "com.docker.network.endpoint.exposedports": {
    type: "list",
    of: {
      type: "object",
      fields: {
        Proto: { type: "integer", doc: "6 for TCP, 17 for UDP, 132 for SCTP." },
        Port: { type: "integer", doc: "The port inside the container." },
      },
    },
    optional: true,
    doc: "Ports the container exposes; in CreateEndpoint of current engines only the published ones.",
  },
  "com.docker.network.portmap": {
    type: "list",
    of: {
      type: "object",
      fields: {
        Proto: { type: "integer", doc: "6 for TCP, 17 for UDP, 132 for SCTP." },
        IP: { type: "string", doc: "Empty." },
        Port: { type: "integer", doc: "The port inside the container." },
        HostIP: { type: "string", doc: "Host address to publish on; empty for all." },
        HostPort: { type: "integer", doc: "Host port to publish on; 0 lets the driver choose." },
        HostPortEnd: { type: "integer", doc: "Last port of the range to choose from." },
      },
    },
    optional: true,
    doc: "Ports to publish. Missing on internal networks and when another endpoint of the container publishes.",
  },
} as const;

/** Options of CreateEndpoint. */
export const endpointOptions = {
  type: "object",
  open: true,
  optional: true,
  fields: {
    ...ports,
    "com.docker.network.endpoint.macaddress": {
      type: "bytes",
      optional: true,
      doc: "The hardware address the user asked for, six bytes.",
    },
    "com.docker.network.endpoint.dnsservers": {
      type: "list",
      of: { type: "string" },
      optional: true,
      doc: "Name servers of the container.",
    },
  },
  doc: "Ports, the requested hardware address, and the `driver-opt` of `--network`, each as a key of its own.",
} as const;

/** Options of ProgramExternalConnectivity. */
export const externalOptions = {
  type: "object",
  open: true,
  optional: true,
  fields: {
    ...ports,
    "com.docker.network.driver.private.no_proxy_6to4": {
      type: "boolean",
      optional: true,
      since: "28.0",
      doc: "True when another endpoint is the IPv6 gateway.",
    },
  },
  doc: "The ports to publish, as in CreateEndpoint.",
} as const;
