export type { CallRecord, Content } from "./call-record.ts";
export { createFeed, type Feed, type FeedOptions, type Subscription } from "./feed.ts";
