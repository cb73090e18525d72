import type { Host } from "./host.ts";
import { holdNamespaces } from "./namespace.ts";
import { runNetworkTool } from "./network-tools.ts";

/** A host that others reach. */
export interface ConnectedHost extends Host {
  /** Its IPv4 address on the network between the hosts. */
  readonly address: string;
}

/** Hosts on one bridge, and the means to trouble them; disposing it ends all of them. */
export interface Hosts extends AsyncDisposable {
  readonly hosts: readonly ConnectedHost[];
  /** Cuts these off from the others; among themselves they still talk. It replaces an earlier partition. */
  partition(cutOff: readonly Host[]): Promise<void>;
  /** Loses so many of a hundred packets of those that a host sends and of those that are sent to it, ARP among them. */
  loss(host: Host, percent: number): Promise<void>;
  /** Undoes partition and losses. */
  heal(): Promise<void>;
}

/** Connects hosts by a bridge in a network namespace of its own, where partitions and losses are made. */
export async function connectHosts(hosts: readonly Host[]): Promise<Hosts> {
  await using opening = new AsyncDisposableStack();
  // The bridge outlives nothing: with its namespace it is gone.
  const fabric = opening.use(await holdNamespaces(["net"], ["sh", "-c", "echo ready; exec cat >/dev/null"]));
  const links = hosts.map((host, index) => ({ host, port: `host${index + 1}`, address: `10.77.0.${index + 1}` }));
  await runNetworkTool(["ip", "-batch", "-"], {
    pid: fabric.pid,
    input: [
      "link add fabric type bridge",
      "link set fabric up",
      ...links.flatMap(({ host, port }) => [
        `link add ${port} type veth peer name lan netns ${host.pid}`,
        `link set ${port} master fabric up`,
      ]),
      "",
    ].join("\n"),
  });
  for (const { host, address } of links) {
    await runNetworkTool(["ip", "-batch", "-"], {
      pid: host.pid,
      input: `address add ${address}/24 dev lan\nlink set lan up\n`,
    });
  }

  const portOf = (host: Host): string => {
    const link = links.find((link) => link.host.name === host.name);
    if (link === undefined) throw new Error(`${host.name} is not on this network; name one of its own hosts`);
    return link.port;
  };
  let cutOff: string[] = [];
  const losses = new Map<string, number>();
  const apply = (): Promise<void> =>
    runNetworkTool(["nft", "-f", "-"], { pid: fabric.pid, input: ruleset(cutOff, losses) });
  const opened = opening.move();
  return {
    hosts: links.map(({ host, address }) => ({ ...host, address })),
    partition: (hosts) => {
      cutOff = hosts.map(portOf);
      return apply();
    },
    loss: (host, percent) => {
      if (!Number.isInteger(percent) || percent < 0 || percent > 100)
        throw new Error(`a loss of ${percent} percent is not possible; give an integer from 0 to 100`);
      if (percent === 0) losses.delete(portOf(host));
      else losses.set(portOf(host), percent);
      return apply();
    },
    heal: () => {
      cutOff = [];
      losses.clear();
      return apply();
    },
    [Symbol.asyncDispose]: () => opened.disposeAsync(),
  };
}

/** All of the fabric's rules, replacing what was there, in one transaction. The kernel need not have netem for them. */
function ruleset(cutOff: readonly string[], losses: ReadonlyMap<string, number>): string {
  const ports = `{ ${cutOff.join(", ")} }`;
  const cut = [`iifname ${ports} oifname != ${ports} drop`, `iifname != ${ports} oifname ${ports} drop`];
  const lost = [...losses].flatMap(([port, percent]) =>
    ["iifname", "oifname"].map((direction) => `${direction} ${port} numgen random mod 100 <= ${percent - 1} drop`),
  );
  return [
    "add table bridge lab",
    "delete table bridge lab",
    "table bridge lab {",
    "chain forward {",
    "type filter hook forward priority 0;",
    ...(cutOff.length > 0 ? cut : []),
    ...lost,
    "}",
    "}",
    "",
  ].join("\n");
}
