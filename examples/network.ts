// A bridge per network, a pair of links per container: `docker network create -d wires net`. Kept in memory.
import { execFileSync } from "node:child_process";
import { definePlugin, serve } from "@outrigger/plugin";
import { RequestError } from "@outrigger/protocol";

/** The gateway of each network, by its id. */
const gateways = new Map<string, string>();

export const plugin = definePlugin({
  name: "wires",
  drivers: {
    NetworkDriver: {
      getCapabilities: () => ({ Scope: "local" }),
      createNetwork({ NetworkID, IPv4Data }) {
        const gateway = IPv4Data?.[0]?.Gateway;
        if (gateway === undefined) throw new RequestError("this driver needs IPv4; give the network an IPv4 --subnet");
        ip("link", "add", bridgeOf(NetworkID), "type", "bridge");
        ip("addr", "add", gateway, "dev", bridgeOf(NetworkID));
        ip("link", "set", bridgeOf(NetworkID), "up");
        gateways.set(NetworkID, gateway);
      },
      deleteNetwork({ NetworkID }) {
        gateways.delete(NetworkID);
        remove(bridgeOf(NetworkID));
      },
      createEndpoint() {},
      endpointOperInfo: () => ({ Value: {} }),
      join({ NetworkID, EndpointID }) {
        const [outside, inside] = pairOf(EndpointID);
        ip("link", "add", outside, "type", "veth", "peer", "name", inside);
        ip("link", "set", outside, "master", bridgeOf(NetworkID), "up");
        const gateway = gateways.get(NetworkID)?.split("/")[0];
        return { InterfaceName: { SrcName: inside, DstPrefix: "eth" }, Gateway: gateway };
      },
      leave() {},
      deleteEndpoint: ({ EndpointID }) => remove(pairOf(EndpointID)[0]),
    },
  },
});

/** Link names have 15 bytes at most. */
function bridgeOf(networkId: string): string {
  return `wires-${networkId.slice(0, 9)}`;
}

function pairOf(endpointId: string): [outside: string, inside: string] {
  return [`wo-${endpointId.slice(0, 11)}`, `wi-${endpointId.slice(0, 11)}`];
}

function ip(...args: string[]): void {
  execFileSync("ip", args, { stdio: ["ignore", "ignore", "pipe"] });
}

/** The engine never asks twice, and what is gone already is gone. */
function remove(link: string): void {
  try {
    ip("link", "delete", link);
  } catch (error) {
    if (!String(error).includes("Cannot find device")) throw error;
  }
}

if (import.meta.main) await serve(plugin);
