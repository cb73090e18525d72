import { lookup } from "node:dns/promises";
import { isIP, type Server } from "node:net";
import { listenOn } from "./listen-on.ts";
import type { Place } from "./listener.ts";
import { ServeError } from "./serve-error.ts";
import { specName, writeSpecFile } from "./spec-file.ts";

/** A TCP port, in the clear: anybody who reaches it is obeyed. */
export interface TcpAddress {
  /** `host:port`; port 0 takes a free one. A host beyond loopback is refused without `allowRemote`. */
  readonly tcp: string;
  /** `<name>.spec`, written while the plugin is served; put it in `/etc/docker/plugins`. */
  readonly spec?: string | undefined;
  /** Serve other machines although nothing proves who they are. */
  readonly allowRemote?: boolean | undefined;
}

/** Makes a server listen on TCP; throws `ServeError`. */
export async function listenTcp(server: Server, address: TcpAddress): Promise<Place> {
  const { host, port } = parseHostPort(address.tcp);
  if (address.spec !== undefined) specName(address.spec, ".spec");
  const ip = (await lookup(host)).address;
  if (!address.allowRemote && !isLoopback(ip)) throw insecure(address.tcp);
  await listenOn(server, { host: ip, port });
  const url = urlOf("tcp", host, server);
  return { url, withdraw: address.spec === undefined ? () => {} : await writeSpecFile(address.spec, `${url}\n`) };
}

/** Splits `host:port`, `[::1]:port` included; throws `ServeError`. */
export function parseHostPort(text: string): { host: string; port: number } {
  const [, bracketed, plain, digits] = /^(?:\[([^\]]+)\]|([^:[\]/\s]+)):(\d{1,5})$/.exec(text) ?? [];
  const host = bracketed ?? plain;
  const port = Number(digits);
  const isWrong = bracketed !== undefined && isIP(bracketed) !== 6;
  if (host !== undefined && !isWrong && port <= 65_535) return { host, port };
  throw new ServeError(
    "bad-address",
    `${JSON.stringify(text)} is not an address; write host:port, such as 127.0.0.1:0`,
  );
}

/** What the engine on this machine dials to reach a listening server. */
export function urlOf(scheme: "tcp" | "https", host: string, server: Server): string {
  const listening = server.address();
  const port = typeof listening === "object" ? listening?.port : undefined;
  const dialled = host === "0.0.0.0" ? "127.0.0.1" : host === "::" ? "::1" : host;
  return `${scheme}://${isIP(dialled) === 6 ? `[${dialled}]` : dialled}:${port}`;
}

/** Whether only this machine reaches an IP address. */
export function isLoopback(ip: string): boolean {
  return ip === "::1" || /^(::ffff:)?127\./.test(ip);
}

/** The refusal to serve the world without knowing who it is. */
export function insecure(where: string): ServeError {
  return new ServeError(
    "insecure",
    `${where} is open to other machines, and the plugin obeys whoever connects; listen on 127.0.0.1, use tls with client certificates, or set allowRemote`,
  );
}
