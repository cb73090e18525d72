// Networks and their endpoints.
import type { ErrorEntry } from "./error-entry.ts";

/** The errors of this theme. */
export const networkErrors: readonly ErrorEntry[] = [
  {
    id: "endpoint-failed",
    pattern: /failed to create endpoint (?<endpoint>\S+) on network (?<network>\S+?):/,
    examples: [
      "docker: Error response from daemon: failed to create endpoint web on network back: remote: no such bridge.",
    ],
    means: "A container could not be put on the network {network}.",
    why: "What follows is the reason: the plugin's own words, or what the engine finds wrong in its answer. The address is given back.",
    remedy: "See to the reason, then start the container again.",
    source: "moby/moby daemon/libnetwork/network.go",
    wraps: true,
  },
  {
    id: "remote-says",
    pattern: /\bremote: (?<text>[^\n]+)/,
    examples: ["Error response from daemon: remote: the VLAN is taken"],
    means: "A network or IPAM plugin answered with this error: {text}",
    why: "`remote:` marks the words of a plugin in a 200 answer; with another status the name of the call stands there.",
    remedy: "Look at the plugin's own log and documentation.",
    source: "moby/moby daemon/libnetwork/drivers/remote/driver.go, daemon/libnetwork/ipams/remote/remote.go",
    wraps: true,
  },
  {
    id: "driver-not-registered",
    pattern: /could not resolve driver (?<plugin>\S+) in registry/,
    examples: ["Error response from daemon: could not resolve driver acme/net in registry"],
    means: "The engine has the plugin {plugin}, and no network driver of that name.",
    why: "A managed network plugin has to be named in full, with its tag; or the plugin answered GetCapabilities with an error or with a scope that is neither local nor global, after which it stays out until the engine restarts.",
    remedy: "Write `-d {plugin}:latest`; else mend GetCapabilities and restart the engine.",
    source: "moby/moby daemon/libnetwork/controller.go",
  },
  {
    id: "invalid-capability",
    pattern: /invalid capability: expecting 'local' or 'global', got (?<scope>\S*)/,
    examples: ["invalid capability: expecting 'local' or 'global', got Local"],
    means:
      'NetworkDriver.GetCapabilities answered the scope "{scope}"; only local and global are known, in lower case.',
    why: "An empty or otherwise spelled Scope; unlike with volumes, none is guessed.",
    remedy: "Mend the plugin, and restart the engine: it does not ask again.",
    source: "moby/moby daemon/libnetwork/drivers/remote/driver.go",
  },
  {
    id: "interface-modified",
    pattern: /driver modified interface (?:MAC )?address: [^\n]*|Cannot be modified with/,
    examples: [
      "failed to create endpoint web on network back: driver modified interface address: endpoint interface IP present (172.20.0.2/16). Cannot be modified with (172.20.0.9/16).; rolled back",
    ],
    means: "The plugin answered CreateEndpoint with an address, though the request already had one.",
    why: "The IPAM driver decides about addresses; a network plugin may fill in only what came empty.",
    remedy: "Let the plugin answer an empty Interface, or only a MAC address if none was asked for.",
    source: "moby/moby daemon/libnetwork/drivers/remote/driver.go",
  },
  {
    id: "link-missing",
    pattern: /failed to (?:get link by name|set link down)[^\n]*|failed to add interface (?<link>\S+) to sandbox[^\n]*/,
    examples: ['failed to add interface veth1a2b to sandbox: failed to get link by name "veth1a2b": Link not found'],
    means: "The link that the plugin named in Join is not in the engine's network namespace.",
    why: "It was not made, was made in another namespace (a plugin without host network), or is gone already.",
    remedy:
      "Let Join return only when the link is there. A managed plugin needs `network.type: host` and CAP_NET_ADMIN.",
    source: "moby/moby daemon/libnetwork/osl/interface_linux.go",
  },
  {
    id: "gateway-unreachable",
    pattern:
      /(?:direct )?route for the (?:gateway|next hop) (?<gateway>\S+ )?could not be found|unable to parse Gateway(?:IPv6)? "(?<gateway>[^"]*)"|failed to set gateway(?: IPv6)?[^\n]*/,
    examples: ["failed to set gateway: route for the gateway 10.9.0.1 could not be found: network is unreachable"],
    means: "The gateway that the plugin gave in Join ({gateway}) cannot be used from the container's interface.",
    why: "It lies outside of the endpoint's subnet, or is no plain address.",
    remedy:
      "Answer a gateway within the subnet, or a static route to it on the link; or none, and DisableGatewayService.",
    source: "moby/moby daemon/libnetwork/osl/route_linux.go, daemon/libnetwork/drivers/remote/driver.go",
  },
  {
    id: "external-connectivity",
    pattern: /driver failed programming external connectivity on endpoint (?<endpoint>\S+)/,
    examples: [
      "driver failed programming external connectivity on endpoint web (3f1e0c2a9b7d): Bind for 0.0.0.0:80 failed: port is already allocated",
    ],
    means: "The ports of {endpoint} could not be published.",
    why: "The port is taken by another container or program; or a network plugin that gives a gateway failed in ProgramExternalConnectivity.",
    remedy: "Free the port (`ss -ltnp`), or publish another one.",
    source: "moby/moby daemon/libnetwork/endpoint.go",
  },
  {
    id: "operational-info",
    pattern: /Updating join info failed[^\n]*/,
    examples: [
      "Error response from daemon: Updating join info failed: NetworkDriver.EndpointOperInfo: unknown endpoint",
    ],
    means: "The plugin answered EndpointOperInfo with an error, and engines before 28 fail the start for that.",
    why: "The call asks for facts to show; the plugin does not know the endpoint, or does not have the call.",
    remedy: 'Let the plugin answer 200 and {"Value":{}}.',
    source: "moby/moby v26 daemon/network.go",
  },
  {
    id: "network-not-found",
    pattern: /network (?<network>\S+) not found/,
    examples: ["docker: Error response from daemon: network back not found."],
    means: "There is no network {network}.",
    why: "It was removed, or made anew under another id while the container still names the old one.",
    remedy: "`docker network ls`; put the container on the new one: `docker network connect`.",
    source: "moby/moby daemon/libnetwork/error.go",
  },
  {
    id: "network-exists",
    pattern: /network with name (?<network>\S+) already exists/,
    examples: ["Error response from daemon: network with name back already exists"],
    means: "There is a network {network} already.",
    why: "A network's name counts once for an engine, whatever its driver.",
    remedy: "Use that one, or remove it: `docker network rm {network}`.",
    source: "moby/moby daemon/libnetwork/error.go",
  },
  {
    id: "network-active",
    pattern: /network (?:\S+ )?(?:id \S+ )?has active endpoints(?: \((?<endpoints>[^)]*)\))?/,
    examples: [
      'Error response from daemon: error while removing network: network back has active endpoints (name:"web" id:"3f1e0c2a9b7d")',
    ],
    means: "The network cannot be removed: containers are on it.",
    why: "They run, or the engine was killed and still has them in its books.",
    remedy: "`docker network disconnect -f NETWORK CONTAINER` for each, also for those that are gone.",
    source: "moby/moby daemon/libnetwork/error.go",
  },
  {
    id: "swarm-legacy",
    pattern: /legacy plugin (?<plugin>\S+) of type (?<kind>\S+) is not supported in swarm mode/,
    examples: [
      "Error response from daemon: rpc error: code = InvalidArgument desc = legacy plugin shelf of type NetworkDriver is not supported in swarm mode",
    ],
    means: "A swarm network can use managed plugins only, and {plugin} is one with a socket or spec file.",
    why: "A swarm cannot see to it that a process runs on every node.",
    remedy: "Install it as a managed plugin on all nodes, or make the network local: let its scope be local.",
    source: "moby/moby daemon/libnetwork/cnmallocator/provider.go",
  },
  {
    id: "not-a-manager",
    pattern:
      /This node is not a swarm manager|cannot create a swarm scoped network when swarm is not active|Cannot create a multi-host network from a worker node/,
    examples: [
      'Error response from daemon: This node is not a swarm manager. Use "docker swarm init" or "docker swarm join" to connect this node to swarm and try again.',
    ],
    means: "The network would be one of a swarm, and this engine manages none.",
    why: "A plugin with scope global is asked for on a single engine as if it were local only outside of a swarm; the driver overlay always needs one.",
    remedy: "Make it on a manager, or use a driver with local scope.",
    source: "moby/moby daemon/network.go",
  },
  {
    id: "invalid-ipam-driver",
    pattern:
      /invalid ipam driver: "(?<plugin>[^"]+)"|failed to get default address space: unknown ipam type "(?<plugin>[^"]+)"/,
    examples: ['Error response from daemon: invalid ipam driver: "subnets"'],
    means: "There is no IPAM driver {plugin}.",
    why: "The plugin runs and does not implement IpamDriver; or it is a managed one that must be named with its tag.",
    remedy:
      "`outrigger inspect {plugin}` shows what it implements; write `--ipam-driver NAME:latest` for a managed one.",
    source: "moby/moby daemon/libnetwork/controller.go",
  },
  {
    id: "network-predefined",
    pattern:
      /\b(?<network>[\w.-]{1,128}) is a pre-defined network and cannot be removed|operation is not permitted on predefined (?<network>\S+) network/,
    examples: ["Error response from daemon: bridge is a pre-defined network and cannot be removed"],
    means: "{network} belongs to the engine.",
    why: "bridge, host and none are always there.",
    remedy: "Make a network of your own, with a name and a driver.",
    source: "moby/moby daemon/network.go",
  },
];
