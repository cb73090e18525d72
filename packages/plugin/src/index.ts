export {
  checkName,
  definePlugin,
  type Call,
  type Driver,
  type Drivers,
  type Plugin,
  type Returned,
} from "./define-plugin.ts";
export type { CallRecord, Hooks } from "./hooks.ts";
export type { Listen, Place } from "./listener.ts";
export { serve, type ServeOptions, type Serving } from "./serve.ts";
export { ServeError, type ServeErrorCode } from "./serve-error.ts";
export { placeSocket, type UnixAddress } from "./unix-socket.ts";
export { readLogPipe, type LogPipe, type LogSink } from "./log-pipe.ts";
export { createLogger, logCalls, type Logger } from "./logger.ts";
export {
  defineOptions,
  describeOptions,
  parseOptions,
  type Option,
  type Options,
  type OptionValue,
  type OptionValues,
} from "./options.ts";
export { definePluginModule, type PluginContext, type PluginModule } from "./plugin-module.ts";
export type { SystemdAddress } from "./systemd.ts";
export type { TcpAddress } from "./tcp.ts";
export type { TlsAddress, TlsSpec } from "./tls.ts";
export { createMetrics, type Metrics } from "./metrics.ts";
export { nearest } from "./nearest.ts";
