import type { Fields, Shape } from "@outrigger/protocol";
import type { KnownMethod } from "./known-method.ts";
import type { RequestStyle } from "./profile.ts";

/** The body of one call: a request as the caller of a style writes it, nothing where it has no fields, bytes as given. */
export function bodyOf(known: KnownMethod | undefined, request: unknown, style: RequestStyle): Buffer {
  if (request === undefined) {
    const empty = known?.method.emptyBody === "{}" && style.emptyObject;
    return Buffer.from(empty ? `{}${style.lineEnd}` : "");
  }
  if (request instanceof Uint8Array) return Buffer.from(request);
  return Buffer.from(encodeBody(request, known?.method.request) + style.lineEnd);
}

/**
 * Encodes a request as Go's `encoding/json` does: fields in the order of the protocol, maps by key, bytes as base64,
 * `<`, `>`, `&` and two line separators escaped. What the protocol does not know goes last, as given.
 */
export function encodeBody(request: unknown, fields: Fields = {}): string {
  return encode(request, { type: "object", fields });
}

function encode(value: unknown, shape: Shape | undefined): string {
  if (value instanceof Uint8Array) {
    return `"${Buffer.from(value.buffer, value.byteOffset, value.byteLength).toString("base64")}"`;
  }
  if (Array.isArray(value)) {
    const item = shape?.type === "list" ? shape.of : undefined;
    return `[${value.map((one) => encode(one ?? null, item)).join(",")}]`;
  }
  if (typeof value === "string") return quote(value);
  if (typeof value !== "object" || value === null) return JSON.stringify(value) ?? "null";
  return `{${entriesOf(value, shape)
    .map(([key, field, of]) => `${quote(key)}:${encode(field, of)}`)
    .join(",")}}`;
}

type Entry = readonly [key: string, value: unknown, shape: Shape | undefined];

function entriesOf(value: object, shape: Shape | undefined): Entry[] {
  const given = Object.entries(value).filter(([, field]) => field !== undefined);
  if (shape?.type === "map" || shape?.type === "json") {
    const of = shape.type === "map" ? shape.of : undefined;
    return given
      .sort(([a], [b]) => Buffer.compare(Buffer.from(a), Buffer.from(b)))
      .map(([key, field]) => [key, field, of]);
  }
  if (shape?.type !== "object") return given.map(([key, field]) => [key, field, undefined]);
  const order = Object.keys(shape.fields);
  const rank = (key: string): number => (order.includes(key) ? order.indexOf(key) : order.length);
  return given.sort(([a], [b]) => rank(a) - rank(b)).map(([key, field]) => [key, field, shape.fields[key]]);
}

function quote(text: string): string {
  return JSON.stringify(text.toWellFormed()).replaceAll(
    /[<>&\u2028\u2029]/g,
    (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}
