export {
  definePlugin,
  type Call,
  type Driver,
  type DriverMethod,
  type Drivers,
  type Plugin,
  type Returned,
} from "./define-plugin.ts";
export type { CallRecord, Hooks } from "./hooks.ts";
export type { Listen } from "./listener.ts";
export { serve, type ServeOptions, type Serving } from "./serve.ts";
export { ServeError, type ServeErrorCode } from "./serve-error.ts";
export type { UnixAddress } from "./unix-socket.ts";
