// Reading JSON as Go does: a key in any case, the last one that is not null.

/** A JSON object. */
export type JsonObject = { readonly [key: string]: unknown };

/** Whether a decoded value is a JSON object. */
export function isObject(value: unknown): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** The field below a path of keys, as Go would find it; undefined where there is none or it is null. */
export function fieldOf(json: unknown, ...path: readonly string[]): unknown {
  return path.reduce<unknown>((value, key) => {
    if (!isObject(value)) return undefined;
    const entry = Object.entries(value).findLast(
      ([name, field]) => name.toLowerCase() === key.toLowerCase() && field !== null,
    );
    return entry?.[1];
  }, json);
}
