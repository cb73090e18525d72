import { readFile } from "node:fs/promises";
import type { Server } from "node:http";
import { isIP } from "node:net";
import { join } from "node:path";
import { placeSocket, type Logger } from "@outrigger/plugin";
import { DriverError } from "@outrigger/protocol";
import type { VolumeVerbs } from "@outrigger/volume-core";
import { createApiServer, type ApiServerOptions } from "./api-server.ts";
import { Backups } from "./backups.ts";
import { removeTemporarySnapshots } from "./frozen-folder.ts";
import { Jobs } from "./jobs.ts";
import { Landings } from "./landings.ts";
import { openApi } from "./openapi.ts";
import type { StorageHouse } from "./operation.ts";
import { operations } from "./operations.ts";
import { osdOperations } from "./osd-operations.ts";
import { ProblemError } from "./problem.ts";
import { Restic, type RepositoryConfig } from "./restic.ts";
import { Tokens } from "./tokens.ts";

/** What the API is opened with. */
export interface StorageApiOptions {
  /** The plugin's name. */
  readonly name: string;
  /** The plugin's own folder, which only root can enter: the socket is `api.sock` in it. */
  readonly root: string;
  readonly verbs: VolumeVerbs;
  readonly log: Logger;
  /** Where backups go; there are none where left out. */
  readonly backups?: RepositoryConfig | undefined;
  /** The listener for tools that know OpenStorage; there is none where left out. */
  readonly osd?: OsdListener | undefined;
}

/** A listener beyond this host's file modes. */
export interface OsdListener {
  /** `address:port`; without a certificate only an address of this host alone. */
  readonly listen: string;
  /** The file of tokens. */
  readonly tokens: string;
  /** Files with the certificate and its key, in PEM. */
  readonly certificate?: { readonly cert: string; readonly key: string } | undefined;
}

/** The API, being served. Disposing of it waits for the work under way. */
export interface StorageApi extends AsyncDisposable {
  /** The socket's path. */
  readonly socket: string;
  /** Where the other listener is, such as `http://127.0.0.1:9100`. */
  readonly osdUrl: string | undefined;
}

/** Serves the API over volumes, after it has removed what a killed run of it left. */
export async function openStorageApi(options: StorageApiOptions): Promise<StorageApi> {
  const { name, root, verbs, log } = options;
  const closing = new AbortController();
  const landings = new Landings(verbs, join(root, "api", "landings"));
  const problems = [...(await landings.recover()), ...(await removeTemporarySnapshots(verbs))];
  for (const problem of problems) log.warn("what an earlier run left could not be removed", problem);
  const house: StorageHouse = {
    name,
    verbs,
    landings,
    jobs: new Jobs(),
    closing: closing.signal,
    backups: backupsOf(options, landings, closing.signal),
  };
  const warn = (message: string, error: unknown): void => log.warn(message, error);
  const served: AsyncDisposable[] = [];
  const close = async (): Promise<void> => {
    closing.abort(new DriverError("the plugin is stopping; try again when it is up"));
    await Promise.all(served.map((one) => one[Symbol.asyncDispose]()));
    await house.jobs.settled();
  };
  try {
    const socket = join(root, "api.sock");
    served.push(await serveOnSocket(socket, { house, warn }));
    const osd = options.osd && (await serveOsd(options.osd, { house, warn }));
    if (osd !== undefined) served.push(osd);
    log.info(`storage API at unix://${socket}${osd === undefined ? "" : `, for OpenStorage's tools at ${osd.url}`}`);
    return { socket, osdUrl: osd?.url, [Symbol.asyncDispose]: close };
  } catch (error) {
    await close();
    throw error;
  }
}

type Served = Pick<ApiServerOptions, "house" | "warn">;

function backupsOf(options: StorageApiOptions, landings: Landings, closing: AbortSignal): Backups | undefined {
  const { name, verbs, backups, root } = options;
  if (backups === undefined) return undefined;
  const restic = new Restic(backups, join(root, "api", "restic-cache"));
  return new Backups({ name, verbs, landings, restic, closing });
}

async function serveOnSocket(path: string, served: Served): Promise<AsyncDisposable> {
  // The file's mode is the lock: whoever may connect is root.
  const roleOf = async (): Promise<"admin"> => "admin";
  const server = createApiServer({ ...served, operations, document: openApi("volumes", operations), roleOf });
  const place = await placeSocket({ unix: path, mode: 0o600 }, (at) => listening(server, { path: at })).catch(
    async (error: unknown) => {
      await stop(server);
      throw error;
    },
  );
  return {
    [Symbol.asyncDispose]: async () => {
      place.withdraw();
      await stop(server);
    },
  };
}

async function serveOsd(osd: OsdListener, served: Served): Promise<AsyncDisposable & { readonly url: string }> {
  const { listen, certificate, tokens: file } = osd;
  const [, host = "", port = ""] = /^\[?([^\]]+?)\]?:(\d{1,5})$/.exec(listen) ?? [];
  if (isIP(host) === 0) throw new DriverError(`osd-listen ${listen} is no address:port, such as 127.0.0.1:9100`);
  if (certificate === undefined && !isLoopback(host)) {
    const remedy = "give osd-cert and osd-key, or listen on 127.0.0.1";
    throw new DriverError(`osd-listen ${listen} would send tokens in the clear over a network; ${remedy}`);
  }
  const tokens = new Tokens(file);
  // Said at the start, not to the first client.
  await tokens.load();
  const tls = certificate && {
    cert: await readFile(certificate.cert, "utf8"),
    key: await readFile(certificate.key, "utf8"),
  };
  const all = [...osdOperations, ...operations.filter(({ id }) => id === "metrics")];
  const roleOf: ApiServerOptions["roleOf"] = async (request) => {
    try {
      return await tokens.roleOf(request);
    } catch (error) {
      if (error instanceof ProblemError) throw error;
      served.warn("no token can be checked", error);
      throw new ProblemError(503, "no token can be checked; the plugin's log says why", { cause: error });
    }
  };
  const server = createApiServer({ ...served, operations: all, document: openApi("osd", all), roleOf, tls });
  await listening(server, { host, port: Number(port) });
  const address = server.address();
  const bound = typeof address === "object" && address !== null ? address.port : port;
  const shown = host.includes(":") ? `[${host}]` : host;
  return {
    url: `${tls === undefined ? "http" : "https"}://${shown}:${bound}`,
    [Symbol.asyncDispose]: () => stop(server),
  };
}

function isLoopback(host: string): boolean {
  return host === "::1" || host.startsWith("127.");
}

function listening(
  server: Server,
  where: { readonly path: string } | { readonly host: string; readonly port: number },
): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once("error", (cause) =>
      reject(new DriverError(`the storage API cannot listen: ${cause.message}`, { cause })),
    );
    server.listen(where, resolve);
  });
}

async function stop(server: Server): Promise<void> {
  if (!server.listening) return;
  const closed = new Promise((resolve) => server.close(resolve));
  server.closeIdleConnections();
  const forced = setTimeout(() => server.closeAllConnections(), 500);
  await closed;
  clearTimeout(forced);
}
