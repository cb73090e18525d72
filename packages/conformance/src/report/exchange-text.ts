// Calls as they went over the wire, for people: the bytes, and a line for the shell that sends the same.
import type { Address } from "@outrigger/engine";
import type { Exchange } from "../connection.ts";

const mostShownBytes = 2048;
const mostExchanges = 6;

/** The last calls of a case: what was sent, what came back, and the curl line of the last one. */
export function describeExchanges(exchanges: readonly Exchange[], address: Address): string[] {
  const shown = exchanges.slice(-mostExchanges);
  const earlier = exchanges.length - shown.length;
  const last = shown.at(-1);
  return [
    ...(earlier > 0 ? [`(the ${earlier} calls before are left out)`] : []),
    ...shown.flatMap((one) => [
      ...prefixed("> ", one.sent),
      ...(one.problem === undefined ? [] : [`! ${one.problem}`]),
      ...(one.received.length === 0 ? [] : prefixed("< ", one.received)),
    ]),
    ...(last === undefined ? [] : [`$ ${curlLine(last, address)}`]),
  ];
}

/** A command line that sends the same request. */
export function curlLine({ sent }: Exchange, address: Address): string {
  const end = sent.indexOf("\r\n\r\n");
  const [line = "", ...headers] = sent.toString("latin1", 0, end < 0 ? undefined : end).split("\r\n");
  const [verb = "POST", path = "/"] = line.split(" ");
  const body = end < 0 ? Buffer.alloc(0) : sent.subarray(end + 4);
  const kept = headers.filter((header) => !/^(content-length|host|user-agent|accept-encoding):/i.test(header));
  const host = address.transport === "unix" ? "http://plugin.moby.localhost" : urlOf(address);
  const words = [
    "curl -sS",
    ...(address.transport === "unix" ? [`--unix-socket ${quoted(address.path)}`] : []),
    ...(verb === "POST" ? ["-X POST"] : [`-X ${verb}`]),
    // curl would say application/x-www-form-urlencoded where the engine says nothing.
    ...(kept.some((header) => /^content-type:/i.test(header)) ? [] : ["-H 'Content-Type:'"]),
    ...kept.map((header) => `-H ${quoted(header)}`),
    ...(body.length > 0 ? [dataOf(body)] : []),
    quoted(host + path),
  ];
  return words.join(" ");
}

function urlOf(address: Extract<Address, { readonly host: string }>): string {
  return `${address.transport === "tls" ? "https" : "http"}://${address.authority}`;
}

function dataOf(body: Buffer): string {
  const text = body.toString("utf8");
  const isText = Buffer.from(text).equals(body) && !text.includes("\0");
  if (isText && body.length <= mostShownBytes) return `--data-binary ${quoted(text.replace(/\n$/, ""))}`;
  if (body.length <= mostShownBytes) return `--data-binary @<(base64 -d <<<${body.toString("base64")})`;
  return `--data-binary @body   # a body of ${body.length} bytes`;
}

/** For a POSIX shell. */
function quoted(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}

function prefixed(mark: string, bytes: Buffer): string[] {
  const text = bytes.toString("utf8", 0, mostShownBytes);
  const rest = bytes.length > mostShownBytes ? [`${mark}(${bytes.length - mostShownBytes} more bytes)`] : [];
  const lines = text.replace(/\r?\n$/, "").split(/\r?\n/);
  return [...lines.map((line) => `${mark}${printable(line)}`.trimEnd()), ...rest];
}

/** A plugin's bytes do nothing to the reader's terminal. */
function printable(text: string): string {
  return text.replaceAll(/[\p{C}\u2028\u2029\ufffd]/gu, (char) => `\\u{${(char.codePointAt(0) ?? 0).toString(16)}}`);
}
