// A call as a command line that sends it again.
/** @import { CallRecord } from "../src/call-record.ts" */

/**
 * The command, or why there is none. What was redacted or is base64 of something cut cannot be sent again as it was.
 *
 * @param {CallRecord} call
 * @param {string | null} address `unix:///run/docker/plugins/data.sock`, `http://127.0.0.1:4000`
 * @returns {{ command: string } | { reason: string }}
 */
export function curlCommand({ method, request }, address) {
  if (request.cut) return { reason: "the request was too large to be kept whole" };
  const socket = address?.startsWith("unix://") ? ["--unix-socket", quoted(address.slice("unix://".length))] : [];
  const base = address === null || socket.length > 0 ? "http://plugin" : address.replace(/^tcp:/, "http:");
  const words = ["curl", "--silent", "--show-error", ...socket, "--request POST", ...bodyWords(request)];
  const url = quoted(`${base.replace(/\/$/, "")}/${method.split("/").map(encodeURIComponent).join("/")}`);
  if (request.base64 === undefined) return { command: [...words, url].join(" ") };
  return { command: [`printf %s ${quoted(request.base64)} | base64 --decode |`, ...words, url].join(" ") };
}

/**
 * @param {CallRecord["request"]} request
 * @returns {string[]}
 */
function bodyWords({ json, text, base64, bytes }) {
  if (base64 !== undefined) return ["--data-binary @-"];
  if (bytes === 0) return [];
  const header = `--header ${quoted("Content-Type: application/vnd.docker.plugins.v1.1+json")}`;
  return [header, `--data-raw ${json === undefined ? quoted(text ?? "") : quoted(asciiJson(json))}`];
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

/**
 * A word for a shell. Where it has control or direction characters they are written as escapes of `$'…'`, because a
 * terminal acts on them as they are pasted.
 *
 * @param {string} word
 */
function quoted(word) {
  if (/^[\w@%+=:,./-]+$/.test(word)) return word;
  if (/^[ -~]*$/.test(word)) return `'${word.replaceAll("'", `'\\''`)}'`;
  const bytes = [...new TextEncoder().encode(word)];
  return `$'${bytes.map(escapedByte).join("")}'`;
}

/** @param {number} byte */
function escapedByte(byte) {
  const char = String.fromCharCode(byte);
  return /^[\w @%+=:,./{}"-]$/.test(char) ? char : `\\x${byte.toString(16).padStart(2, "0")}`;
}
