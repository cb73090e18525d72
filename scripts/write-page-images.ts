// Writes the pictures of docs/trace-web.md: calls that a real Docker Engine made, on the page in a real browser.
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { lab, startBrowser } from "@outrigger/e2e/lab";
import { createFeed, isHeader, readRecording, serveWebPage, type CallRecord } from "@outrigger/inspector";
import { chromium, type Page } from "playwright-core";
import { servePlugins, until } from "../e2e/plugin-on-host.ts";

const root = fileURLToPath(new URL("..", import.meta.url));
const command = join(root, "packages/cli/src/main.ts");
const name = "volume-local";

const commands = [
  ["volume", "create", "-d", name, "data"],
  ["run", "--rm", "-v", "data:/data", "busybox", "sh", "-c", "echo kept >/data/file"],
  ["run", "--detach", "--name", "web", "-v", "data:/data", "busybox", "sleep", "1000"],
  [
    "run",
    "--detach",
    "--name",
    "db",
    "-v",
    "data:/data",
    "-v",
    "pgdata:/pg",
    "--volume-driver",
    name,
    "busybox",
    "sleep",
    "1000",
  ],
  ["volume", "create", "-d", name, "-o", "sise=10G", "cache"],
  ["volume", "inspect", "data"],
  ["volume", "ls"],
  ["rm", "--force", "web"],
  ["volume", "rm", "data"],
  ["rm", "--force", "db"],
  ["volume", "rm", "data"],
  ["volume", "ls"],
];

const calls = await record();
const feed = createFeed();
for (const call of calls) feed.publish(call);
const plugins = [{ name, address: `unix:///run/docker/plugins/${name}.sock`, implements: ["VolumeDriver"] }];
await using server = await serveWebPage({ feed, about: () => ({ plugins, recording: null }) });
await using program = await startBrowser();
const browser = await chromium.connectOverCDP(program.endpoint);
await picture("trace-light", "light", openMount);
await picture("trace-dark", "dark", openMount);
await picture("trace-story", "light", async (page) => {
  await page.locator("#objects").getByRole("button", { name: "Story of volume data" }).click();
  await page.locator(".steps li").first().waitFor();
});
await browser.close();

/** Records what an engine asks of a plugin while people use Docker. */
async function record(): Promise<CallRecord[]> {
  await using host = await lab.host();
  await host.image("busybox");
  await using _plugin = await servePlugins(host);
  const file = join(host.share, "calls.jsonl");
  await using recorder = await host.start([process.execPath, command, "record", file, name]);
  await until("calls are recorded", () => recorder.output().includes("recording"));
  // Some of them are to fail.
  for (const args of commands) await host.docker(args).catch(() => {});
  recorder.kill("SIGINT");
  await recorder.ended;
  const recorded: CallRecord[] = [];
  for await (const { record: line } of readRecording(file)) if (!isHeader(line)) recorded.push(line);
  return recorded;
}

async function openMount(page: Page): Promise<void> {
  const mounts = page.locator("#rows .row", { hasText: "VolumeDriver.Mount" });
  await mounts.last().locator(".outcome").click();
  await page.locator(".bodies").waitFor();
}

async function picture(file: string, colorScheme: "light" | "dark", act: (page: Page) => Promise<void>): Promise<void> {
  const context = await browser.newContext({
    viewport: { width: 1280, height: 720 },
    colorScheme,
    reducedMotion: "reduce",
  });
  const page = await context.newPage();
  await page.goto(server.url);
  await page.locator("#objects li").first().waitFor();
  await act(page);
  await page.evaluate("document.activeElement.blur()");
  await page.screenshot({ path: join(root, "docs/images", `${file}.png`) });
  await context.close();
}
