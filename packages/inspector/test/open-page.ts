// The page in a real browser, for tests.
import { createFeed, serveWebPage, type About, type CallRecord, type Feed, type WebPage } from "@outrigger/inspector";
import type { Browser as Chromium, BrowserContextOptions, Page } from "playwright-core";
import { about } from "./web-client.ts";

/** An open page, and what feeds it. */
export interface OpenPage extends AsyncDisposable {
  readonly page: Page;
  readonly feed: Feed;
  readonly server: WebPage;
  /** What the browser complained of: errors of scripts, and what the page's policy kept from happening. */
  readonly complaints: readonly string[];
  /** Every address that was asked for. */
  readonly requested: readonly string[];
}

/** What to open the page with. */
export interface OpenPageOptions extends BrowserContextOptions {
  readonly about?: () => About;
  readonly calls?: readonly CallRecord[];
}

/** Serves a page, opens it, and waits until it has all calls. */
export async function openPage(browser: Chromium, options: OpenPageOptions = {}): Promise<OpenPage> {
  const { calls = [], about: told = about, ...contextOptions } = options;
  await using opening = new AsyncDisposableStack();
  const feed = createFeed();
  for (const call of calls) feed.publish(call);
  const server = opening.use(await serveWebPage({ feed, about: told }));
  const context = await browser.newContext({ viewport: { width: 1280, height: 800 }, ...contextOptions });
  opening.defer(() => context.close());
  const page = await context.newPage();
  const [complaints, requested]: [string[], string[]] = [[], []];
  page.on("console", (message) => complaints.push(message.text()));
  page.on("pageerror", (error) => complaints.push(String(error)));
  page.on("dialog", (dialog) => complaints.push(`dialog: ${dialog.message()}`));
  page.on("request", (request) => requested.push(request.url()));
  await page.goto(server.url);
  await page.locator('#connection[data-state="live"]').waitFor();
  if (calls.length > 0) await page.locator("#rows .row").first().waitFor();
  const opened = opening.move();
  return { page, feed, server, complaints, requested, [Symbol.asyncDispose]: () => opened.disposeAsync() };
}
