// A file of known failures: one id a line, with a reason behind "#".
import { cases } from "../cases.ts";

/** A line of the file that cannot be followed. */
export class AllowListError extends Error {
  override readonly name = "AllowListError";
}

/** Reads the ids; throws `AllowListError` with the line for one that no case has, or that stands there twice. */
export function parseAllowList(text: string, file: string): ReadonlySet<string> {
  const known = new Set(cases.map(({ id }) => id));
  const allowed = new Set<string>();
  for (const [index, line] of text.split("\n").entries()) {
    const id = line.replace(/#.*/, "").trim();
    if (id === "") continue;
    const place = `${file}:${index + 1}`;
    if (!known.has(id))
      throw new AllowListError(`${place}: there is no case ${JSON.stringify(id)}; write one id a line, such as VOL-07`);
    if (allowed.has(id)) throw new AllowListError(`${place}: ${id} stands there twice; remove one`);
    allowed.add(id);
  }
  return allowed;
}
