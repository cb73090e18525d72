import { readFile } from "node:fs/promises";
import type { Server, Socket } from "node:net";
import { resolve } from "node:path";
import { connectionOptions, listenOn } from "./listen-on.ts";
import type { Place } from "./listener.ts";
import { specName, writeSpecFile } from "./spec-file.ts";
import { parseHostPort, urlOf } from "./tcp.ts";

/** A TCP port behind TLS; callers must show a certificate signed by `clientCa`. All files are PEM. */
export interface TlsAddress {
  /** `host:port`, the host being one that the certificate names; port 0 takes a free one. */
  readonly tls: string;
  readonly cert: string;
  readonly key: string;
  readonly clientCa: string;
  /** Written while the plugin is served. */
  readonly json?: TlsSpec | undefined;
}

/** A `.json` file with which the engine finds the plugin, verifies it and shows its own certificate. */
export interface TlsSpec {
  /** `<name>.json`; put it in `/etc/docker/plugins`. */
  readonly file: string;
  /** Who signed the plugin's certificate; without it, the engine would accept any. */
  readonly CAFile: string;
  /** The engine's certificate. */
  readonly CertFile: string;
  readonly KeyFile: string;
}

/** A TLS server that knows its certificate and wants one of its callers. */
export async function createTlsServer(address: TlsAddress, accept: (socket: Socket) => void): Promise<Server> {
  const [cert, key, ca] = await Promise.all(
    [address.cert, address.key, address.clientCa].map((file) => readFile(file)),
  );
  // Loaded where it is needed: it takes as long as half of what starts without it.
  const { createServer } = await import("node:tls");
  const server = createServer({
    ...connectionOptions,
    cert,
    key,
    ca,
    requestCert: true,
    rejectUnauthorized: true,
    handshakeTimeout: 10_000,
  });
  return server.on("secureConnection", accept);
}

/** Makes such a server listen; throws `ServeError`. */
export async function listenTls(server: Server, address: TlsAddress): Promise<Place> {
  const { host, port } = parseHostPort(address.tls);
  const name = address.json && specName(address.json.file, ".json");
  await listenOn(server, { host, port });
  const url = urlOf("https", host, server);
  if (address.json === undefined) return { url, withdraw: () => {} };
  const { file, CAFile, CertFile, KeyFile } = address.json;
  const TLSConfig = {
    InsecureSkipVerify: false,
    CAFile: resolve(CAFile),
    CertFile: resolve(CertFile),
    KeyFile: resolve(KeyFile),
  };
  const spec = { Name: name, Addr: url, TLSConfig };
  return { url, withdraw: await writeSpecFile(file, `${JSON.stringify(spec, null, 2)}\n`) };
}
