import { createServer } from "node:http";
import { isIPv4 } from "node:net";
import type { Metrics } from "@outrigger/plugin";
import { EnvironmentError, messageOf, UsageError } from "./command-error.ts";

/** Figures of plugins by their name, over HTTP. */
export interface MetricsServer extends AsyncDisposable {
  /** `http://127.0.0.1:9323/metrics`. */
  readonly url: string;
}

/** Serves `GET /metrics` at a loopback `address:port`; throws `UsageError` for any other, `EnvironmentError` for one in use. */
export async function serveMetrics(address: string, all: ReadonlyMap<string, Metrics>): Promise<MetricsServer> {
  const { host, port } = parseLoopback(address);
  const server = createServer((request, response) => {
    const found = request.url === "/metrics";
    const allowed = request.method === "GET" || request.method === "HEAD";
    if (!found || !allowed) return void response.writeHead(found ? 405 : 404).end("GET /metrics\n");
    response.setHeader("Content-Type", "text/plain; version=0.0.4; charset=utf-8");
    response.end(joinTexts([...all].map(([plugin, metrics]) => metrics.text(plugin))));
  });
  try {
    const listening = Promise.withResolvers<void>();
    server.once("error", listening.reject).listen({ host, port }, listening.resolve);
    await listening.promise;
  } catch (cause) {
    throw new EnvironmentError(`cannot serve metrics at ${address}: ${messageOf(cause)}; name another port`, { cause });
  }
  const bound = server.address();
  const actual = typeof bound === "object" ? (bound?.port ?? port) : port;
  return {
    url: `http://${address.slice(0, address.lastIndexOf(":"))}:${actual}/metrics`,
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

function parseLoopback(address: string): { host: string; port: number } {
  const [, bracketed, plain, digits] = /^(?:\[([\d:a-f]+)\]|([\d.]+)):(\d{1,5})$/.exec(address) ?? [];
  const host = bracketed ?? plain ?? "";
  const port = Number(digits);
  const local = bracketed === "::1" || (isIPv4(host) && host.startsWith("127."));
  if (local && port <= 65_535) return { host, port };
  throw new UsageError(
    `metrics: "${address}" is not an address of this machine alone; write 127.0.0.1:port or [::1]:port, and let something with a lock on its door serve it to others`,
  );
}

/** The format wants each family once, with the lines of all plugins below its head. */
function joinTexts(texts: readonly string[]): string {
  const families = new Map<string, string[]>();
  for (const family of texts.flatMap((text) => text.split(/^(?=# HELP )/m))) {
    const [help = "", type = "", ...lines] = family.trimEnd().split("\n");
    const head = `${help}\n${type}`;
    families.set(head, [...(families.get(head) ?? []), ...lines]);
  }
  return [...families].map(([head, lines]) => `${[head, ...lines].join("\n")}\n`).join("");
}
