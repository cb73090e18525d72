export type { CallRecord, Content } from "./call-record.ts";
export { createFeed, type Feed, type FeedOptions, type Subscription } from "./feed.ts";
export { serveWebPage, type About, type WebPage, type WebPageOptions } from "./web/serve-web-page.ts";
