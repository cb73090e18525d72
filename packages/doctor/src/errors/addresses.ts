// Addresses: IPAM plugins and the engine's own.
import type { ErrorEntry } from "./error-entry.ts";

/** The errors of this theme. */
export const addressErrors: readonly ErrorEntry[] = [
  {
    id: "gateway-allocation",
    pattern: /failed to allocate gateway \((?<address>[^)]*)\)/,
    examples: ["Error response from daemon: failed to allocate gateway (10.9.0.1): remote: address is taken"],
    means: "The IPAM driver did not give an address for the network's gateway.",
    why: "The address was given out before, or the pool is used up. The engine asks for a gateway also where the driver is of no use for one.",
    remedy: "Choose another --gateway or --subnet; or let the plugin name the gateway in RequestPool's Data.",
    source: "moby/moby daemon/libnetwork/network.go",
    wraps: true,
  },
  {
    id: "secondary-allocation",
    pattern: /failed to allocate secondary ip address \((?<address>[^)]*)\)/,
    examples: [
      "Error response from daemon: failed to allocate secondary ip address (router:10.9.0.2): remote: address is taken",
    ],
    means: "The IPAM driver refused an address of --aux-address.",
    why: "It is outside of the pool, or given out already.",
    remedy: "Choose another one.",
    source: "moby/moby daemon/libnetwork/network.go",
    wraps: true,
  },
  {
    id: "no-address-returned",
    pattern: /\bno address returned\b/i,
    examples: ["Error response from daemon: no address returned"],
    means: "The IPAM plugin answered RequestAddress without an address.",
    why: 'Its answer has no "Address", or it put an error under "Err" with status 200, which the engine does not read there.',
    remedy: 'Answer {"Address":"10.9.0.2/16"}; a failure with status 500 and the text under both "Err" and "Error".',
    source: "moby/moby daemon/libnetwork/ipamapi/contract.go",
  },
  {
    id: "bad-pool-answer",
    pattern: /invalid CIDR address: (?<text>\S*)|netip\.ParsePrefix\("(?<text>[^"]*)"\)/,
    examples: [
      "Error response from daemon: invalid CIDR address: ",
      "Error response from daemon: netip.ParsePrefix(\"\"): no '/'",
    ],
    means: 'What should be an address with its prefix length is "{text}".',
    why: 'An IPAM plugin answered RequestPool without "Pool", or with an error under "Err" and status 200; or an address without its /length.',
    remedy: 'Answer {"PoolID":"...","Pool":"10.9.0.0/16"}; a failure with status 500.',
    source: "moby/moby daemon/libnetwork/ipams/remote/remote.go",
  },
  {
    id: "default-address-space",
    pattern: /failed to get default address space: [^\n]*/,
    examples: ["Error response from daemon: failed to get default address space: remote: not ready"],
    means: "The IPAM plugin did not answer GetDefaultAddressSpaces, without which no network can be made.",
    why: "It waits for its own backend; the call needs nothing of it.",
    remedy: "Let the plugin answer two fixed names at once.",
    source: "moby/moby daemon/libnetwork/network.go",
    wraps: true,
  },
  {
    id: "pool-overlap",
    pattern: /Pool overlaps with other one on this address space|pool overlaps/i,
    examples: ["Error response from daemon: Pool overlaps with other one on this address space"],
    means: "The subnet is used by another network of this engine.",
    why: "Two networks may not have addresses in common.",
    remedy:
      "Choose another --subnet: `docker network ls -q | xargs docker network inspect -f '{{.Name}} {{.IPAM.Config}}'` shows those that are taken.",
    source: "moby/moby daemon/libnetwork/ipamapi/contract.go",
  },
  {
    id: "pools-used-up",
    pattern:
      /could not find an available, non-overlapping IPv4 address pool|all predefined address pools have been fully subnetted/,
    examples: ["Error response from daemon: all predefined address pools have been fully subnetted"],
    means: "The engine has no free subnet left for a network without --subnet.",
    why: "Some thirty networks use up what it has by default; routes of a VPN take some away.",
    remedy: "`docker network prune`, name a --subnet, or set default-address-pools in daemon.json.",
    source: "moby/moby daemon/libnetwork/ipamapi/contract.go",
  },
  {
    id: "addresses-used-up",
    pattern: /no available (?:IPv[46] )?addresses on this (?:network's address pools|pool)[^\n]*/i,
    examples: [
      "Error response from daemon: no available IPv4 addresses on this network's address pools: back (3f1e0c2a9b7d)",
    ],
    means: "The network's subnet is full.",
    why: "More containers than addresses; or an IPAM plugin that lost releases while it was down.",
    remedy: "Remove containers, or make a larger network.",
    source: "moby/moby daemon/libnetwork/endpoint.go",
  },
  {
    id: "address-taken",
    pattern: /Address already in use\b/,
    examples: ["docker: Error response from daemon: Address already in use."],
    means: "The address that was asked for belongs to another container.",
    why: "--ip names one that is given out; a stopped container that is attached keeps its own.",
    remedy: "`docker network inspect NETWORK` shows who has it.",
    source: "moby/moby daemon/libnetwork/ipamapi/contract.go",
  },
  {
    id: "address-outside",
    pattern:
      /[Rr]equested address is out of range|[Ii]nvalid address (?<address>\S+?): It does not belong to any of this network's subnets|no configured subnet (?:or ip-range )?contain/,
    examples: [
      "docker: Error response from daemon: invalid address 10.8.0.5: It does not belong to any of this network's subnets.",
    ],
    means: "The address {address} is not in the network's subnet.",
    why: "--ip, --gateway or --aux-address name one outside of it.",
    remedy: "Choose one inside, or another network.",
    source: "moby/moby daemon/libnetwork/endpoint.go",
  },
  {
    id: "address-needs-subnet",
    pattern:
      /user[- ]specified IP address is supported (?:only when connecting to networks with user configured subnets|on user[- ]defined networks only)/,
    examples: [
      "docker: Error response from daemon: user specified IP address is supported only when connecting to networks with user configured subnets.",
    ],
    means: "--ip works only on a network that was made with --subnet.",
    why: "A subnet that the engine chose by itself can be another one at the next start.",
    remedy: "Make the network with --subnet, also with an IPAM plugin.",
    source: "moby/moby daemon/container_operations.go",
  },
];
