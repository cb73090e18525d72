import { existsSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { startChild, type Child } from "@outrigger/linux";
import { unavailable as labUnavailable } from "./engine-root.ts";

/** A headless Chromium on this machine's network. */
interface Browser extends AsyncDisposable {
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

/**
 * Its root folder gets what a program needs, seen by the browser alone. The shell is the first process of the namespace:
 * as it ends, with its standard input, so does everything in it, whatever ended us.
 */
const enter = `
mount --rbind /dev "$1/dev" && mount -t proc proc "$1/proc" && mount -t tmpfs memory "$1/tmp" || exit
{ chroot "$@" </dev/null; echo; echo "the browser has ended"; } &
cat >/dev/null`;

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
  "--user-data-dir=/tmp/profile",
];

/** Starts a browser with an empty profile, and waits until it can be driven. Throws where there can be none. */
export async function startBrowser(): Promise<Browser> {
  const reason = browserUnavailable();
  if (reason !== undefined) throw new Error(reason);
  const namespaces = ["--mount", "--pid", "--fork", "--kill-child"];
  const argv = ["sh", "-c", enter, "sh", root, command, ...flags, "about:blank"];
  const child = await startChild(["unshare", ...namespaces, ...argv], { graceMs: 0 });
  try {
    return { endpoint: await endpointOf(child), [Symbol.asyncDispose]: () => child[Symbol.asyncDispose]() };
  } catch (error) {
    await child[Symbol.asyncDispose]();
    throw error;
  }
}

/** Waits until the browser says where it is driven from. */
async function endpointOf(child: Child): Promise<string> {
  const limit = performance.now() + limitMs;
  for (;;) {
    const output = child.output();
    const endpoint = /^DevTools listening on (ws:\S+)$/m.exec(output)?.[1];
    if (endpoint !== undefined) return endpoint;
    const over = await Promise.race([child.ended, wait(20)]);
    if (over !== undefined || /^the browser has ended$/m.test(output))
      throw new Error(`the browser ended as it started: ${output}`);
    if (performance.now() > limit) throw new Error(`the browser was not ready within a minute: ${output}`);
  }
}
