// Who may see the page: a browser on this machine that was given the address with the token.
import { randomBytes, timingSafeEqual } from "node:crypto";
import type { IncomingMessage } from "node:http";

/** Why a request is refused. */
export interface Refused {
  readonly status: number;
  readonly reason: string;
}

/** The answer to a request that may go on. */
export interface Admitted {
  readonly status: undefined;
  /** Sent where the request came with the token, so that the next ones need not. */
  readonly cookie: string | undefined;
}

/** Where the page listens. */
export interface Place {
  readonly host: "127.0.0.1" | "::1";
  readonly port: number;
}

/** Decides about requests to a page at one place. */
export class Access {
  readonly #token = randomBytes(24).toString("base64url");
  readonly #hosts: readonly string[];
  readonly #cookieName: string;
  readonly #address: string;

  constructor({ host, port }: Place) {
    const shown = host === "::1" ? "[::1]" : host;
    this.#hosts = [`${shown}:${port}`, `localhost:${port}`];
    this.#address = `http://${shown}:${port}/`;
    // Cookies are the same for all ports of a host, and another trace may have one too.
    this.#cookieName = `outrigger-${port}`;
  }

  /** The address that opens the page. */
  get url(): string {
    return `${this.#address}?token=${this.#token}`;
  }

  /** Whether a request may be answered. */
  decide(request: IncomingMessage): Admitted | Refused {
    const { method = "", headers } = request;
    if (method !== "GET" && method !== "HEAD") return { status: 405, reason: `there is no ${method} here, only GET` };
    // A name of somebody else's that leads here would let their page read ours.
    if (!this.#hosts.includes(headers.host?.toLowerCase() ?? ""))
      return { status: 403, reason: `this page has the address ${this.#address} and no other name; open that` };
    if (this.#isTokenOf(cookieOf(headers.cookie, this.#cookieName))) return { status: undefined, cookie: undefined };
    const [path, query] = (request.url ?? "").split("?", 2);
    if (path === "/" && this.#isTokenOf(new URLSearchParams(query).get("token") ?? ""))
      return {
        status: undefined,
        cookie: `${this.#cookieName}=${this.#token}; Path=/; HttpOnly; SameSite=Strict`,
      };
    return { status: 403, reason: "open the whole address that the command printed, with its token" };
  }

  #isTokenOf(given: string): boolean {
    const [mine, theirs] = [Buffer.from(this.#token), Buffer.from(given)];
    return mine.length === theirs.length && timingSafeEqual(mine, theirs);
  }
}

function cookieOf(header: string | undefined, name: string): string {
  const pairs = header?.split(";").map((pair) => pair.trim()) ?? [];
  return pairs.find((pair) => pair.startsWith(`${name}=`))?.slice(name.length + 1) ?? "";
}
