export { formatAddress, parseAddress, type Address, type ParsedAddress, type Rules } from "./address.ts";
export { createClient, type Client } from "./client.ts";
export { connect, type CallOptions, type CallTarget, type ConnectOptions, type PluginConnection } from "./connect.ts";
export { prepareDial, type Dialler } from "./dial.ts";
export { discover, lookup, type DiscoverOptions } from "./discover.ts";
export {
  ActivationError,
  CallError,
  DiscoveryError,
  type CallErrorCode,
  type CallErrorOptions,
  type DiscoveryErrorCode,
} from "./engine-error.ts";
export type { RawReply, StreamedReply } from "./exchange.ts";
export { JsonTextError, parseFirstJson, placeOf, type FirstValue } from "./json-text.ts";
export { knownMethod, type KnownMethod } from "./known-method.ts";
export { readEntry, type EntryKind, type PluginEntry } from "./plugin-entry.ts";
export { pluginFolders, type FoldersOptions, type PluginFolders } from "./plugin-folders.ts";
export { probe, type PluginState, type ProbedEntry, type ProbeOptions } from "./probe.ts";
export { engineDeadline, type Profile } from "./profile.ts";
export { createRegistry, type ActivePlugin, type Registry, type RegistryOptions } from "./registry.ts";
export { readRegularFile } from "./regular-file.ts";
export type { Clock, FailedAttempt, Retry, RetryPolicy } from "./retry.ts";
export type { TlsFacts } from "./tls-facts.ts";
export type { TlsConfig, TlsSettings } from "./tls-settings.ts";
export {
  createVolumeService,
  VolumeError,
  type InspectedVolume,
  type MountedVolume,
  type VolumeList,
  type VolumeService,
} from "./volume-service.ts";
export { openWire, type Wire, type WireRequest } from "./wire.ts";
