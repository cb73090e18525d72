// NET: endpoints made and deleted.
import { brief } from "../brief.ts";
import type { ConformanceCase } from "../case.ts";
import { fieldOf, isObject, type JsonObject } from "../json-field.ts";
import { readCidr } from "../subnet.ts";
import type { Trial } from "../trial.ts";
import { Violation } from "../violation.ts";
import {
  createEndpoint,
  createNetwork,
  endpointRequest,
  freshSubnet,
  joinedEndpoint,
  keyOf,
  linksAsBefore,
  linksOf,
  networkRules,
  okOrRefused,
} from "./network-steps.ts";

const create = "NetworkDriver.CreateEndpoint";
const remove = "NetworkDriver.DeleteEndpoint";
const info = "NetworkDriver.EndpointOperInfo";
const mac = "02:42:c6:12:07:09";
const shared = { protocol: "NetworkDriver", severity: "MUST", rule: networkRules.driver } as const;

/** The cases of CreateEndpoint, EndpointOperInfo and DeleteEndpoint. */
export const networkEndpointCases: readonly ConformanceCase[] = [
  {
    ...shared,
    id: "NET-22",
    title: "CreateEndpoint does not answer an address where the request has one",
    judge: async (trial) => {
      const reply = await interfaceOf(trial, {});
      refuseSettled(reply, "Address");
    },
  },
  {
    ...shared,
    id: "NET-23",
    title: "CreateEndpoint does not answer a hardware address where the request has one",
    judge: async (trial) => {
      const reply = await interfaceOf(trial, { MacAddress: mac });
      refuseSettled(reply, "MacAddress");
    },
  },
  {
    ...shared,
    id: "NET-24",
    title: "Addresses that CreateEndpoint chooses have a prefix length",
    judge: async (trial) => {
      const request = endpointRequest(trial, await createNetwork(trial), { interface: { Address: "" } });
      const { fields } = await okOrRefused(trial, create, request);
      const reply = readInterface(fields);
      for (const key of ["Address", "AddressIPv6"]) {
        const value = fieldOf(reply, key) ?? "";
        if (value !== "" && readCidr(value) === undefined)
          throw new Violation(`Interface.${key} is ${brief(value)}; write it as 198.18.7.9/24`);
      }
    },
  },
  {
    ...shared,
    id: "NET-25",
    title: "A hardware address that CreateEndpoint chooses is six bytes of two digits each",
    judge: async (trial) => {
      const reply = await interfaceOf(trial, {});
      const value = fieldOf(reply, "MacAddress") ?? "";
      if (value === "" || (typeof value === "string" && macForms.some((form) => form.test(value)))) return;
      throw new Violation(`Interface.MacAddress is ${brief(value)}; write it as ${mac}`);
    },
  },
  {
    ...shared,
    id: "NET-26",
    title: "The option with the wanted hardware address, six bytes in base64, does no harm",
    judge: async (trial) => {
      const bytes = Buffer.from(mac.replaceAll(":", ""), "hex");
      const request = endpointRequest(trial, await createNetwork(trial), {
        interface: { MacAddress: mac },
        options: { "com.docker.network.endpoint.macaddress": bytes },
      });
      await trial.ok(create, request);
    },
  },
  {
    ...shared,
    id: "NET-27",
    rule: networkRules.daemon,
    title: "Ports to publish are taken: port 0, a range, and TCP, UDP and SCTP",
    judge: async (trial) => {
      const binding = (Proto: number, HostPort: number, HostPortEnd: number): object => ({
        Proto,
        IP: "",
        Port: 80,
        HostIP: "",
        HostPort,
        HostPortEnd,
      });
      const options = {
        "com.docker.network.endpoint.exposedports": [6, 17, 132].map((Proto) => ({ Proto, Port: 80 })),
        "com.docker.network.portmap": [binding(6, 0, 0), binding(17, 28_200, 28_210), binding(132, 0, 0)],
      };
      await trial.ok(create, endpointRequest(trial, await createNetwork(trial), { options }));
    },
  },
  {
    ...shared,
    id: "NET-28",
    rule: networkRules.daemon,
    title: "A driver option of the endpoint, which comes as a key of its own, is taken or refused with a text",
    judge: async (trial) => {
      const network = await createNetwork(trial);
      const options = { "org.outrigger.unknown": "1" };
      await okOrRefused(trial, create, endpointRequest(trial, network, { options }));
      await createEndpoint(trial, network, 3);
    },
  },
  {
    ...shared,
    id: "NET-29",
    severity: "SHOULD",
    title: "CreateEndpoint on an unknown network fails",
    judge: async (trial) => {
      const network = { ...freshSubnet(), id: trial.id() };
      await trial.fails(create, endpointRequest(trial, network));
    },
  },
  {
    ...shared,
    id: "NET-30",
    severity: "SHOULD",
    title: "CreateEndpoint with the same id again leaves one endpoint, whether it is refused or not",
    judge: async (trial) => {
      const network = await createNetwork(trial);
      const before = await linksOf(trial);
      const request = endpointRequest(trial, network);
      await trial.ok(create, request);
      await okOrRefused(trial, create, request);
      await trial.ok(remove, keyOf(request));
      await linksAsBefore(trial, before, "one DeleteEndpoint");
      await createEndpoint(trial, network);
    },
  },
  {
    ...shared,
    id: "NET-31",
    severity: "SHOULD",
    rule: networkRules.network,
    needs: ["links"],
    title: "A CreateEndpoint that fails leaves no link behind, for no DeleteEndpoint follows",
    judge: async (trial) => {
      const network = await createNetwork(trial);
      const wrong = [
        endpointRequest(trial, { ...network, id: trial.id() }),
        endpointRequest(trial, network, { interface: { Address: "nonsense", MacAddress: "nonsense" } }),
      ];
      let refused = 0;
      for (const request of wrong) {
        const before = await linksOf(trial);
        if ((await trial.send(create, request)).failure === undefined) continue;
        refused += 1;
        await linksAsBefore(trial, before, "a CreateEndpoint that was refused");
      }
      if (refused === 0) trial.skip("the driver refuses no endpoint, so that there is no failure to look at");
    },
  },
  {
    ...shared,
    id: "NET-32",
    title: "EndpointOperInfo of an endpoint that has joined answers an object or nothing",
    judge: async (trial) => {
      const { endpoint } = await joinedEndpoint(trial);
      const value = fieldOf(await trial.ok(info, endpoint), "Value");
      if (value === undefined || isObject(value)) return;
      throw new Violation(`Value is ${brief(value)}; it has to be an object, or the container does not start`);
    },
  },
  {
    ...shared,
    id: "NET-33",
    severity: "SHOULD",
    rule: networkRules.daemon,
    title: "EndpointOperInfo of an endpoint that has not joined succeeds",
    judge: async (trial) => void (await trial.ok(info, await createEndpoint(trial, await createNetwork(trial)))),
  },
  {
    ...shared,
    id: "NET-47",
    severity: "SHOULD",
    rule: networkRules.endpoint,
    needs: ["links"],
    title: "After Leave and DeleteEndpoint no link of the endpoint is left on the host",
    judge: async (trial) => {
      const network = await createNetwork(trial);
      const before = await linksOf(trial);
      const endpoint = await createEndpoint(trial, network);
      await trial.ok("NetworkDriver.Join", { ...endpoint, SandboxKey: "/var/run/docker/netns/0", Options: {} });
      await trial.ok("NetworkDriver.Leave", endpoint);
      await trial.ok(remove, endpoint);
      await linksAsBefore(trial, before, "DeleteEndpoint");
    },
  },
  {
    ...shared,
    id: "NET-48",
    severity: "SHOULD",
    rule: networkRules.network,
    title: "DeleteEndpoint of an endpoint that has never joined succeeds",
    judge: async (trial) => void (await trial.ok(remove, await createEndpoint(trial, await createNetwork(trial)))),
  },
  {
    ...shared,
    id: "NET-49",
    severity: "SHOULD",
    rule: networkRules.endpoint,
    title: "DeleteEndpoint of an unknown endpoint, or a second time, succeeds",
    judge: async (trial) => {
      const network = await createNetwork(trial);
      await trial.ok(remove, { NetworkID: network.id, EndpointID: trial.id() });
      const endpoint = await createEndpoint(trial, network);
      for (let times = 0; times < 2; times++) await trial.ok(remove, endpoint);
    },
  },
];

/** As Go's net.ParseMAC, but for the lengths that no Ethernet link takes. */
const macForms = [/^([\da-f]{2}:){5}[\da-f]{2}$/i, /^([\da-f]{2}-){5}[\da-f]{2}$/i, /^([\da-f]{4}\.){2}[\da-f]{4}$/i];

/** Makes an endpoint on a network of its own, and returns what the driver says of its interface. */
async function interfaceOf(trial: Trial, settled: object): Promise<JsonObject> {
  const request = endpointRequest(trial, await createNetwork(trial), { interface: settled });
  return readInterface(await trial.ok(create, request));
}

function readInterface(reply: JsonObject): JsonObject {
  const value = fieldOf(reply, "Interface") ?? {};
  if (!isObject(value)) throw new Violation(`Interface is ${brief(value)}; it has to be an object, or missing`);
  return value;
}

function refuseSettled(reply: JsonObject, key: string): void {
  const value = fieldOf(reply, key) ?? "";
  if (value === "") return;
  throw new Violation(
    `Interface.${key} is ${brief(value)} although the request had one; the engine takes any value for a change, also the same, and the container does not start`,
  );
}
