// JSON with the two things JSON.parse lacks: where a fault is and how to mend it, and Go's reading of the first value.

/** A text is not JSON; says what is wrong at which place and what to write instead. */
export class JsonTextError extends Error {
  override readonly name = "JsonTextError";
  /** Where, counted from 0 in UTF-16 units. */
  readonly offset: number;

  constructor(message: string, offset: number) {
    super(message);
    this.offset = offset;
  }
}

/** A decoded value and what stands behind it, which Go's decoder does not look at. */
export interface FirstValue {
  readonly value: unknown;
  readonly rest: string;
}

/** Reads the first JSON value of a text, as `json.NewDecoder(r).Decode` does; throws `JsonTextError`. */
export function parseFirstJson(text: string): FirstValue {
  try {
    return { value: JSON.parse(text), rest: "" };
  } catch {
    const end = scanValue(text, skipSpace(text, 0), 0);
    return { value: JSON.parse(text.slice(0, end)), rest: text.slice(end).trim() };
  }
}

/** The line and column of an offset, both from 1. */
export function placeOf(text: string, offset: number): { line: number; column: number } {
  const before = text.slice(0, offset);
  const lineStart = before.lastIndexOf("\n") + 1;
  return { line: before.split("\n").length, column: offset - lineStart + 1 };
}

const deepest = 1000;

/** Returns the offset behind the value that begins at `at`. */
function scanValue(text: string, at: number, depth: number): number {
  if (depth > deepest) throw new JsonTextError(`nested more than ${deepest} deep`, at);
  const char = text[at];
  if (char === "{") return scanList(text, at, { close: "}", depth, item: scanMember });
  if (char === "[") return scanList(text, at, { close: "]", depth, item: scanValue });
  if (char === '"') return scanString(text, at);
  const literal = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?|true|false|null/y;
  literal.lastIndex = at;
  if (!literal.test(text)) throw unexpected(text, at, "a value");
  return literal.lastIndex;
}

interface ListShape {
  readonly close: "}" | "]";
  readonly depth: number;
  readonly item: (text: string, at: number, depth: number) => number;
}

function scanList(text: string, open: number, shape: ListShape): number {
  const { close, depth, item } = shape;
  let at = skipSpace(text, open + 1);
  if (text[at] === close) return at + 1;
  for (;;) {
    at = skipSpace(text, item(text, at, depth + 1));
    if (text[at] === close) return at + 1;
    if (text[at] !== ",") throw unexpected(text, at, `"," or "${close}"`);
    const comma = at;
    at = skipSpace(text, at + 1);
    if (text[at] === close) throw new JsonTextError(`a comma before "${close}" is not JSON; remove the comma`, comma);
  }
}

function scanMember(text: string, at: number, depth: number): number {
  if (text[at] !== '"') throw unexpected(text, at, "a name in double quotes");
  const colon = skipSpace(text, scanString(text, at));
  if (text[colon] !== ":") throw unexpected(text, colon, '":"');
  return scanValue(text, skipSpace(text, colon + 1), depth);
}

function scanString(text: string, open: number): number {
  for (let at = open + 1; at < text.length; at++) {
    const char = text[at];
    if (char === '"') return at + 1;
    if (char === "\\") {
      if (!/^(?:["\\/bfnrt]|u[0-9a-fA-F]{4})/.test(text.slice(at + 1, at + 6))) {
        throw new JsonTextError('no such escape in a string; write "\\\\" for a backslash', at);
      }
      at++;
    } else if (text.charCodeAt(at) < 0x20) {
      throw new JsonTextError('a line break or control character inside a string; close the string with " first', at);
    }
  }
  throw new JsonTextError('a string that never ends; close it with "', open);
}

function skipSpace(text: string, from: number): number {
  let at = from;
  while (at < text.length && " \t\r\n".includes(text.charAt(at))) at++;
  return at;
}

function unexpected(text: string, at: number, wanted: string): JsonTextError {
  const char = text[at];
  if (char === undefined) return new JsonTextError(`the text ends where ${wanted} is due`, at);
  if (char === "\ufeff") return new JsonTextError("a byte order mark is not JSON; save the file without one", at);
  if (char === "/" || char === "#") return new JsonTextError("comments are not JSON; remove the comment", at);
  if (char === "'") return new JsonTextError("single quotes are not JSON; write double quotes", at);
  const found = String.fromCodePoint(text.codePointAt(at) ?? 0);
  return new JsonTextError(`expected ${wanted}, found ${JSON.stringify(found)}`, at);
}
