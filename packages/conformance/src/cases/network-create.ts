// NET: networks made and deleted.
import type { ConformanceCase } from "../case.ts";
import type { Trial } from "../trial.ts";
import {
  createEndpoint,
  createNetwork,
  freshSubnet,
  ipamData,
  join,
  linksAsBefore,
  linksOf,
  networkRequest,
  networkRules,
  okOrRefused,
  type NetworkRequest,
} from "./network-steps.ts";

const create = "NetworkDriver.CreateNetwork";
const remove = "NetworkDriver.DeleteNetwork";
const shared = { protocol: "NetworkDriver", severity: "MUST", rule: networkRules.network } as const;

/** The cases of CreateNetwork and DeleteNetwork. */
export const networkCreateCases: readonly ConformanceCase[] = [
  {
    ...shared,
    id: "NET-06",
    rule: networkRules.driver,
    title: "CreateNetwork succeeds with the options of a plain network",
    judge: async (trial) => void (await createNetwork(trial)),
  },
  {
    ...shared,
    id: "NET-07",
    rule: networkRules.controller,
    title: "CreateNetwork succeeds with and without the option enable_ipv4, which engines before 28.0 lack",
    judge: async (trial) => {
      await createNetwork(trial);
      const { Options } = networkRequest(trial, freshSubnet());
      await trial.ok(create, requestWith(trial, { Options: { ...Options, "com.docker.network.enable_ipv4": true } }));
    },
  },
  {
    ...shared,
    id: "NET-08",
    severity: "SHOULD",
    rule: networkRules.driver,
    title: "Options that the driver does not know are ignored, or refused with a text",
    judge: async (trial) => {
      const { Options } = networkRequest(trial, freshSubnet());
      const generic = { ...trial.setting.options, "org.outrigger.unknown": "1" };
      await okOrRefused(trial, create, requestWith(trial, { Options: { ...Options, "org.outrigger.unknown": true } }));
      await okOrRefused(
        trial,
        create,
        requestWith(trial, { Options: { ...Options, "com.docker.network.generic": generic } }),
      );
      await createNetwork(trial);
    },
  },
  {
    ...shared,
    id: "NET-09",
    rule: networkRules.api,
    title: "CreateNetwork succeeds with IPv6Data as an empty list and as null",
    judge: async (trial) => {
      for (const IPv6Data of [[], null]) await trial.ok(create, requestWith(trial, { IPv6Data }));
    },
  },
  {
    ...shared,
    id: "NET-10",
    severity: "SHOULD",
    title: "A network without IPv4 is made, or refused with a text",
    judge: async (trial) => {
      const { Options } = networkRequest(trial, freshSubnet());
      const off = { ...Options, "com.docker.network.enable_ipv4": false };
      await okOrRefused(trial, create, requestWith(trial, { Options: off, IPv4Data: [] }));
    },
  },
  {
    ...shared,
    id: "NET-11",
    severity: "SHOULD",
    rule: networkRules.api,
    title: "A pool without a gateway is taken, or refused with a text",
    judge: async (trial) => {
      const pool = { AddressSpace: "LocalDefault", Pool: freshSubnet().pool };
      await okOrRefused(trial, create, requestWith(trial, { IPv4Data: [pool] }));
    },
  },
  {
    ...shared,
    id: "NET-12",
    rule: networkRules.api,
    title: "Auxiliary addresses, which have a prefix length, are taken",
    judge: async (trial) => {
      const subnet = freshSubnet();
      const data = { ...ipamData(subnet), AuxAddresses: { router: subnet.address(5), printer: subnet.address(6) } };
      await trial.ok(create, requestWith(trial, { IPv4Data: [data] }));
    },
  },
  {
    ...shared,
    id: "NET-13",
    severity: "SHOULD",
    title: "A network of several pools is made, or refused with a text",
    judge: async (trial) => {
      await okOrRefused(
        trial,
        create,
        requestWith(trial, { IPv4Data: [ipamData(freshSubnet()), ipamData(freshSubnet())] }),
      );
    },
  },
  {
    ...shared,
    id: "NET-14",
    severity: "SHOULD",
    rule: networkRules.controller,
    needs: ["links"],
    title: "A CreateNetwork that fails leaves no link behind, for no DeleteNetwork follows",
    judge: async (trial) => {
      const before = await linksOf(trial);
      const broken = { AddressSpace: "LocalDefault", Pool: freshSubnet().pool, Gateway: "nonsense" };
      const { failure } = await trial.send(create, requestWith(trial, { IPv4Data: [broken] }));
      if (failure === undefined) trial.skip("the driver refuses no network, so that there is no failure to look at");
      await linksAsBefore(trial, before, "a CreateNetwork that was refused");
    },
  },
  {
    ...shared,
    id: "NET-15",
    severity: "SHOULD",
    title: "CreateNetwork with the same id again leaves one network, whether it is refused or not",
    judge: async (trial) => {
      const before = await linksOf(trial);
      const subnet = freshSubnet();
      const request = networkRequest(trial, subnet);
      await trial.ok(create, request);
      await okOrRefused(trial, create, request);
      const endpoint = await createEndpoint(trial, { ...subnet, id: request.NetworkID });
      await trial.ok("NetworkDriver.DeleteEndpoint", endpoint);
      await trial.ok(remove, { NetworkID: request.NetworkID });
      await linksAsBefore(trial, before, "one DeleteNetwork");
    },
  },
  {
    ...shared,
    id: "NET-16",
    severity: "SHOULD",
    title: "A network whose pool overlaps another's works, or is refused with a text",
    judge: async (trial) => {
      const subnet = freshSubnet();
      await createEndpoint(trial, await createNetwork(trial, subnet));
      const request = networkRequest(trial, subnet);
      const { failure } = await okOrRefused(trial, create, request);
      if (failure === undefined) await createEndpoint(trial, { ...subnet, id: request.NetworkID });
    },
  },
  {
    ...shared,
    id: "NET-19",
    severity: "SHOULD",
    title: "DeleteNetwork takes away the network's links, and its subnet can be used again",
    judge: async (trial) => {
      const before = await linksOf(trial);
      const network = await createNetwork(trial);
      await trial.ok(remove, { NetworkID: network.id });
      await linksAsBefore(trial, before, "DeleteNetwork");
      await createNetwork(trial, network);
    },
  },
  {
    ...shared,
    id: "NET-20",
    severity: "SHOULD",
    title: "DeleteNetwork of an unknown network, or a second time, succeeds",
    judge: async (trial) => {
      await trial.ok(remove, { NetworkID: trial.id() });
      const network = await createNetwork(trial);
      for (let times = 0; times < 2; times++) await trial.ok(remove, { NetworkID: network.id });
    },
  },
  {
    ...shared,
    id: "NET-21",
    severity: "SHOULD",
    title: "DeleteNetwork takes away the endpoints that are left on the network",
    judge: async (trial) => {
      const before = await linksOf(trial);
      const network = await createNetwork(trial);
      await join(trial, await createEndpoint(trial, network));
      await trial.ok(remove, { NetworkID: network.id });
      await linksAsBefore(trial, before, "DeleteNetwork of a network with an endpoint");
      await createEndpoint(trial, await createNetwork(trial, network));
    },
  },
];

function requestWith(trial: Trial, changes: Partial<NetworkRequest>): NetworkRequest {
  return networkRequest(trial, freshSubnet(), changes);
}
