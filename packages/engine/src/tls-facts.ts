import type { Socket } from "node:net";
import { TLSSocket } from "node:tls";

/** What a TLS connection turned out to be. */
export interface TlsFacts {
  /** `TLSv1.3`. */
  readonly protocol: string;
  /** Whether the plugin's certificate would pass the check, asked for or not. */
  readonly trusted: boolean;
  /** The plugin's certificate; absent on a resumed connection. */
  readonly certificate?:
    | {
        readonly subject: string;
        readonly issuer: string;
        /** Names and addresses it is good for, such as `DNS:db1, IP Address:10.0.0.7`. */
        readonly names: string;
        readonly validTo: Date;
      }
    | undefined;
}

/** The facts of a connection; undefined for a plain one. */
export function tlsFactsOf(socket: Socket): TlsFacts | undefined {
  if (!(socket instanceof TLSSocket)) return undefined;
  const certificate = socket.getPeerX509Certificate();
  return {
    protocol: socket.getProtocol() ?? "",
    trusted: socket.authorized,
    certificate: certificate && {
      subject: inOneLine(certificate.subject),
      issuer: inOneLine(certificate.issuer),
      names: certificate.subjectAltName ?? "",
      validTo: certificate.validToDate,
    },
  };
}

function inOneLine(name: string): string {
  return name.split("\n").join(", ");
}
