// What to say to a plugin, whatever it implements, in order to judge how it takes requests.
import type { Answer } from "../answer.ts";
import { fieldOf } from "../json-field.ts";
import type { SendOptions, Trial } from "../trial.ts";
import { Violation } from "../violation.ts";
import { kindsOf } from "./kinds.ts";

/** One call of a probe. */
export interface Call {
  readonly method: string;
  readonly request?: object;
}

/** Calls by what they are good for. */
export interface Probe {
  /** Succeeds on every plugin of the protocol, and changes nothing. */
  readonly quiet: Call;
  /** Takes a body, and succeeds. Each probe has names of its own. */
  readonly act: Required<Call>;
  /** Whether the plugin has read what `act` said; true where that cannot be seen. */
  readonly took: (answer: Answer) => Promise<boolean>;
  /** Takes back what `act` did. */
  readonly undo?: Required<Call>;
  /** Has to fail; `undo` is for a plugin on which it does not. */
  readonly failing?: Call & { readonly undo?: string };
  /** The request of `act` with null for what may be missing. */
  readonly withNulls?: object;
  /** `act` can be sent again when its answer got lost. */
  readonly repeatable: boolean;
  /** What the plugin holds; the empty string where that cannot be seen. */
  readonly state: () => Promise<string>;
}

/** A probe for the first protocol of the plugin that has one; skips the case where none has. */
export async function probeOf(trial: Trial): Promise<Probe> {
  const kinds = await kindsOf(trial);
  const kind = Object.keys(probes).find((name) => kinds.includes(name));
  const probe = kind === undefined ? undefined : await probes[kind]?.(trial);
  return probe ?? trial.skip(`no call is known that shows it on a plugin of ${kinds.join(", ") || "no protocol"}`);
}

/** Sends `act`, changed by `body` and `options`; throws where it is not taken as the engine's own would be. */
export async function act(
  trial: Trial,
  probe: Probe,
  options: SendOptions & { readonly body?: object | string | Uint8Array } = {},
): Promise<Answer> {
  const { body = probe.act.request, ...rest } = options;
  takeBack(trial, probe);
  const answer = await trial.send(probe.act.method, body, rest);
  if (answer.failure !== undefined) await refused(trial, answer, "");
  if (await probe.took(answer)) return answer;
  throw new Violation(`${probe.act.method} was answered, but its body was not read: ${answer.reply.body.toString()}`);
}

/**
 * Throws for a refusal, and skips the case where the plugin refuses the same in its most common forms, too: then
 * it is not the form that it minds. `how` says what was special.
 */
export async function refused(trial: Trial, answer: Answer, how: string): Promise<never> {
  for (const type of ["application/json", undefined]) {
    const probe = await probeOf(trial);
    takeBack(trial, probe);
    const headers = { "Content-Type": type, Accept: "*/*", Host: "localhost" };
    const plain = await trial.send(probe.act.method, JSON.stringify(probe.act.request), { headers });
    if (plain.failure === undefined) throw new Violation(`${answer.method} ${how}was refused: ${answer.failure}`);
  }
  return trial.skip(`${answer.method} is refused in any form (${answer.failure}); give the options that it needs`);
}

/** Whatever comes of the case, what `act` did is taken back. */
export function takeBack(trial: Trial, { undo }: Probe): void {
  if (undo !== undefined) trial.defer(() => trial.send(undo.method, undo.request).catch(() => {}));
}

/** Sends the quiet call, which shows that the plugin still serves; `after` says after what. */
export async function stillServes(trial: Trial, probe: Probe, after: string): Promise<void> {
  const { method, request } = probe.quiet;
  const answer = await trial.send(method, request);
  if (answer.failure !== undefined) throw new Violation(`${method} fails after ${after}: ${answer.failure}`);
}

const nothing = async (): Promise<string> => "";

const probes: Readonly<Record<string, (trial: Trial) => Probe | Promise<Probe>>> = {
  VolumeDriver: (trial) => {
    const Name = trial.name();
    const Opts = trial.setting.options ?? {};
    return {
      quiet: { method: "VolumeDriver.List" },
      act: { method: "VolumeDriver.Create", request: { Name, Opts } },
      took: async () => {
        const got = await trial.send("VolumeDriver.Get", { Name });
        return got.failure === undefined && fieldOf(got.fields, "Volume", "Name") === Name;
      },
      undo: { method: "VolumeDriver.Remove", request: { Name } },
      failing: {
        method: "VolumeDriver.Mount",
        request: { Name: trial.name("none"), ID: trial.id() },
        undo: "VolumeDriver.Unmount",
      },
      ...(trial.setting.options === undefined ? { withNulls: { Name, Opts: null } } : {}),
      repeatable: true,
      state: async () => {
        const list = fieldOf(await trial.ok("VolumeDriver.List"), "Volumes");
        const names = Array.isArray(list) ? list.map((volume) => String(fieldOf(volume, "Name"))) : [];
        return names.sort().join(", ");
      },
    };
  },
  LogDriver: (trial) => {
    const File = `/run/docker/logging/${trial.id()}`;
    return {
      quiet: { method: "LogDriver.StopLogging", request: { File: `/run/docker/logging/${trial.id()}` } },
      act: { method: "LogDriver.StopLogging", request: { File } },
      took: async () => true,
      failing: {
        method: "LogDriver.StartLogging",
        request: { File: `${File}/none`, Info: { ContainerID: trial.id(), Config: {} } },
      },
      repeatable: true,
      state: nothing,
    };
  },
  authz: (trial) => {
    const ping = { RequestMethod: "GET", RequestUri: "/_ping" };
    return {
      quiet: { method: "AuthZPlugin.AuthZReq", request: ping },
      act: { method: "AuthZPlugin.AuthZReq", request: ping },
      took: async ({ fields }) => {
        const plain = await trial.send("AuthZPlugin.AuthZReq", ping);
        return fieldOf(fields, "Allow") === fieldOf(plain.fields, "Allow");
      },
      // An error or a no: only an error shows how it looks.
      failing: { method: "AuthZPlugin.AuthZReq", request: { RequestMethod: 1, RequestUri: 1 } },
      withNulls: { ...ping, RequestBody: null, RequestHeaders: null, RequestPeerCertificates: null },
      repeatable: true,
      state: nothing,
    };
  },
  IpamDriver: async (trial) => {
    const spaces = await trial.send("IpamDriver.GetDefaultAddressSpaces");
    const AddressSpace = fieldOf(spaces.fields, "LocalDefaultAddressSpace") ?? "";
    const request = { AddressSpace, Pool: "", SubPool: "", Options: trial.setting.options ?? {}, V6: false };
    return {
      quiet: { method: "IpamDriver.GetDefaultAddressSpaces" },
      act: { method: "IpamDriver.RequestPool", request },
      took: async ({ fields }) => {
        const PoolID = fieldOf(fields, "PoolID");
        trial.defer(() => trial.send("IpamDriver.ReleasePool", { PoolID }).catch(() => {}));
        return typeof PoolID === "string" && PoolID !== "";
      },
      failing: {
        method: "IpamDriver.RequestAddress",
        request: { PoolID: trial.name("none"), Address: "", Options: {} },
      },
      withNulls: { ...request, Options: null },
      repeatable: false,
      state: nothing,
    };
  },
  secretprovider: (trial) => {
    const SecretName = trial.setting.secret;
    if (SecretName === undefined) return trial.skip("no secret of the plugin is known; name one with --secret");
    const call = { method: "SecretProvider.GetSecret", request: { SecretName } };
    return {
      quiet: call,
      act: call,
      took: async ({ fields }) => typeof fieldOf(fields, "Value") === "string",
      failing: { method: call.method, request: { SecretName: trial.name("none") } },
      withNulls: { SecretName, SecretLabels: null, ServiceLabels: null, ServiceEndpointSpec: null },
      repeatable: true,
      state: nothing,
    };
  },
  NetworkDriver: (trial) => {
    const NetworkID = trial.id();
    const generic = trial.setting.options ?? {};
    const request = {
      NetworkID,
      Options: { "com.docker.network.enable_ipv6": false, "com.docker.network.generic": generic },
      IPv4Data: [{ AddressSpace: "", Pool: "10.213.78.0/24", Gateway: "10.213.78.1/24" }],
      IPv6Data: [],
    };
    return {
      quiet: { method: "NetworkDriver.GetCapabilities" },
      act: { method: "NetworkDriver.CreateNetwork", request },
      took: async () => true,
      undo: { method: "NetworkDriver.DeleteNetwork", request: { NetworkID } },
      failing: {
        method: "NetworkDriver.CreateEndpoint",
        request: { NetworkID: trial.id(), EndpointID: trial.id(), Interface: {}, Options: {} },
      },
      withNulls: { ...request, IPv6Data: null },
      repeatable: false,
      state: nothing,
    };
  },
};
