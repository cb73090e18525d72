// The page of outrigger trace --web in headless Chromium: what it shows, and that keys are enough to use it.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { setImmediate as nextTurn } from "node:timers/promises";
import { skipWithoutBrowser, startBrowser } from "@outrigger/e2e/lab";
import type { CallRecord } from "@outrigger/inspector";
import { chromium, type Browser as Chromium, type Page } from "playwright-core";
import { openPage, type OpenPageOptions } from "./open-page.ts";
import { about, callOf, until } from "./web-client.ts";

const skip = skipWithoutBrowser();
const atEnd = new AsyncDisposableStack();
let browser: Chromium;

if (skip === false) {
  before(async () => {
    const { endpoint } = atEnd.use(await startBrowser());
    browser = await chromium.connectOverCDP(endpoint);
    atEnd.defer(() => browser.close());
  });
  after(() => atEnd.disposeAsync());
}

const open = (options?: OpenPageOptions): ReturnType<typeof openPage> => openPage(browser, options);

test("a page without calls says what it waits for, and shows the first one", { skip }, async () => {
  await using opened = await open();
  const { page, feed } = opened;
  await shows(page, "#empty h3", "Waiting for the first call");
  await shows(page, "#empty code", "docker volume create -d data data");
  assert.equal(new URL(page.url()).search, "", "the token is not in the address any more");
  feed.publish(callOf(1, { milliseconds: 30_000, deadlineMs: 60_000 }));
  await shows(page, "#rows .outcome", "ok");
  await shows(page, "#rows .method", "VolumeDriver.Mount");
  await shows(page, "#rows .about", "data/data");
  await shows(page, "#rows .took", "30 s");
  await shows(page, "#rows .share", "50 % of 60 s");
  await shows(page, "#counts", "1 call");
  await shows(page, "#announcement", "1 call");
  await page.locator("#empty").waitFor({ state: "hidden" });
  assert.deepEqual(opened.complaints, []);
});

test("a failure is told by its words and its shape, not by colour alone", { skip }, async () => {
  await using opened = await open({ calls: [lost, callOf(2)] });
  const failed = opened.page.locator("#rows .row").first();
  assert.match(await failed.innerText(), /no answer[^]*the plugin closed the connection/);
  const shape = (row: string): Promise<string> =>
    opened.page.evaluate(styleOf(`#rows .row:${row} .outcome`, "borderRadius", "::before"));
  assert.notEqual(await shape("first-child"), await shape("last-child"));
});

test("keys are enough: filter, walk, open, read the story, go back", { skip }, async () => {
  await using opened = await open({ calls: life });
  const { page } = opened;
  await page.keyboard.press("/");
  await page.keyboard.type("volume cache");
  await shows(page, "#counts", "2 of 6 calls");
  await page.keyboard.press("Escape");
  assert.equal(await focused(page), "grid");
  assert.notEqual(await page.evaluate(styleOf("#grid", "outlineStyle")), "none", "the focus is seen");
  await page.keyboard.press("/");
  await page.keyboard.press("Delete");
  await shows(page, "#counts", "6 calls · 1 failed");
  await page.keyboard.press("Escape");

  await page.keyboard.press("Home");
  for (const key of ["j", "ArrowDown", "k"]) await page.keyboard.press(key);
  assert.equal(await page.locator('#rows [aria-selected="true"] .method').innerText(), "VolumeDriver.Create");
  const active = await page.locator("#grid").getAttribute("aria-activedescendant");
  assert.equal(await page.locator(`#${active} .method`).innerText(), "VolumeDriver.Create");

  await page.keyboard.press("Enter");
  await shows(page, "#panel-title", "VolumeDriver.Create");
  assert.equal(
    await page.locator('[aria-label="Request body"]').innerText(),
    '{\n  "Name": "data",\n  "Opts": {\n    "size": "1G"\n  }\n}',
  );
  assert.equal(await page.locator('[aria-label="Reply 200 body"]').innerText(), "{}");
  await page.keyboard.press("j");
  await shows(page, "#panel-title", "VolumeDriver.Mount");

  await page.keyboard.press("s");
  await shows(page, "#panel-title", "volume data");
  const steps = await page.locator(".steps li").allInnerTexts();
  assert.equal(steps.length, 4);
  assert.match(steps[1] ?? "", /Create[^]*exists no → yes[^]*option size 1G/);
  assert.match(steps[2] ?? "", /Mount[^]*held by 0123456789ab[^]*mountpoint \/data/);
  await page.keyboard.press("Tab");
  await page.keyboard.press("Tab");
  await page.keyboard.press("Tab");
  await page.keyboard.press("Enter");
  await shows(page, "#panel-title", "VolumeDriver.Get");
  await page.keyboard.press("Escape");
  await page.locator("#panel").waitFor({ state: "hidden" });
  assert.equal(await focused(page), "grid");
  assert.deepEqual(opened.complaints, []);
});

test("filters are by method, failure and time, and can be cleared", { skip }, async () => {
  await using opened = await open({ calls: [...life, callOf(7, { plugin: "other", milliseconds: 99 })] });
  const { page } = opened;
  await page.locator("#filter-method").selectOption("VolumeDriver.Mount");
  await shows(page, "#counts", "3 of 7 calls");
  await page.locator("#filter-plugin").selectOption("other");
  await shows(page, "#counts", "1 of 7 calls");
  await page.locator("#filter button[type=reset]").click();
  await page.locator("#filter-failures").check();
  await shows(page, "#counts", "1 of 7 calls · 1 failed");
  await page.locator("#filter-failures").uncheck();
  await page.locator("#filter-slower").fill("50");
  await shows(page, "#counts", "1 of 7 calls");
  await page.locator("#filter-slower").fill("500");
  await shows(page, "#empty h3", "No call is like that");
  await page.locator("#empty button").click();
  await shows(page, "#counts", "7 calls · 1 failed");
});

test("a paused page stays as it is and says how much it has not shown", { skip }, async () => {
  await using opened = await open({ calls: [callOf(1)] });
  const { page, feed } = opened;
  await page.keyboard.press("p");
  await shows(page, "#pause", "Go on");
  for (const number of [2, 3]) feed.publish(callOf(number));
  await shows(page, "#pause", "Go on (2)");
  assert.equal(await page.locator("#rows .row").count(), 1);
  await page.keyboard.press("p");
  await shows(page, "#counts", "3 calls");
  assert.equal(await page.locator("#rows .row").count(), 3);
});

test(
  "thousands of calls keep a screenful of rows in the document, and move nothing that is read",
  { skip },
  async () => {
    await using opened = await open({ calls: [callOf(1)] });
    const { page, feed } = opened;
    await page.evaluate(watchShifts);
    for (let number = 2; number <= 2500; number += 1) {
      feed.publish(callOf(number, { milliseconds: number / 10 }));
      if (number % 100 === 0) await nextTurn();
    }
    await shows(page, "#counts", "2,000 calls · 2,500 in all");
    const rows = page.locator("#rows .row");
    await shows(page, "#rows .row:last-child .took", "250 ms");
    assert.ok((await rows.count()) < 60, `${await rows.count()} rows`);

    await page.locator("#grid").focus();
    await page.keyboard.press("Home");
    await shows(page, '#rows [aria-selected="true"] .took', "50.1 ms");
    await page.locator("#newest").waitFor();
    const place = (): Promise<number | undefined> =>
      page.locator('#rows [aria-selected="true"]').evaluate((row) => row.getBoundingClientRect().top);
    for (const key of ["PageDown", "PageDown"]) await page.keyboard.press(key);
    const before = await place();
    for (let number = 2501; number <= 2510; number += 1) feed.publish(callOf(number));
    await shows(page, "#counts", "2,000 calls · 2,510 in all");
    assert.equal(await place(), before, "what is read stays where it is as the oldest are let go");
    await page.locator("#newest").click();
    await shows(page, "#rows .row:last-child .took", "1.5 ms");
    await page.locator("#newest").waitFor({ state: "hidden" });
    assert.equal(await page.evaluate("shifted"), 0, "layout shift");
  },
);

test("a call is copied as the curl command that makes it again", { skip }, async () => {
  const plugins = [{ name: "data", address: "unix:///run/docker/plugins/data.sock", implements: [] }];
  await using opened = await open({ calls: [callOf(1)], about: () => ({ plugins, recording: null }) });
  const { page } = opened;
  await page.context().grantPermissions(["clipboard-read", "clipboard-write"]);
  await page.keyboard.press("j");
  await page.keyboard.press("c");
  await shows(page, "#panel .buttons button:first-child", "Copied");
  assert.equal(
    await page.evaluate("navigator.clipboard.readText()"),
    `curl --silent --show-error --request POST --unix-socket /run/docker/plugins/data.sock --header 'Content-Type: application/vnd.docker.plugins.v1.1+json' --data-raw '{"Name":"data","ID":"a"}' http://plugin/VolumeDriver.Mount`,
  );
});

test("each method has its latencies beside the calls, and filters by a click", { skip }, async () => {
  await using opened = await open({ calls: life });
  const { page } = opened;
  const mounts = page.locator("#methods li", { hasText: "VolumeDriver.Mount" });
  await mounts.waitFor();
  assert.match(await mounts.innerText(), /2 calls[^]*p50 1.5 ms[^]*p95 1.5 ms[^]*max 1.5 ms/);
  assert.match(
    (await mounts.locator("[role=img]").getAttribute("aria-label")) ?? "",
    /half within 1.5 ms, 95 % within/,
  );
  await mounts.getByRole("button").click();
  await shows(page, "#counts", "2 of 6 calls");
  await page.locator("#objects").getByRole("button", { name: "Story of volume cache" }).click();
  await shows(page, "#panel-title", "volume cache");
});

test("the page says that the command has ended, and that another one took its place", { skip }, async () => {
  await using opened = await open({ calls: [callOf(1)] });
  const { page, server } = opened;
  const port = Number(new URL(server.url).port);
  await server[Symbol.asyncDispose]();
  await shows(page, "#connection", "the command has ended or cannot be reached; trying again");
  assert.equal(await page.locator("#rows .row").count(), 1, "what came stays");
  const { createFeed, serveWebPage } = await import("@outrigger/inspector");
  await using _other = await serveWebPage({ feed: createFeed(), about, port });
  await shows(page, "#connection", "the command has ended; open the address that the next one prints");
});

test("on a small screen the page fits, and a call covers it until it is closed", { skip }, async () => {
  await using opened = await open({ calls: life, viewport: { width: 390, height: 844 }, reducedMotion: "reduce" });
  const { page } = opened;
  const tooWide = (): Promise<number> => page.evaluate("document.documentElement.scrollWidth - innerWidth");
  assert.equal(await tooWide(), 0);
  await page.locator("#rows .outcome").first().click();
  const panel = page.locator("#panel");
  assert.deepEqual(await panel.boundingBox(), { x: 0, y: 0, width: 390, height: 844 });
  assert.equal(await page.evaluate(styleOf("#panel", "animationName")), "none");
  assert.equal(await focused(page), "panel-title");
  assert.equal(await tooWide(), 0);
  await page.getByRole("button", { name: "Close" }).click();
  await panel.waitFor({ state: "hidden" });
  await page.locator("#overview-button").click();
  await page.locator("#methods li").first().waitFor();
  assert.equal(await tooWide(), 0);
});

const id = "0123456789abcdef".repeat(4);

const lost = callOf(1, { reply: null, status: null, error: "the plugin closed the connection" });

/** A volume's first calls, and another's. */
const life: readonly CallRecord[] = [
  callOf(1, {
    method: "VolumeDriver.Get",
    request: { json: { Name: "data" }, bytes: 15 },
    reply: { json: { Err: "no such volume" }, bytes: 24 },
    status: 500,
    error: "no such volume",
  }),
  callOf(2, {
    method: "VolumeDriver.Create",
    request: { json: { Name: "data", Opts: { size: "1G" } }, bytes: 38 },
    reply: { json: {}, bytes: 2 },
  }),
  callOf(3, { request: { json: { Name: "data", ID: id }, bytes: 88 } }),
  callOf(4, { request: { json: { Name: "cache", ID: id }, bytes: 88 } }),
  callOf(5, { method: "VolumeDriver.Unmount", request: { json: { Name: "cache", ID: id }, bytes: 88 } }),
  callOf(6, { method: "VolumeDriver.Unmount", request: { json: { Name: "data", ID: id }, bytes: 88 } }),
];

/** Waits until a place has a text. */
async function shows(page: Page, selector: string, text: string): Promise<void> {
  const place = page.locator(selector).first();
  const texts = async (): Promise<string> => ((await place.textContent()) ?? "").trim();
  await until(`"${selector}" shows "${text}"`, async () => (await texts()) === text).catch(async (cause: unknown) => {
    throw new Error(`"${selector}" is to show "${text}", and has "${await texts()}"`, { cause });
  });
}

/** The id of the element that has the keyboard. */
function focused(page: Page): Promise<string> {
  return page.evaluate("document.activeElement.id");
}

/** A style of an element, or of what stands before it, as a script for the browser. */
function styleOf(selector: string, property: string, pseudo = ""): string {
  return `getComputedStyle(document.querySelector("${selector}"), "${pseudo}").${property}`;
}

/** Sums up how far the browser saw things move that nobody asked to move. */
const watchShifts = `
globalThis.shifted = 0;
new PerformanceObserver((list) => {
  for (const entry of list.getEntries()) if (!entry.hadRecentInput) globalThis.shifted += entry.value;
}).observe({ type: "layout-shift", buffered: true });`;
