// Who may use the listener that is not bound to this host's file modes.
import { createHash, randomBytes, timingSafeEqual } from "node:crypto";
import { lstat, readFile } from "node:fs/promises";
import type { IncomingMessage } from "node:http";
import { DriverError } from "@outrigger/protocol";
import type { Role } from "./operation.ts";
import { ProblemError } from "./problem.ts";
import { isRole } from "./roles.ts";

interface Token {
  readonly digest: Buffer;
  readonly role: Role;
}

const tokenBytes = 32;

/** Tokens by their SHA-256: as they are random and long, there is nothing to guess, and no slow hash is needed. */
export class Tokens {
  readonly #file: string;
  #read: { readonly stamp: string; readonly tokens: readonly Token[] } | undefined;

  /** `file` has a line `name role sha256` for each token, and is read again when it has changed. */
  constructor(file: string) {
    this.#file = file;
  }

  /** The role of who sent a request; throws `ProblemError` 401 where its bearer token is none of these. */
  async roleOf(request: IncomingMessage): Promise<Role> {
    const [, token = ""] = /^Bearer ([\w-]{16,200})$/i.exec(request.headers.authorization ?? "") ?? [];
    const digest = digestOf(token);
    let role: Role | undefined;
    // All are compared, so that the time tells nothing of which one fits.
    for (const one of await this.load()) if (timingSafeEqual(one.digest, digest)) role = one.role;
    if (role !== undefined && token !== "") return role;
    throw new ProblemError(
      401,
      "the request has no valid token; send Authorization: Bearer with one of the plugin's tokens",
    );
  }

  /** Reads the file; throws `DriverError` where others may read it, or a line is wrong. */
  async load(): Promise<readonly Token[]> {
    const { mode, mtimeNs, size, ino } = await lstat(this.#file, { bigint: true }).catch((cause: unknown) => {
      throw new DriverError(`tokens ${this.#file} cannot be read; make it with outrigger volume token`, { cause });
    });
    if ((mode & 0o077n) !== 0n) throw new DriverError(`others may read ${this.#file}; run chmod 600 ${this.#file}`);
    const stamp = `${mtimeNs} ${size} ${ino}`;
    if (this.#read?.stamp === stamp) return this.#read.tokens;
    const lines = (await readFile(this.#file, "utf8")).split("\n");
    const tokens = lines.flatMap((line, index) => (line.trim() === "" ? [] : [this.#parse(line, index + 1)]));
    this.#read = { stamp, tokens };
    return tokens;
  }

  #parse(line: string, number: number): Token {
    const [, role = "", digest = ""] = /^[\w.-]{1,64} (\w+) ([0-9a-f]{64})$/.exec(line) ?? [];
    if (isRole(role)) return { role, digest: Buffer.from(digest, "hex") };
    throw new DriverError(`${this.#file}:${number} is not "name role sha256" with a role of viewer, operator or admin`);
  }
}

/** A new token, and the line of the file that lets it in; the token itself is kept nowhere. */
export function makeToken(name: string, role: Role): { readonly token: string; readonly line: string } {
  if (!/^[\w.-]{1,64}$/.test(name))
    throw new DriverError(`${name} is no name for a token; use letters, digits, ".", "_" and "-"`);
  const token = randomBytes(tokenBytes).toString("base64url");
  return { token, line: `${name} ${role} ${digestOf(token).toString("hex")}` };
}

function digestOf(token: string): Buffer {
  return createHash("sha256").update(token).digest();
}
