// What two plugins, or one plugin at two times, may answer differently without being different.

/**
 * How two values are compared.
 * `time`: both are times. `path`: both are absolute paths. `chosen`: both are there; later requests that repeat the
 * recorded one get the new one. `text`: words alone count, not the ids, paths, times and ports in them. `anything`: not
 * at all.
 */
export type Match = "time" | "path" | "chosen" | "text" | "anything";

/** One rule: where it holds, and why. */
export interface MatchRule {
  /** `VolumeDriver.Get`, or `*`. */
  readonly method: string;
  /** The field's place in the answer, `*` standing for each item of a list. */
  readonly field: string;
  readonly as: Match;
  readonly reason: string;
}

const mountpoint = "each machine, and each root folder, has its own paths";
const chosen = "the plugin chooses it; the engine sends back what it got";
const words = "a text for people: what it quotes of this machine and this moment differs";

/** All of them. */
export const matchRules: readonly MatchRule[] = [
  { method: "*", field: "Err", as: "text", reason: words },
  { method: "*", field: "Error", as: "text", reason: words },
  { method: "*", field: "Msg", as: "text", reason: words },
  { method: "VolumeDriver.Mount", field: "Mountpoint", as: "path", reason: mountpoint },
  { method: "VolumeDriver.Path", field: "Mountpoint", as: "path", reason: mountpoint },
  { method: "VolumeDriver.Get", field: "Volume.Mountpoint", as: "path", reason: mountpoint },
  { method: "VolumeDriver.List", field: "Volumes.*.Mountpoint", as: "path", reason: mountpoint },
  { method: "VolumeDriver.Get", field: "Volume.CreatedAt", as: "time", reason: "the volume is made anew" },
  { method: "VolumeDriver.List", field: "Volumes.*.CreatedAt", as: "time", reason: "the volume is made anew" },
  { method: "VolumeDriver.Get", field: "Volume.Status", as: "anything", reason: "anything worth showing, for people" },
  {
    method: "VolumeDriver.List",
    field: "Volumes.*.Status",
    as: "anything",
    reason: "anything worth showing, for people",
  },
  { method: "IpamDriver.GetDefaultAddressSpaces", field: "LocalDefaultAddressSpace", as: "chosen", reason: chosen },
  { method: "IpamDriver.GetDefaultAddressSpaces", field: "GlobalDefaultAddressSpace", as: "chosen", reason: chosen },
  { method: "IpamDriver.RequestPool", field: "PoolID", as: "chosen", reason: chosen },
  { method: "IpamDriver.RequestPool", field: "Pool", as: "chosen", reason: chosen },
  { method: "IpamDriver.RequestPool", field: "Data", as: "anything", reason: "the plugin's own, opaque to the engine" },
  { method: "IpamDriver.RequestAddress", field: "Address", as: "chosen", reason: chosen },
  {
    method: "IpamDriver.RequestAddress",
    field: "Data",
    as: "anything",
    reason: "the plugin's own, opaque to the engine",
  },
  { method: "NetworkDriver.CreateEndpoint", field: "Interface.Address", as: "chosen", reason: chosen },
  { method: "NetworkDriver.CreateEndpoint", field: "Interface.AddressIPv6", as: "chosen", reason: chosen },
  {
    method: "NetworkDriver.CreateEndpoint",
    field: "Interface.MacAddress",
    as: "chosen",
    reason: "random where nobody gave one",
  },
  { method: "NetworkDriver.Join", field: "InterfaceName.SrcName", as: "chosen", reason: chosen },
  {
    method: "NetworkDriver.Join",
    field: "Gateway",
    as: "chosen",
    reason: "follows from the pool that the plugin chose",
  },
  {
    method: "NetworkDriver.EndpointOperInfo",
    field: "Value",
    as: "anything",
    reason: "anything worth showing, for people",
  },
  { method: "NetworkDriver.AllocateNetwork", field: "Options", as: "chosen", reason: chosen },
];

/** Lists whose order the engine does not look at, and the field that tells their items apart. */
export const unorderedLists: Readonly<Record<string, string>> = { "VolumeDriver.List Volumes": "Name" };

/** How a field of a method's answer is compared; undefined: exactly. */
export function matchFor(method: string, field: string): Match | undefined {
  const found = matchRules.find((rule) => (rule.method === "*" || rule.method === method) && rule.field === field);
  return found?.as;
}

/** A text without what differs from one machine and moment to the next. */
export function wordsOf(text: string): string {
  return text
    .replaceAll(/\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:\d\d)/g, "<time>")
    .replaceAll(/\b[0-9a-f]{2}(?::[0-9a-f]{2}){5}\b/gi, "<mac>")
    .replaceAll(/\b\d{1,3}(?:\.\d{1,3}){3}(?:\/\d{1,2})?(?::\d+)?\b/g, "<address>")
    .replaceAll(/(?<![\w/])(?:\/[\w.@+~-]+)+\/?/g, "<path>")
    .replaceAll(/\b[0-9a-f]{12,64}\b/g, "<id>")
    .replaceAll(/\b\d+(?:\.\d+)? ?(?:µs|ms|s|min)\b/g, "<duration>")
    .replaceAll(/:\d{2,5}\b/g, ":<port>");
}
