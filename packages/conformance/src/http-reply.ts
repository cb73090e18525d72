// HTTP replies as bytes: what a stranger sends is kept as it came, within bounds.

/** A reply's first lines. */
export interface ReplyHead {
  readonly version: string;
  readonly status: number;
  /** By lower-case name; of a repeated header, all values. */
  readonly headers: ReadonlyMap<string, readonly string[]>;
}

/** What has arrived on a connection so far makes one reply, not yet one, or none at all. */
export type ReplyState =
  | { readonly state: "more" }
  | { readonly state: "broken"; readonly why: string }
  | { readonly state: "done"; readonly head: ReplyHead; readonly body: Buffer; readonly size: number };

const mostHeadBytes = 64 * 1024;
const headEnd = Buffer.from("\r\n\r\n");

/** Reads one reply from the beginning of `bytes`; `ended` says that nothing will follow. */
export function readReply(bytes: Buffer, ended: boolean): ReplyState {
  const end = bytes.indexOf(headEnd);
  if (end < 0) {
    if (bytes.length > mostHeadBytes) return broken(`no end of the headers within ${mostHeadBytes} bytes`);
    if (bytes.length > 0 && !/^HTTP\/|^H?T?T?P?$/.test(bytes.subarray(0, 5).toString("latin1")))
      return broken(`the reply is not HTTP: it begins with ${JSON.stringify(bytes.toString("latin1", 0, 40))}`);
    if (!ended) return { state: "more" };
    return broken(bytes.length === 0 ? "the connection was closed without a reply" : "the reply ends in its headers");
  }
  const head = readHead(bytes.toString("latin1", 0, end));
  if (head === undefined) {
    return broken(`the reply is not HTTP: it begins with ${JSON.stringify(bytes.toString("latin1", 0, 40))}`);
  }
  const start = end + headEnd.length;
  // What comes before the reply proper, such as 100 Continue.
  if (head.status < 200) {
    const rest = readReply(bytes.subarray(start), ended);
    return rest.state === "done" ? { ...rest, size: start + rest.size } : rest;
  }
  return readBody(bytes, { head, start, ended });
}

function readHead(text: string): ReplyHead | undefined {
  const [line = "", ...lines] = text.split("\r\n");
  const matched = /^(HTTP\/\d\.\d) (\d{3})(?: |$)/.exec(line);
  if (matched === null) return undefined;
  const headers = new Map<string, string[]>();
  for (const one of lines) {
    const colon = one.indexOf(":");
    if (colon < 1) return undefined;
    const name = one.slice(0, colon).toLowerCase();
    headers.set(name, [...(headers.get(name) ?? []), one.slice(colon + 1).trim()]);
  }
  return { version: matched[1] ?? "", status: Number(matched[2]), headers };
}

interface Rest {
  readonly head: ReplyHead;
  readonly start: number;
  readonly ended: boolean;
}

function readBody(bytes: Buffer, { head, start, ended }: Rest): ReplyState {
  if (head.status === 204 || head.status === 304) return done(head, Buffer.alloc(0), start);
  if (head.headers.get("transfer-encoding")?.at(-1)?.toLowerCase() === "chunked") {
    return readChunks(bytes, { head, start, ended });
  }
  const length = head.headers.get("content-length")?.[0];
  if (length === undefined) return ended ? done(head, bytes.subarray(start), bytes.length) : { state: "more" };
  if (!/^\d+$/.test(length)) return broken(`Content-Length is ${JSON.stringify(length)}`);
  const end = start + Number(length);
  if (bytes.length >= end) return done(head, bytes.subarray(start, end), end);
  if (!ended) return { state: "more" };
  return broken(`the body ends after ${bytes.length - start} bytes of ${length}`);
}

function readChunks(bytes: Buffer, { head, start, ended }: Rest): ReplyState {
  const pieces: Buffer[] = [];
  let at = start;
  for (;;) {
    const line = bytes.indexOf("\r\n", at);
    if (line < 0) break;
    const text = bytes.toString("latin1", at, line);
    const size = /^([0-9a-fA-F]{1,8})\s*(?:;.*)?$/.exec(text)?.[1];
    if (size === undefined) return broken(`a chunk's length is ${JSON.stringify(text.slice(0, 40))}`);
    const length = Number.parseInt(size, 16);
    const from = line + 2;
    if (length === 0) {
      const end = bytes.indexOf("\r\n", from);
      if (end < 0) break;
      return done(head, Buffer.concat(pieces), end + 2);
    }
    if (bytes.length < from + length + 2) break;
    pieces.push(bytes.subarray(from, from + length));
    at = from + length + 2;
  }
  return ended ? broken("the reply ends within its chunks") : { state: "more" };
}

function done(head: ReplyHead, body: Buffer, size: number): ReplyState {
  return { state: "done", head, body, size };
}

function broken(why: string): ReplyState {
  return { state: "broken", why };
}
