// What came over the wire, made fit to be seen.
/** @import { Content } from "../src/call-record.ts" */

/**
 * Text in which control and direction characters are shown as escapes, so that it looks like what it is.
 *
 * @param {string} text
 */
export function visible(text) {
  return text.replaceAll(
    /(?![\n\t])[\p{C}\u2028\u2029]/gu,
    (char) => `\\u{${(char.codePointAt(0) ?? 0).toString(16)}}`,
  );
}

/**
 * One line of text, of so many characters at most.
 *
 * @param {string} text
 * @param {number} most
 */
export function oneLine(text, most) {
  const start = text.length > most ? `${text.slice(0, most)}…` : text;
  return visible(start).replaceAll(/\s+/g, " ");
}

/**
 * A body as it is read: JSON with one field a line.
 *
 * @param {Content} content
 */
export function bodyText(content) {
  if (content.json !== undefined) return visible(JSON.stringify(content.json, null, 2));
  return visible(content.text ?? content.base64 ?? "");
}

/**
 * What kind of body it is, for its heading.
 *
 * @param {Content} content
 */
export function bodyKind(content) {
  if (content.bytes === 0) return "empty";
  if (content.json !== undefined) return "JSON";
  return content.base64 === undefined ? "text" : "base64";
}

/**
 * Text with the ids in it as `docker` shows them.
 *
 * @param {string} text
 */
export function shortIds(text) {
  return text.replaceAll(/(?<![0-9a-f])([0-9a-f]{12})[0-9a-f]{28,}/g, "$1");
}

/**
 * An id of 64 hexadecimal digits as `docker` shows it; anything else as it is.
 *
 * @param {string} id
 */
export function shortId(id) {
  return /^[0-9a-f]{40,}$/.test(id) ? id.slice(0, 12) : id;
}
