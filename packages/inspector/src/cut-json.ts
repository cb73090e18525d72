/** JSON nested deeper than this is shown no deeper: what walks through it would run out of stack. */
const deepest = 100;

/** Reads a text as JSON; one that was cut off as far as its last whole value. Undefined where it is no JSON. */
export function readJson(text: string, { cut }: { cut: boolean }): { readonly value: unknown } | undefined {
  const whole = cut ? mend(text) : text;
  if (whole === undefined) return undefined;
  try {
    const value: unknown = JSON.parse(whole);
    return { value: isDeep(value, 0) ? prune(value, 0) : value };
  } catch {
    return undefined;
  }
}

/** Closes what is open behind the last whole value; undefined for a text that has none. */
function mend(text: string): string | undefined {
  const open: string[] = [];
  let best: { readonly end: number; readonly closing: string } | undefined;
  const scan = /"(?:[^"\\]|\\.)*("|$)|[[\]{},]/gs;
  for (const { 0: token, 1: quote, index } of text.matchAll(scan)) {
    if (quote === "") break;
    if (token === "[" || token === "{") open.push(token === "[" ? "]" : "}");
    else if (token === "]" || token === "}") open.pop();
    else if (token !== ",") continue;
    if (open.length > deepest) return undefined;
    // A comma stands behind a whole value, a bracket is whole or empty.
    best = { end: token === "," ? index : index + 1, closing: open.toReversed().join("") };
  }
  return best && text.slice(0, best.end) + best.closing;
}

function isDeep(value: unknown, depth: number): boolean {
  if (typeof value !== "object" || value === null) return false;
  if (depth === deepest) return true;
  return Object.values(value).some((field) => isDeep(field, depth + 1));
}

function prune(value: unknown, depth: number): unknown {
  if (typeof value !== "object" || value === null) return value;
  if (depth === deepest) return "[nested too deep]";
  if (Array.isArray(value)) return value.map((item) => prune(item, depth + 1));
  return Object.fromEntries(Object.entries(value).map(([key, field]) => [key, prune(field, depth + 1)]));
}
