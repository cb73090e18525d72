// One request as Docker Engine writes it, and an answer as node:http would write it.
import { mediaType, type TextAnswer } from "./answer.ts";

/** A request that begins as the engine's do; its body may not be there yet. */
export interface EngineRequest {
  readonly path: string;
  readonly bodyStart: number;
  readonly bodyLength: number;
}

/** More than the engine's headers ever take: a path, a host and 140 bytes that are always the same. */
const maxHeadBytes = 512;

/** What net/http makes of the request in moby/moby pkg/plugins/client.go; on a unix socket without Accept-Encoding. */
const engineHead =
  /POST \/([A-Za-z]+\.[A-Za-z]+) HTTP\/1\.1\r\nHost: [!-~]*\r\nUser-Agent: Go-http-client\/1\.1\r\nContent-Length: (0|[1-9]\d{0,8})\r\nAccept: application\/vnd\.docker\.plugins\.v1\.2\+json\r\n(?:Accept-Encoding: gzip\r\n)?\r\n/y;

/** Reads the headers of the request that starts there; `undefined` if they are not all there, or not the engine's. */
export function readEngineRequest(bytes: Buffer, start: number): EngineRequest | undefined {
  engineHead.lastIndex = 0;
  const match = engineHead.exec(bytes.toString("latin1", start, Math.min(start + maxHeadBytes, bytes.length)));
  if (match === null) return undefined;
  const [, path = "", bodyLength] = match;
  return { path, bodyStart: start + engineHead.lastIndex, bodyLength: Number(bodyLength) };
}

/** An answer in one piece, and the cheapest encoding that gives its bytes. */
export function rawAnswer(
  { status, body }: TextAnswer,
  connection: "keep-alive" | "close",
): readonly [text: string, encoding: "latin1" | "utf8"] {
  const length = Buffer.byteLength(body);
  return [
    `HTTP/1.1 ${status} ${reasonOf(status)}\r\nContent-Type: ${mediaType}\r\nContent-Length: ${length}\r\nDate: ${dateNow()}\r\nConnection: ${connection}\r\n\r\n${body}`,
    // As many bytes as characters: all of them are ASCII.
    length === body.length ? "latin1" : "utf8",
  ];
}

function reasonOf(status: number): string {
  // node:http takes long to load, and most answers are one of these.
  return reasons[status] ?? process.getBuiltinModule("node:http").STATUS_CODES[status] ?? "";
}

const reasons: Record<number, string> = {
  200: "OK",
  400: "Bad Request",
  404: "Not Found",
  500: "Internal Server Error",
};

let dateText = "";
let dateSecond = 0;

/** The time as HTTP wants it, made once a second. */
function dateNow(): string {
  const second = Math.floor(Date.now() / 1000);
  if (second !== dateSecond) {
    dateSecond = second;
    dateText = new Date(second * 1000).toUTCString();
  }
  return dateText;
}
