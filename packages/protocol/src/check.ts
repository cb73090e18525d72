// Turns a shape into a function that checks one decoded JSON value; made once per method, run on every call.
import { isIP } from "node:net";
import type { Fields, Format, Shape } from "./descriptor.ts";

/**
 * Who looks at the value, and how strictly.
 * `request`: the plugin reads what a caller sent; exact keys, every rule checked.
 * `answer`: the plugin is about to send what its driver returned; a copy is made, every rule checked.
 * `reply`: read as the engine reads it; keys in any case, gaps filled with zero values, no rule but the type.
 */
export type Reading = "request" | "answer" | "reply";

/** Returns the checked value (nulls dropped, bytes decoded or encoded), or throws `CheckError` naming the field. */
export type Check = (value: unknown) => unknown;

/** A value of the wrong kind. Its place is put together while the error is on its way out, so a good value costs none. */
export class CheckError extends Error {
  override readonly name = "CheckError";
  readonly #fault: string;
  readonly #place: string;

  constructor(fault: string, place = "") {
    super(`${place === "" ? "the body" : place} ${fault}`);
    this.#fault = fault;
    this.#place = place;
  }

  /** The same fault, seen from the object, list or map that the value lies in. */
  within(place: string): CheckError {
    const dot = this.#place === "" || this.#place.startsWith("[") ? "" : ".";
    return new CheckError(this.#fault, `${place}${dot}${this.#place}`);
  }
}

type Json = Record<string, unknown>;

/** A check for one shape. A request or reply is changed in place: it was decoded from JSON a moment ago. */
function checkOf(shape: Shape, reading: Reading): Check {
  const expected = expectations[shape.type];
  switch (shape.type) {
    case "string":
      return reading === "reply" ? is((value) => typeof value === "string", expected) : stringCheck(shape);
    case "time":
      return is(isTime, expected);
    case "integer":
      return is(Number.isInteger, expected);
    case "boolean":
      return is((value) => typeof value === "boolean", expected);
    case "json":
      return is(isObject, expected);
    case "bytes":
      return reading === "answer" ? encodeBytes : decodeBytes;
    case "list":
      return listCheck(checkOf(shape.of, reading), reading);
    case "map":
      return mapCheck(checkOf(shape.of, reading), reading);
    case "object":
      return objectCheck(shape.fields, { reading, open: shape.open === true });
  }
}

/** A check for an object with these fields. */
export function objectCheck(fields: Fields, options: { reading: Reading; open: boolean }): Check {
  const { reading, open } = options;
  const entries = Object.entries(fields).map(([key, field]) => ({
    key,
    check: checkOf(field, reading),
    optional: field.optional === true,
    zero: reading === "reply" || field.type === "list" || field.type === "map" ? zeroOf(field) : undefined,
    expected: expectations[field.type],
  }));
  const byFold = new Map(Object.keys(fields).map((key) => [fold(key), key]));

  return (value) => {
    if (!isObject(value)) return fail("an object", value);
    const message =
      reading === "request" ? value : reading === "reply" ? foldKeys(value, byFold, open) : open ? { ...value } : {};
    let place = "";
    try {
      for (const { key, check, optional, zero, expected } of entries) {
        place = key;
        const field = reading === "answer" ? value[key] : message[key];
        if (field !== undefined && field !== null) message[key] = check(field);
        else if (optional) {
          if (field === null) delete message[key];
        } else if (zero !== undefined && (reading === "reply" || field === null)) message[key] = zero();
        else fail(expected, field);
      }
    } catch (error) {
      throw from(place, error);
    }
    return message;
  };
}

function is(test: (value: unknown) => boolean, expected: string): Check {
  return (value) => (test(value) ? value : fail(expected, value));
}

function stringCheck(shape: Extract<Shape, { type: "string" }>): Check {
  const { format, oneOf, nonEmpty } = shape;
  return (value) => {
    if (typeof value !== "string") return fail("a string", value);
    if (nonEmpty === true && value === "") throw new CheckError("must not be empty");
    if (oneOf !== undefined && !oneOf.includes(value)) {
      throw new CheckError(`must be one of ${oneOf.map((one) => `"${one}"`).join(", ")}, got ${quote(value)}`);
    }
    if (format !== undefined && !formats[format](value)) return fail(formatNames[format], value);
    return value;
  };
}

function decodeBytes(value: unknown): Uint8Array {
  return isBase64(value) ? Buffer.from(value, "base64") : fail("base64", value);
}

function encodeBytes(value: unknown): string {
  if (!(value instanceof Uint8Array)) return fail("bytes (a Uint8Array)", value);
  return Buffer.from(value.buffer, value.byteOffset, value.byteLength).toString("base64");
}

function listCheck(item: Check, reading: Reading): Check {
  return (value) => {
    if (!Array.isArray(value)) return fail("a list", value);
    const list: unknown[] = reading === "answer" ? Array.from(value) : value;
    let index = 0;
    try {
      for (; index < list.length; index++) list[index] = item(list[index]);
    } catch (error) {
      throw from(`[${index}]`, error);
    }
    return list;
  };
}

function mapCheck(item: Check, reading: Reading): Check {
  return (value) => {
    if (!isObject(value)) return fail("an object", value);
    const map = reading === "answer" ? { ...value } : value;
    let place = "";
    try {
      for (const key of Object.keys(map)) {
        place = key;
        map[key] = item(map[key]);
      }
    } catch (error) {
      throw from(`[${quote(place)}]`, error);
    }
    return map;
  };
}

/** Go decodes keys in the order they stand, in any case, and skips nulls (encoding/json, Unmarshal). */
function foldKeys(value: Json, byFold: ReadonlyMap<string, string>, open: boolean): Json {
  const result: Json = {};
  for (const [key, field] of Object.entries(value)) {
    const known = byFold.get(fold(key));
    if (field === null || (known === undefined && !open)) continue;
    Object.defineProperty(result, known ?? key, { value: field, writable: true, enumerable: true, configurable: true });
  }
  return result;
}

/** Go's simple folding for the letters that occur in field names: ASCII, the long s and the Kelvin sign. */
function fold(key: string): string {
  return key.replaceAll("\u017f", "s").replaceAll("\u212a", "k").toLowerCase();
}

function zeroOf(shape: Shape): () => unknown {
  switch (shape.type) {
    case "string":
      return () => "";
    case "time":
      return () => "0001-01-01T00:00:00Z";
    case "integer":
      return () => 0;
    case "boolean":
      return () => false;
    case "bytes":
      return () => Buffer.alloc(0);
    case "list":
      return () => [];
    case "map":
    case "json":
      return () => ({});
    case "object": {
      const zeros = Object.entries(shape.fields)
        .filter(([, field]) => field.optional !== true)
        .map(([key, field]) => [key, zeroOf(field)] as const);
      return () => Object.fromEntries(zeros.map(([key, zero]) => [key, zero()]));
    }
  }
}

const expectations: Record<Shape["type"], string> = {
  string: "a string",
  time: "an RFC 3339 time",
  integer: "an integer",
  boolean: "a boolean",
  bytes: "base64",
  list: "a list",
  map: "an object",
  json: "an object",
  object: "an object",
};

const formats: Record<Format, (value: string) => boolean> = {
  "absolute-path": (value) => value.startsWith("/") && !value.includes("\0"),
  cidr: isCidr,
  "cidr-or-empty": (value) => value === "" || isCidr(value),
  ip: (value) => isIP(value) !== 0,
  "ip-or-empty": (value) => value === "" || isIP(value) !== 0,
  mac: isMac,
  "mac-or-empty": (value) => value === "" || isMac(value),
};

const formatNames: Record<Format, string> = {
  "absolute-path": "an absolute path",
  cidr: "an address with its prefix length, such as 10.1.2.3/24",
  "cidr-or-empty": "empty or an address with its prefix length, such as 10.1.2.3/24",
  ip: "an IP address without a prefix length",
  "ip-or-empty": "empty or an IP address without a prefix length",
  mac: "a hardware address of six bytes, such as 02:42:0a:01:02:03",
  "mac-or-empty": "empty or a hardware address of six bytes, such as 02:42:0a:01:02:03",
};

function isCidr(value: string): boolean {
  const slash = value.indexOf("/");
  if (slash < 0) return false;
  const family = isIP(value.slice(0, slash));
  const prefix = value.slice(slash + 1);
  return family !== 0 && /^(0|[1-9]\d{0,2})$/.test(prefix) && Number(prefix) <= (family === 4 ? 32 : 128);
}

function isMac(value: string): boolean {
  return /^[0-9a-f]{2}([:-])(?:[0-9a-f]{2}\1){4}[0-9a-f]{2}$/i.test(value);
}

const rfc3339 =
  /^\d{4}-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])T([01]\d|2[0-3]):[0-5]\d:[0-5]\d(\.\d+)?(Z|[+-]([01]\d|2[0-3]):[0-5]\d)$/;

function isTime(value: unknown): boolean {
  return typeof value === "string" && rfc3339.test(value) && hasDay(value);
}

/** Go refuses the 30th of February; Date.parse takes it for the 1st of March. */
function hasDay(time: string): boolean {
  const day = time.slice(8, 10);
  return day <= "28" || Number(day) <= lastDay(Number(time.slice(0, 4)), Number(time.slice(5, 7)));
}

function lastDay(year: number, month: number): number {
  // The calendar repeats every 400 years; below 100, Date.UTC would take it for one of the 20th century.
  return new Date(Date.UTC(2000 + (year % 400), month, 0)).getUTCDate();
}

/** What Go's decoder takes: the standard alphabet with padding; line ends are skipped. */
function isBase64(value: unknown): value is string {
  if (typeof value !== "string") return false;
  const packed = /[\r\n]/.test(value) ? value.replaceAll(/[\r\n]/g, "") : value;
  return packed.length % 4 === 0 && /^[A-Za-z0-9+/]*={0,2}$/.test(packed);
}

function isObject(value: unknown): value is Json {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function fail(expected: string, value: unknown): never {
  throw new CheckError(`must be ${expected}, got ${kindOf(value)}`);
}

function from(place: string, error: unknown): unknown {
  return error instanceof CheckError ? error.within(place) : error;
}

function kindOf(value: unknown): string {
  if (value === undefined) return "nothing";
  if (value === null) return "null";
  if (Array.isArray(value)) return "a list";
  if (typeof value === "object") return "an object";
  return typeof value === "string" ? quote(value) : typeof value;
}

function quote(text: string): string {
  const shown = text.length > 60 ? `${text.slice(0, 60)}…` : text;
  return JSON.stringify(shown);
}
