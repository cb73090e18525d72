// One request as Docker Engine writes it, and an answer as node:http would write it.
import { STATUS_CODES } from "node:http";
import type { Socket } from "node:net";
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

/** Writes an answer in one piece; the connection stays open. */
export function writeAnswer(socket: Socket, { status, body }: TextAnswer): void {
  const length = Buffer.byteLength(body);
  socket.write(
    `HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\nContent-Type: ${mediaType}\r\nContent-Length: ${length}\r\nDate: ${dateNow()}\r\nConnection: keep-alive\r\n\r\n${body}`,
    // Cheaper than UTF-8, and the same bytes where all of them are ASCII.
    length === body.length ? "latin1" : "utf8",
  );
}

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
