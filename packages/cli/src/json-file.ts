import { JsonTextError, parseFirstJson, placeOf } from "@outrigger/engine";
import { UsageError } from "./command-error.ts";

/** Reads a text that holds one JSON value and nothing else; throws `UsageError` with `file:line:column`. */
export function parseJson(text: string, file: string): unknown {
  try {
    const { value, rest } = parseFirstJson(text);
    if (rest === "") return value;
    throw new JsonTextError("one JSON value is enough; remove what follows it", text.trimEnd().length - rest.length);
  } catch (cause) {
    if (!(cause instanceof JsonTextError)) throw cause;
    const { line, column } = placeOf(text, cause.offset);
    throw new UsageError(`${file}:${line}:${column}: ${cause.message}`, { cause });
  }
}
