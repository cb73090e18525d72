// Picks out of JSON that another program wrote, whatever it wrote.

/** The value under a path of keys; undefined where it leads nowhere. */
export function valueAt(value: unknown, ...path: readonly string[]): unknown {
  let at = value;
  for (const key of path) {
    if (typeof at !== "object" || at === null || !Object.hasOwn(at, key)) return undefined;
    // An object has this key of its own.
    at = (at as Record<string, unknown>)[key];
  }
  return at;
}

/** The text under a path; empty where there is none. */
export function textAt(value: unknown, ...path: readonly string[]): string {
  const found = valueAt(value, ...path);
  return typeof found === "string" ? found : "";
}

/** The texts of a list under a path. */
export function textsAt(value: unknown, ...path: readonly string[]): string[] {
  const found = valueAt(value, ...path);
  return Array.isArray(found) ? found.filter((one) => typeof one === "string") : [];
}

/** The pairs of an object under a path. */
export function entriesAt(value: unknown, ...path: readonly string[]): [string, unknown][] {
  const found = valueAt(value, ...path);
  return typeof found === "object" && found !== null ? Object.entries(found) : [];
}
