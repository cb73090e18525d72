import type { Method } from "@outrigger/protocol";
import type { Address } from "./address.ts";
import { knownMethod } from "./known-method.ts";

/** Whose requests to send: those of today's Docker Engine, of 20.10, or of Podman. */
export type Profile = "docker" | "docker-20.10" | "podman";

/** How one caller writes its requests and reads its replies. */
export interface RequestStyle {
  /** The `Host` of a call over a unix socket. */
  readonly unixHost: string;
  /** Headers behind `Host`, `User-Agent` and `Content-Length`, in order. */
  readonly headers: readonly (readonly [name: string, value: string])[];
  /** Stands behind the JSON value. */
  readonly lineEnd: "\n" | "";
  /** Asks for gzip over TCP and decodes it. */
  readonly gzip: boolean;
  /** Sends `{}` where the protocol says so; else a call without fields has no body. */
  readonly emptyObject: boolean;
  /** Looks at the error key of a 200 reply. */
  readonly readsErrorKey: boolean;
  /** One deadline for every call, in place of the protocol's. */
  readonly deadlineMs?: number;
}

const docker: RequestStyle = {
  unixHost: "plugin.moby.localhost",
  headers: [["Accept", "application/vnd.docker.plugins.v1.2+json"]],
  lineEnd: "\n",
  gzip: true,
  emptyObject: true,
  readsErrorKey: true,
};

/** Sources: moby/moby pkg/plugins/client.go and transport/; podman libpod/plugin/volume_api.go. */
export const requestStyles: Readonly<Record<Profile, RequestStyle>> = {
  docker,
  "docker-20.10": { ...docker, unixHost: "" },
  podman: {
    unixHost: "plugin",
    headers: [["Content-Type", "application/vnd.docker.plugins.v1.1+json"]],
    lineEnd: "",
    gzip: false,
    emptyObject: false,
    readsErrorKey: false,
    deadlineMs: 5000,
  },
};

/** The limit of the managed client (`docker plugin enable --timeout`), for calls that the engine lets run for ever. */
const fallbackDeadlineMs = 30_000;

/** Milliseconds one attempt of a call may take under a style. */
export function deadlineOf(method: Method | undefined, style: RequestStyle): number {
  return style.deadlineMs ?? method?.deadlineMs ?? fallbackDeadlineMs;
}

/** Milliseconds that the callers of a profile give one attempt; undefined where they wait for ever. */
export function engineDeadline(path: string, profile: Profile): number | undefined {
  return requestStyles[profile].deadlineMs ?? knownMethod(path)?.method.deadlineMs;
}

/** The headers of one request, in the order and spelling of Go's client. */
export function headersOf(style: RequestStyle, address: Address, size: number): readonly (readonly [string, string])[] {
  const overTcp = address.transport !== "unix";
  return [
    ["Host", overTcp ? address.authority : style.unixHost],
    ["User-Agent", "Go-http-client/1.1"],
    ["Content-Length", String(size)],
    ...style.headers,
    ...(overTcp && style.gzip ? [["Accept-Encoding", "gzip"] as const] : []),
  ];
}
