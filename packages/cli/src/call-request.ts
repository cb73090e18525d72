// The request of `outrigger call`: where it comes from, and whether it is one.
import { readFile } from "node:fs/promises";
import { text as readAll } from "node:stream/consumers";
import { codecOf, RequestError, takesEmptyBody, type Method } from "@outrigger/protocol";
import { EnvironmentError, messageOf, UsageError } from "./command-error.ts";
import { parseJson } from "./json-file.ts";
import { didYouMean } from "./did-you-mean.ts";

/**
 * Reads the request argument: JSON, `-` or `@file`. With a method it is checked against the protocol and decoded;
 * without one its bytes are returned as they are. Undefined when there is none.
 */
export async function requestFrom(argument: string | undefined, method: Method | undefined): Promise<unknown> {
  if (argument === undefined) {
    if (method === undefined || Object.keys(method.request).length === 0) return undefined;
    return takesEmptyBody(method) ? {} : check({}, method);
  }
  const { text, name } = await read(argument);
  return method === undefined ? Buffer.from(text) : check(parseJson(text, name), method);
}

async function read(argument: string): Promise<{ text: string; name: string }> {
  if (argument === "-") return { text: await readAll(process.stdin), name: "standard input" };
  if (!argument.startsWith("@")) return { text: argument, name: "request" };
  const name = argument.slice(1);
  try {
    return { text: await readFile(name, "utf8"), name };
  } catch (cause) {
    throw new EnvironmentError(`cannot read the request from ${name}: ${messageOf(cause)}; name another file`, {
      cause,
    });
  }
}

function check(request: unknown, method: Method): unknown {
  const known = Object.keys(method.request);
  const has = known.length === 0 ? "takes no fields" : `has the fields ${known.map(named(method)).join(", ")}`;
  const way = `${method.path} ${has}; --raw sends anything`;
  if (typeof request === "object" && request !== null && !Array.isArray(request)) {
    const stranger = Object.keys(request).find((field) => !known.includes(field));
    if (stranger !== undefined) {
      throw new UsageError(`${method.path}: no field "${stranger}"${didYouMean(stranger, known, way)}`);
    }
  }
  try {
    return codecOf(method).request(request);
  } catch (cause) {
    if (!(cause instanceof RequestError)) throw cause;
    throw new UsageError(`${cause.message}; ${way}`, { cause });
  }
}

function named(method: Method): (field: string) => string {
  return (field) => (method.request[field]?.optional === true ? `${field} (optional)` : field);
}
