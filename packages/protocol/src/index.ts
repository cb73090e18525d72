export { codecOf, takesEmptyBody, type Codec } from "./message.ts";
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
export { DriverError, PluginError, RequestError, type ErrorCode } from "./plugin-error.ts";
export { pluginHandshake } from "./plugin-handshake.ts";
export { volumeDriver } from "./volume-driver.ts";
