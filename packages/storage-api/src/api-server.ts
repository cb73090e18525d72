import { createServer, type IncomingMessage, type RequestListener, type Server, type ServerResponse } from "node:http";
import { createServer as createTlsServer } from "node:https";
import { PluginError } from "@outrigger/protocol";
import type { Operation, Reply, Role, StorageHouse } from "./operation.ts";
import { ProblemError, problemOf } from "./problem.ts";
import { readCall } from "./read-call.ts";
import { Routes, type Match } from "./routes.ts";
import { mayDo } from "./roles.ts";
import { writeProblem, writeReply } from "./write-reply.ts";

/** What is served, and to whom. */
export interface ApiServerOptions {
  readonly house: StorageHouse;
  readonly operations: readonly Operation[];
  /** The OpenAPI document, at /openapi.json. */
  readonly document: object;
  /** The role of who sent a request; throws `ProblemError` 401 for somebody unknown. */
  readonly roleOf: (request: IncomingMessage) => Promise<Role>;
  /** Served over TLS with these. */
  readonly tls?: { readonly cert: string; readonly key: string } | undefined;
  /** Hears of failures that no client was told. */
  readonly warn: (message: string, error: unknown) => void;
}

/** An HTTP server over operations, not listening yet. */
export function createApiServer(options: ApiServerOptions): Server {
  const routes = new Routes(options.operations);
  const listener: RequestListener = (request, response) => void answer(request, response, { ...options, routes });
  // A body may take as long as it takes, as long as it moves: `readCall` watches over that.
  const limits = {
    headersTimeout: 10_000,
    requestTimeout: 0,
    keepAliveTimeout: 5000,
    connectionsCheckingInterval: 5000,
  };
  const { tls } = options;
  const server = tls === undefined ? createServer(limits, listener) : createTlsServer({ ...limits, ...tls }, listener);
  server.maxConnections = 128;
  return server;
}

async function answer(
  request: IncomingMessage,
  response: ServerResponse,
  { house, routes, document, roleOf, warn }: ApiServerOptions & { readonly routes: Routes },
): Promise<void> {
  const leaving = new AbortController();
  response.once("close", () => leaving.abort());
  request.on("error", () => {});
  response.on("error", () => {});
  try {
    const role = await roleOf(request);
    const method = request.method ?? "";
    const { pathname } = parseTarget(request.url);
    if (method === "GET" && pathname === "/openapi.json")
      return await writeReply(response, { json: document }, leaving.signal);
    const match = routes.find(method, pathname);
    if (!mayDo(role, match.operation.role)) {
      throw new ProblemError(
        403,
        `${match.operation.id} takes the role ${match.operation.role}, and the token has ${role}`,
      );
    }
    const call = await readCall(request, match, leaving.signal);
    await writeReply(response, await run(house, match, call), leaving.signal);
  } catch (error) {
    if (response.destroyed)
      warn(`the client of ${request.method} ${request.url?.slice(0, 200)} left before it was told`, error);
    else writeProblem(response, problemOf(error));
  }
}

async function run(
  house: StorageHouse,
  { operation, path }: Match,
  call: Parameters<Operation["run"]>[1],
): Promise<Reply> {
  try {
    return await operation.run(house, call);
  } catch (error) {
    if (!(error instanceof PluginError) || path["volume"] === undefined) throw error;
    const volume = house.verbs.find(path["volume"]);
    if (volume === undefined) throw new ProblemError(404, error.message, { cause: error });
    const inUse = operation.unused === true && volume.holders.length > 0;
    throw inUse ? new ProblemError(409, error.message, { cause: error }) : error;
  }
}

function parseTarget(url = "/"): URL {
  try {
    // An absolute URL in the request's first line is a proxy's.
    if (url.startsWith("/")) return new URL(`http://localhost${url}`);
  } catch {
    // Said below.
  }
  throw new ProblemError(400, "the request's target has to be a path");
}
