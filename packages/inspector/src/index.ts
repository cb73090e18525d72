export type { CallRecord, Content } from "./call-record.ts";
export { createFeed, type Feed, type FeedOptions, type Subscription } from "./feed.ts";
export { InspectorError, type InspectorErrorCode } from "./inspector-error.ts";
export { redacted, Redactor } from "./redactor.ts";
export { findAside, putBack, type AsideFolder, type PutBack } from "./seat-leftovers.ts";
export { traceAddress } from "./trace-address.ts";
export type { TraceEvent } from "./trace-event.ts";
export { traceSocket, type TraceOptions, type Tracing } from "./trace-socket.ts";
