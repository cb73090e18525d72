import { existsSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { startChild } from "@outrigger/linux";
import { unavailable as labUnavailable } from "./engine-root.ts";

/** A headless Chromium on this machine's network. */
export interface Browser extends AsyncDisposable {
  /** Where it is driven from: a WebSocket of the Chrome DevTools Protocol. */
  readonly endpoint: string;
}

const root = fileURLToPath(new URL("../../.lab/browser", import.meta.url));
const command = "/usr/lib/chromium/chromium";
const limitMs = 60_000;

/** Why there can be no browser here, in one line with the way out; undefined where there can. */
function browserUnavailable(): string | undefined {
  if (!existsSync(join(root, ".outrigger-root")))
    return "there is no root folder of the browser; run `npm run setup -- --lab=browser` on Debian as root";
  return labUnavailable();
}

/** What a story gives node:test as `skip`: the reason where there is no browser. On CI nothing is skipped, it fails. */
export function skipWithoutBrowser(): string | false {
  return process.env.CI === "true" ? false : (browserUnavailable() ?? false);
}

/** Its root folder gets what a program needs of the machine; the mounts are seen by the browser alone and end with it. */
const enter = `
for folder in dev tmp; do mount --rbind "/$folder" "$1/$folder" || exit; done
mount -t proc proc "$1/proc" && exec chroot "$@"`;

const flags = [
  "--headless",
  "--no-sandbox",
  "--disable-gpu",
  "--disable-dev-shm-usage",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
  "--remote-debugging-port=0",
];

/** Starts a browser with an empty profile, and waits until it can be driven. Throws where there can be none. */
export async function startBrowser(): Promise<Browser> {
  const reason = browserUnavailable();
  if (reason !== undefined) throw new Error(reason);
  await using opening = new AsyncDisposableStack();
  // The browser sees it under the same path: /tmp is the machine's.
  const profile = await mkdtemp(join("/tmp", "outrigger-browser-"));
  opening.defer(() => rm(profile, { recursive: true, force: true, maxRetries: 5 }));
  const chromium = [command, ...flags, `--user-data-dir=${profile}`, "about:blank"];
  const namespaces = ["--mount", "--pid", "--fork", "--kill-child"];
  const child = opening.use(
    await startChild(["unshare", ...namespaces, "sh", "-c", enter, "sh", root, ...chromium], { graceMs: 0 }),
  );
  const limit = performance.now() + limitMs;
  for (;;) {
    const endpoint = /^DevTools listening on (ws:\S+)$/m.exec(child.output())?.[1];
    if (endpoint !== undefined) {
      const opened = opening.move();
      return { endpoint, [Symbol.asyncDispose]: () => opened.disposeAsync() };
    }
    const over = await Promise.race([child.ended, wait(20)]);
    if (over !== undefined || performance.now() > limit)
      throw new Error(
        `the browser ${over === undefined ? "was not ready within a minute" : "ended"}: ${child.output()}`,
      );
  }
}
