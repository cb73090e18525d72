// A call as a command line that sends it again. It is pasted into a terminal, so it is of printable ASCII alone.
/** @import { CallRecord } from "../src/call-record.ts" */

/**
 * The command, or why there is none.
 *
 * @param {CallRecord} call
 * @param {string | null} address `unix:///run/docker/plugins/data.sock`, `http://127.0.0.1:4000`
 * @returns {{ command: string } | { reason: string }}
 */
export function curlCommand({ method, request }, address) {
  if (request.cut) return { reason: "the request was too large to be kept whole" };
  if (address !== null && !/^[ -~]*$/.test(address)) return { reason: "the plugin's address cannot be pasted safely" };
  const socket = address?.startsWith("unix://") ? [`--unix-socket ${quoted(address.slice("unix://".length))}`] : [];
  const base = address === null || socket.length > 0 ? "http://plugin" : address.replace(/^tcp:/, "http:");
  const url = quoted(`${base.replace(/\/$/, "")}/${method.split("/").map(encoded).join("/")}`);
  const { before, words } = bodyOf(request);
  return { command: [...before, "curl --silent --show-error --request POST", ...socket, ...words, url].join(" ") };
}

/**
 * What sends the body, and what stands before the command to make it.
 *
 * @param {CallRecord["request"]} request
 * @returns {{ before: string[], words: string[] }}
 */
function bodyOf({ json, text = "", base64, bytes }) {
  if (bytes === 0) return { before: [], words: [] };
  const type = `--header ${quoted("Content-Type: application/vnd.docker.plugins.v1.1+json")}`;
  if (json !== undefined) return { before: [], words: [type, `--data-raw ${quoted(asciiJson(json))}`] };
  if (base64 === undefined && /^[ -~]*$/.test(text)) return { before: [], words: [type, `--data-raw ${quoted(text)}`] };
  const encodedBody = base64 ?? asBase64(text);
  return { before: [`printf %s ${quoted(encodedBody)} | base64 -d |`], words: [type, "--data-binary @-"] };
}

/**
 * JSON that says the same without a character that a terminal could take for something else.
 *
 * @param {unknown} value
 */
function asciiJson(value) {
  return JSON.stringify(value).replaceAll(
    /[^ -~]/g,
    (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}

/** @param {string} text */
function asBase64(text) {
  return btoa(Array.from(new TextEncoder().encode(text), (byte) => String.fromCharCode(byte)).join(""));
}

/**
 * A part of a path. A lone half of a pair of units is no character, and cannot be encoded as one.
 *
 * @param {string} part
 */
function encoded(part) {
  return encodeURIComponent(part.toWellFormed());
}

/**
 * A word for a shell.
 *
 * @param {string} word
 */
function quoted(word) {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`;
}
