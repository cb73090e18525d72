// The page that shows calls in a browser of this machine, and to nobody else.
import { once } from "node:events";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import type { Feed } from "../feed.ts";
import { Access, type Place } from "./access.ts";
import { streamEvents } from "./event-stream.ts";
import { History } from "./history.ts";
import { readPageFiles, type PageFile } from "./page-files.ts";

/** What to show, and where. */
export interface WebPageOptions {
  readonly feed: Feed;
  /** A free one where left out. */
  readonly port?: number;
  /** This machine's loopback; 127.0.0.1 where left out. */
  readonly host?: Place["host"];
  /** Asked for each time a page is opened. */
  readonly about: () => About;
  /** Calls that a page that comes late, or again, still gets; 2000 where left out. */
  readonly keep?: number;
  /** Milliseconds that a page may leave unread what it was sent; 30,000 where left out. */
  readonly stallMs?: number;
}

/** What the page says of itself. */
export interface About {
  /** The plugins whose calls are shown. */
  readonly plugins: readonly AboutPlugin[];
  /** The file whose calls are shown; null where they are live. */
  readonly recording: string | null;
}

/** What the page knows of a plugin before its first call. */
export interface AboutPlugin {
  readonly name: string;
  /** Where to send a call again, `unix:///run/docker/plugins/data.sock`; null where it is nowhere. */
  readonly address: string | null;
  /** What it implements, for a command to try; empty where nobody knows. */
  readonly implements: readonly string[];
}

/** A page that is being served. Disposing it ends all connections. */
export interface WebPage extends AsyncDisposable {
  /** The address that opens it, with its token. */
  readonly url: string;
}

/** The browser is told to refuse whatever is not ours, and to turn no text into markup. */
const headers = {
  "cache-control": "no-store",
  "content-security-policy": [
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self'",
    "connect-src 'self'",
    "img-src 'self' data:",
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
    "require-trusted-types-for 'script'",
    "trusted-types 'none'",
  ].join("; "),
  "cross-origin-opener-policy": "same-origin",
  "cross-origin-resource-policy": "same-origin",
  "referrer-policy": "no-referrer",
  "x-content-type-options": "nosniff",
} as const;

/** Pages that may be open at once; each is a connection that stays. */
const mostStreams = 16;

/** Serves the page. Throws where the port is taken. */
export async function serveWebPage(options: WebPageOptions): Promise<WebPage> {
  const { feed, host = "127.0.0.1", port = 0, about, keep = 2000, stallMs = 30_000 } = options;
  const files = await readPageFiles();
  const history = new History(keep);
  const closing = new AbortController();
  const following = follow({ feed, history, signal: closing.signal });
  const server = createServer({
    headersTimeout: 10_000,
    requestTimeout: 10_000,
    maxHeaderSize: 8192,
    connectionsCheckingInterval: 5000,
  });
  server.maxConnections = 64;
  const stop = async (): Promise<void> => {
    closing.abort();
    await following;
    await close(server);
  };
  try {
    await listen(server, { host, port });
  } catch (error) {
    await stop();
    throw error;
  }
  // Listening on TCP, it has an address and a port.
  const access = new Access({ host, port: (server.address() as AddressInfo).port });
  let streams = 0;
  server.on("request", (request, response) => {
    const path = admit({ access, request, response });
    if (path === undefined) return;
    if (path !== "/events") return sendFile({ file: files.get(path), request, response });
    if (request.method === "HEAD") return refuse(response, { status: 405, reason: "events are for GET" });
    if (streams === mostStreams)
      return refuse(response, { status: 503, reason: `${mostStreams} pages are open already; close one` });
    streams += 1;
    response.writeHead(200, { ...headers, "content-type": "text/event-stream" });
    const after = placeOf(request.headers["last-event-id"]);
    void streamEvents(response, { history, after, about: about(), stallMs, signal: closing.signal }).finally(() => {
      streams -= 1;
    });
  });
  return { url: access.url, [Symbol.asyncDispose]: stop };
}

async function follow(given: { feed: Feed; history: History; signal: AbortSignal }): Promise<void> {
  const { feed, history, signal } = given;
  const coming = feed.subscribe(signal);
  for (const record of feed.records()) history.add(record);
  for await (const record of coming) history.add(record);
}

async function listen(server: Server, { host, port }: Place): Promise<void> {
  server.listen({ host, port });
  try {
    await once(server, "listening");
  } catch (cause) {
    const code = cause instanceof Error && "code" in cause ? cause.code : undefined;
    const remedy = code === "EADDRINUSE" ? "it is taken; choose another port, or 0 for any free one" : String(cause);
    throw new Error(`the page cannot be served at port ${port} of ${host}: ${remedy}`, { cause });
  }
}

async function close(server: Server): Promise<void> {
  if (!server.listening) return;
  const closed = once(server, "close");
  server.close();
  server.closeAllConnections();
  await closed;
}

interface Exchange {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
}

/** The path a request asks for; undefined where it was refused. */
function admit({ access, request, response }: Exchange & { readonly access: Access }): string | undefined {
  // Nothing here takes a body.
  request.resume();
  const decision = access.decide(request);
  if (decision.status !== undefined) {
    refuse(response, decision);
    return undefined;
  }
  if (decision.cookie !== undefined) response.setHeader("set-cookie", decision.cookie);
  return (request.url ?? "/").split("?", 1)[0];
}

function sendFile({ file, request, response }: Exchange & { readonly file: PageFile | undefined }): void {
  if (file === undefined) return refuse(response, { status: 404, reason: "there is no such file on this page" });
  response.writeHead(200, { ...headers, "content-type": file.type, "content-length": file.body.length });
  response.end(request.method === "HEAD" ? undefined : file.body);
}

function refuse(response: ServerResponse, { status, reason }: { status: number; reason: string }): void {
  const allow = status === 405 ? { allow: "GET, HEAD" } : {};
  response.writeHead(status, { ...headers, ...allow, "content-type": "text/plain; charset=utf-8" });
  response.end(`outrigger: ${reason}\n`);
}

/** What a browser that lost the connection has seen; 0 for anything else. */
function placeOf(lastEventId: string | string[] | undefined): number {
  return typeof lastEventId === "string" && /^\d{1,15}$/.test(lastEventId) ? Number(lastEventId) : 0;
}
