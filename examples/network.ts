// A bridge per network, a pair of links per container: `docker network create -d wires net`. No gateway is named, so the
// engine gives each container a second link of its own, for the world outside and for published ports.
import { join } from "node:path";
import { run } from "@outrigger/linux";
import { definePlugin, definePluginModule, type Driver } from "@outrigger/plugin";
import { RequestError, type networkDriver } from "@outrigger/protocol";
import { openStore, type Table } from "@outrigger/store";

/** A network: the host's own addresses in it, and whether its bridge was finished. */
interface Network {
  readonly addresses: readonly string[];
  readonly made: boolean;
}

/** What the engine never tells again, by its ids. */
interface State {
  readonly networks: Table<Network>;
  readonly endpoints: Table<{ readonly network: string }>;
}

export const plugin = definePluginModule({
  name: "wires",
  doc: "Bridges between the containers of this host.",
  options: { root: { type: "path", default: "/var/lib/wires", doc: "Where it is kept which networks there are." } },
  async open({ root }, { name }) {
    const store = openStore({ file: join(root, "state.db") });
    // Written by this plugin alone, in these shapes.
    const state: State = {
      networks: store.table("networks", (value) => value as Network),
      endpoints: store.table("endpoints", (value) => value as { network: string }),
    };
    await restore(state);
    return {
      ...definePlugin({ name, drivers: { NetworkDriver: createDriver(state) } }),
      [Symbol.asyncDispose]: () => store[Symbol.asyncDispose](),
    };
  },
});

function createDriver({ networks, endpoints }: State): Driver<typeof networkDriver> {
  return {
    getCapabilities: () => ({ Scope: "local" }),
    async createNetwork({ NetworkID, IPv4Data, IPv6Data, Options }) {
      if (networks.get(NetworkID) !== undefined) throw new RequestError(`network ${NetworkID} is there already`);
      const [option] = Object.keys(Options?.["com.docker.network.generic"] ?? {});
      if (option !== undefined) throw new RequestError(`unknown option "${option}"; leave out -o`);
      const addresses = [...(IPv4Data ?? []), ...(IPv6Data ?? [])].flatMap(({ Gateway }) => Gateway ?? []);
      const bridge = bridgeOf(NetworkID);
      // Said before it is done, so that the next start undoes what a killed process left half.
      networks.set(NetworkID, { addresses, made: false });
      try {
        await makeBridge(NetworkID, addresses);
        networks.set(NetworkID, { addresses, made: true });
      } catch (error) {
        await remove(bridge);
        networks.delete(NetworkID);
        throw error;
      }
    },
    async deleteNetwork({ NetworkID }) {
      if (networks.get(NetworkID) === undefined) return;
      // The engine asks once, whatever it forgot to ask before.
      for (const [id] of endpoints.entries().filter(([, { network }]) => network === NetworkID)) {
        await remove(pairOf(id).outside);
        endpoints.delete(id);
      }
      await remove(bridgeOf(NetworkID));
      networks.delete(NetworkID);
    },
    createEndpoint({ NetworkID, EndpointID }) {
      if (networks.get(NetworkID) === undefined)
        throw new RequestError(`there is no network ${NetworkID}; remove it and create it again`);
      endpoints.set(EndpointID, { network: NetworkID });
    },
    async deleteEndpoint({ EndpointID }) {
      if (endpoints.get(EndpointID) === undefined) return;
      await remove(pairOf(EndpointID).outside);
      endpoints.delete(EndpointID);
    },
    endpointOperInfo: () => ({ Value: {} }),
    async join({ NetworkID, EndpointID }) {
      if (endpoints.get(EndpointID)?.network !== NetworkID)
        throw new RequestError(`there is no endpoint ${EndpointID} in network ${NetworkID}; start the container again`);
      const { outside, inside } = pairOf(EndpointID);
      await remove(outside);
      await ip(
        `link add ${outside} type veth peer name ${inside}`,
        `link set ${outside} master ${bridgeOf(NetworkID)} up`,
      );
      return { InterfaceName: { SrcName: inside, DstPrefix: "eth" } };
    },
    // The link is still inside the container now; it goes with the endpoint.
    leave() {},
    discoverNew() {},
    discoverDelete() {},
  };
}

/** The kernel forgets at every boot, and a killed process leaves things half: makes both agree with what is written. */
async function restore({ networks }: State): Promise<void> {
  for (const [id, { addresses, made }] of networks.entries()) {
    if (made && (await run(["ip", "link", "show", bridgeOf(id)], { accept: [0, 1] })).code === 0) continue;
    await remove(bridgeOf(id));
    if (made) await makeBridge(id, addresses);
    else networks.delete(id);
  }
}

async function makeBridge(network: string, addresses: readonly string[]): Promise<void> {
  const bridge = bridgeOf(network);
  const odd = addresses.find((address) => !/^[\da-f.:]+\/\d+$/i.test(address));
  if (odd !== undefined) throw new RequestError(`${JSON.stringify(odd)} is no gateway; write it as 10.1.0.1/24`);
  await ip(
    `link add ${bridge} type bridge`,
    ...addresses.map((address) => `address add ${address} dev ${bridge}`),
    `link set ${bridge} up`,
  );
}

/** Link names have 15 bytes at most. */
function bridgeOf(network: string): string {
  return `wb-${idOf(network)}`;
}

function pairOf(endpoint: string): { outside: string; inside: string } {
  return { outside: `wo-${idOf(endpoint)}`, inside: `wi-${idOf(endpoint)}` };
}

/** The beginning of an id of the engine's; anything else might be words for ip(8). */
function idOf(id: string): string {
  if (!/^[0-9a-z]{12,64}$/.test(id)) throw new RequestError(`"${id}" is no id of the engine's`);
  return id.slice(0, 12);
}

/** Several commands in one process; the first that fails ends it. */
async function ip(...commands: readonly string[]): Promise<void> {
  await run(["ip", "-batch", "-"], { input: commands.map((command) => `${command}\n`).join("") });
}

/** What is gone already is gone. */
async function remove(link: string): Promise<void> {
  const { code, stderr } = await run(["ip", "link", "delete", link], { accept: [0, 1] });
  if (code !== 0 && !stderr.includes("Cannot find device"))
    throw new Error(`link ${link} cannot be removed: ${stderr.trim()}`);
}
