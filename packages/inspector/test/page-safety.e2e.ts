// The page of outrigger trace --web in headless Chromium: what a hostile plugin cannot do, and who can read it.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { skipWithoutBrowser, startBrowser } from "@outrigger/e2e/lab";
import type { CallRecord } from "@outrigger/inspector";
import axe from "axe-core";
import { chromium, type Browser as Chromium, type Page } from "playwright-core";
import { openPage } from "./open-page.ts";
import { callOf } from "./web-client.ts";

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

const markup = `"><img src=x onerror="globalThis.hacked=1"><script>globalThis.hacked=1</script><a href="javascript:alert(1)">x</a>`;
const unseen = "\u202Egnp.exe\u0000\u001B[2J\u2066\u200B\uFEFF\u2028\r\uD800";
const hostile = ["", markup, unseen, "x".repeat(1_000_000), "__proto__", "constructor", "é́".repeat(5000)];

test("whatever a plugin and an engine say stays text", { skip }, async () => {
  await using opened = await openPage(browser, { calls: hostile.flatMap(callsWith) });
  const { page } = opened;
  await page.locator("#grid").focus();
  await page.keyboard.press("Home");
  let stories = 0;
  let seen = "";
  for (let call = 0; call < hostile.length * 3; call += 1) {
    await page.keyboard.press("Enter");
    await page.locator(".bodies").waitFor();
    seen += await page.locator("#panel").textContent();
    await page.keyboard.press("Escape");
    // Not every call is about something.
    await page.keyboard.press("s");
    if (await page.locator(".story").isVisible()) {
      stories += 1;
      seen += await page.locator("#panel").textContent();
      await page.keyboard.press("Escape");
    }
    await page.keyboard.press("j");
  }
  assert.ok(stories >= 6, `${stories} stories`);
  await page.locator("#methods li").nth(5).waitFor();
  assert.equal(await page.evaluate("globalThis.hacked"), undefined);
  assert.equal(await page.locator("img, iframe, object, embed, a, svg, body script").count(), 0);
  const whole = await page.evaluate<string>("document.title + document.body.textContent");
  assert.ok(whole.length < 400_000, `${whole.length} characters in the document`);
  const text = seen + whole;
  assert.ok(text.includes(markup.slice(0, 60)), "markup is shown as it is");
  assert.ok(text.includes("\\u{202e}gnp.exe\\u{0}\\u{1b}[2J\\u{2066}\\u{200b}\\u{feff}\\u{2028}"), "escapes are shown");
  assert.doesNotMatch(text, /(?![\n\t])[\p{C}\u2028\u2029]/u);
  const { origin } = new URL(opened.server.url);
  assert.deepEqual(
    opened.requested.filter((url) => !url.startsWith(`${origin}/`) && !url.startsWith("data:")),
    [],
  );
  assert.deepEqual(opened.complaints, []);
});

test("a plugin that makes up thousands of methods and names fills no list without end", { skip }, async () => {
  const calls = Array.from({ length: 1000 }, (_, index) =>
    callOf(index + 1, {
      method: `M${index}.N`,
      plugin: `p${index}`,
      request: { json: { Name: `v${index}` }, bytes: 9 },
    }),
  );
  const named = calls.map((call) => ({ ...call, number: call.number + 1000, method: "VolumeDriver.Get" }));
  await using opened = await openPage(browser, { calls: [...calls, ...named] });
  await opened.page.getByText("and 961 more; filter to see them").waitFor();
  const count = (selector: string): Promise<number> => opened.page.locator(selector).count();
  assert.deepEqual([await count("#methods li"), await count("#objects li")], [41, 61]);
  assert.deepEqual([await count("#filter-method option"), await count("#filter-plugin option")], [201, 201]);
});

test("even a script on the page could make no markup, run no text, and reach nobody else", { skip }, async () => {
  await using opened = await openPage(browser);
  const { page } = opened;
  const refused = async (script: string): Promise<string> =>
    page.evaluate<string>(
      `(async () => { try { await (${script}); return "done"; } catch (error) { return error.name; } })()`,
    );
  assert.equal(await refused(`document.body.innerHTML = "<b>x</b>"`), "TypeError");
  assert.equal(
    await refused(`document.body.append(Object.assign(document.createElement("script"), { text: "1" }))`),
    "TypeError",
  );
  assert.equal(await refused(`fetch("http://127.0.0.1:9/")`), "TypeError");
  assert.equal(await refused(`document.body.setAttribute("onclick", "globalThis.hacked = 1")`), "TypeError");
  assert.ok(
    opened.complaints.every((text) => /Content Security Policy|Trusted/i.test(text)),
    opened.complaints.join("\n"),
  );
});

test("every view passes the accessibility rules, light and dark, wide and narrow", { skip }, async () => {
  await using empty = await openPage(browser);
  await passes(empty.page, "waiting", ["light"]);
  const calls = Array.from({ length: 20 }, (_, index) => variedCall(index + 1));
  await using opened = await openPage(browser, { calls });
  const { page } = opened;
  await page.locator("#objects li").first().waitFor();
  await page.locator("#rows .failed .outcome").last().click();
  await passes(page, "a call", ["light", "dark"]);
  await page.keyboard.press("s");
  await page.locator(".story").waitFor();
  await passes(page, "a story", ["light", "dark"]);
  await page.setViewportSize({ width: 390, height: 844 });
  await page.keyboard.press("Escape");
  await passes(page, "a call, narrow", ["light"]);
  await page.keyboard.press("Escape");
  await page.locator("#overview-button").click();
  await passes(page, "the overview, narrow", ["dark"]);
  await page.keyboard.press("Escape");
  await page.keyboard.press("?");
  await page.locator("#keys").waitFor();
  await passes(page, "the keys", ["dark"]);
});

/** The same text wherever a plugin or an engine can put one. */
function callsWith(text: string, index: number): CallRecord[] {
  const body = { json: { Name: text, ID: text, Opts: { [text]: text } }, bytes: 100 };
  const number = index * 3;
  return [
    callOf(number + 1, { plugin: text, method: text, request: { text, bytes: 10 }, error: text, status: 500 }),
    callOf(number + 2, { plugin: text, method: `VolumeDriver.${text}`, request: body, reply: body, at: text }),
    callOf(number + 3, { request: body, reply: { json: { Mountpoint: text, [text]: [text] }, bytes: 100 } }),
  ];
}

function variedCall(number: number): CallRecord {
  const failure = { reply: { json: { Err: "no such volume" }, bytes: 24 }, status: 500, error: "no such volume" };
  return callOf(number, { milliseconds: number ** 2, ...(number % 7 === 0 ? failure : {}) });
}

/** Runs the rules of WCAG 2.2 A and AA and of good practice. */
async function passes(page: Page, view: string, schemes: readonly ("light" | "dark")[]): Promise<void> {
  await page.evaluate(axe.source);
  for (const colorScheme of schemes) {
    await page.emulateMedia({ colorScheme, reducedMotion: "reduce" });
    const violations = await page.evaluate<axe.Result[]>("axe.run().then(({ violations }) => violations)");
    const told = violations.map(({ id, nodes: [first] }) => `${id}: ${first?.html} ${first?.failureSummary}`);
    assert.deepEqual(told, [], `${view}, ${colorScheme}`);
  }
}
