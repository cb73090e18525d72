import type { CallRecord, Content } from "../call-record.ts";
import type { Entry } from "./history.ts";

/** The most characters of one call that a page is sent: it keeps thousands of them. */
const mostOfCall = 64 * 1024;
const mostOfContent = 24 * 1024;
const mostOfText = 4096;

/** A call as a server-sent event. A large one is shortened and says so. */
export function callEvent({ place, record }: Entry): string {
  const whole = JSON.stringify(record);
  const data = whole.length <= mostOfCall ? whole : JSON.stringify(shortened(record));
  return `id: ${place}\ndata: ${data}\n\n`;
}

function shortened(record: CallRecord): CallRecord {
  return {
    ...record,
    plugin: record.plugin.slice(0, mostOfText),
    method: record.method.slice(0, mostOfText),
    error: record.error?.slice(0, mostOfText) ?? null,
    request: shortenedContent(record.request),
    reply: record.reply === null ? null : shortenedContent(record.reply),
  };
}

/** What is left of JSON is text, so that nobody takes it for the whole. */
function shortenedContent(content: Content): Content {
  const { json, text, base64, bytes } = content;
  const written = text ?? base64 ?? JSON.stringify(json) ?? "";
  if (written.length <= mostOfContent) return content;
  const start = written.slice(0, mostOfContent);
  return base64 === undefined ? { text: start, bytes, cut: true } : { base64: start, bytes, cut: true };
}
