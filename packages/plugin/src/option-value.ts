import { posix } from "node:path";
import { RequestError } from "@outrigger/protocol";
import type { Option } from "./options.ts";

type Value = string | number | boolean;

/** One option's value, strictly; throws `RequestError` naming the option and how to write it. */
export function readOption(name: string, option: Option, given: unknown): Value {
  const value = readers[option.type](given, option);
  if (value !== undefined) return value;
  const shown = option.secret ? "the given value" : show(given);
  throw new RequestError(`option "${name}": ${shown} is not ${expected(option)}`);
}

type Reader = (given: unknown, option: Option) => Value | undefined;

const readers: Record<Option["type"], Reader> = {
  string: (given) => (typeof given === "string" && given !== "" && !given.includes("\0") ? given : undefined),
  path: (given) =>
    typeof given === "string" && isPlainPath(given) ? posix.normalize(given).replace(/(?<=.)\/$/, "") : undefined,
  integer: (given, option) => {
    const value = typeof given === "string" && /^-?(0|[1-9]\d*)$/.test(given) ? Number(given) : given;
    const { min = -Infinity, max = Infinity } = option.type === "integer" ? option : {};
    return isSafe(value) && value >= min && value <= max ? value : undefined;
  },
  octal: (given) => (typeof given === "string" && /^[0-7]{3,4}$/.test(given) ? Number.parseInt(given, 8) : undefined),
  size: (given) => {
    const value = typeof given === "string" ? bytesOf(given) : given;
    return isSafe(value) && value >= 0 ? value : undefined;
  },
  boolean: (given) => {
    if (typeof given === "boolean") return given;
    return given === "" || given === "true" ? true : given === "false" ? false : undefined;
  },
  choice: (given, option) => (option.type === "choice" ? option.of.find((choice) => choice === given) : undefined),
};

function expected(option: Option): string {
  switch (option.type) {
    case "string":
      return "a text; give one that is not empty";
    case "path":
      return 'an absolute path; begin with "/" and leave out ".."';
    case "integer":
      return `a whole number${range(option)}`;
    case "octal":
      return "a file mode; write three or four octal digits as text, such as 0750";
    case "size":
      return "a size; write bytes, or a number with KiB, MiB, GiB, TiB (1024) or kB, MB, GB, TB (1000), such as 10GiB";
    case "boolean":
      return "a yes or no; write true or false";
    case "choice":
      return `a choice; use one of ${option.of.join(", ")}`;
  }
}

function range({ min, max }: { readonly min?: number; readonly max?: number }): string {
  if (min !== undefined && max !== undefined) return ` from ${min} to ${max}`;
  if (min !== undefined) return ` of ${min} or more`;
  return max === undefined ? "" : ` of ${max} or less`;
}

function isPlainPath(text: string): boolean {
  return text.startsWith("/") && !text.includes("\0") && !text.split("/").includes("..");
}

const units: Record<string, number> = {
  "": 1,
  B: 1,
  kB: 1e3,
  KB: 1e3,
  MB: 1e6,
  GB: 1e9,
  TB: 1e12,
  KiB: 2 ** 10,
  MiB: 2 ** 20,
  GiB: 2 ** 30,
  TiB: 2 ** 40,
};

/** Bytes; a bare `G` is not taken, for half of the world's tools read it as 1000³ and the other half as 1024³. */
function bytesOf(text: string): number | undefined {
  const [, number, unit = ""] = /^(\d+(?:\.\d+)?) ?([A-Za-z]*)$/.exec(text) ?? [];
  const factor = Object.hasOwn(units, unit) ? units[unit] : undefined;
  if (number === undefined || factor === undefined || (factor === 1 && number.includes("."))) return undefined;
  return Math.round(Number(number) * factor);
}

function isSafe(value: unknown): value is number {
  return Number.isSafeInteger(value);
}

function show(given: unknown): string {
  const text = JSON.stringify(given) ?? typeof given;
  return text.length > 60 ? `${text.slice(0, 60)}…` : text;
}
