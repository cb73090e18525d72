export { authz } from "./authz.ts";
export {
  defineProtocol,
  type Field,
  type Fields,
  type Format,
  type Message,
  type Method,
  type Methods,
  type Protocol,
  type Reply,
  type Request,
  type Shape,
  type Value,
} from "./descriptor.ts";
export { ipamDriver } from "./ipam-driver.ts";
export { decodeLogEntries, decodeLogEntry, encodeLogEntry, type LogEntry } from "./log-entry.ts";
export { logDriver } from "./log-driver.ts";
export { codecOf, takesEmptyBody, type Codec } from "./message.ts";
export { metricsCollector } from "./metrics-collector.ts";
export { networkDriver } from "./network-driver.ts";
export { DriverError, PluginError, RequestError, type ErrorCode } from "./plugin-error.ts";
export { pluginHandshake } from "./plugin-handshake.ts";
export { protocols, type ProtocolName } from "./protocols.ts";
export { secretProvider } from "./secret-provider.ts";
export { volumeDriver } from "./volume-driver.ts";
