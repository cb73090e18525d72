// Reading of JSON whose form nobody vouches for.

/**
 * A field of what may be an object.
 *
 * @param {unknown} value
 * @param {...string} path
 * @returns {unknown}
 */
export function field(value, ...path) {
  let inner = value;
  for (const key of path) {
    if (typeof inner !== "object" || inner === null || !Object.hasOwn(inner, key)) return undefined;
    inner = Reflect.get(inner, key);
  }
  return inner;
}

/**
 * A field that is a text with something in it.
 *
 * @param {unknown} value
 * @param {...string} path
 * @returns {string | undefined}
 */
export function textField(value, ...path) {
  const found = field(value, ...path);
  return typeof found === "string" && found !== "" ? found : undefined;
}

/**
 * The fields of what may be an object.
 *
 * @param {unknown} value
 * @returns {[string, unknown][]}
 */
export function fields(value) {
  return typeof value === "object" && value !== null && !Array.isArray(value) ? Object.entries(value) : [];
}
