// From what the user calls a method to its descriptor.
import { nearest } from "@outrigger/plugin";
import { pluginHandshake, protocols, type Method, type Protocol } from "@outrigger/protocol";
import { UsageError } from "./command-error.ts";
import { didYouMean } from "./did-you-mean.ts";

/** Every method the engine may send, handshake included. */
export function allMethods(): Method[] {
  const known: readonly Protocol[] = [pluginHandshake, ...Object.values(protocols)];
  return known.flatMap(({ methods }) => Object.values<Method>(methods));
}

/**
 * Finds `VolumeDriver.Mount`, in any case, also by `Mount` alone where one protocol has it; throws `UsageError` with
 * the nearest match and the choice.
 */
export function findMethod(given: string): Method {
  const methods = allMethods();
  const wanted = given.replace(/^\//, "").toLowerCase();
  const named = wanted.includes(".") ? (path: string): string => path : verbOf;
  const found = methods.filter(({ path }) => named(path).toLowerCase() === wanted);
  if (found.length === 1 && found[0] !== undefined) return found[0];
  if (found.length > 1) {
    throw new UsageError(`method "${given}" is ambiguous; write ${found.map(({ path }) => path).join(" or ")}`);
  }
  const candidates = new Map(methods.map(({ path }) => [named(path), path]));
  const meant = candidates.get(nearest(wanted, [...candidates.keys()]) ?? "");
  const kind = kindOf(meant ?? given);
  const verbs = methods.filter(({ path }) => kindOf(path) === kind).map(({ path }) => verbOf(path));
  if (verbs.length > 0) {
    const guess = meant === undefined ? "" : ` did you mean ${meant}?`;
    throw new UsageError(`no method "${given}";${guess} ${kind} has ${verbs.join(", ")}`);
  }
  const known = kinds(methods);
  const choice = `write Kind.Method, the kind being ${known.join(", ")}; --raw sends anything`;
  throw new UsageError(`no method "${given}"${didYouMean(kindOf(given), known, choice)}`);
}

function kinds(methods: readonly Method[]): string[] {
  return [...new Set(methods.map(({ path }) => kindOf(path)))];
}

function kindOf(path: string): string {
  return path.split(".")[0] ?? "";
}

function verbOf(path: string): string {
  return path.slice(path.indexOf(".") + 1);
}
