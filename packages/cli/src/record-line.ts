// A traced call, as a line or in full.
import type { CallRecord, Content } from "@outrigger/inspector";
import { formatCall, naming, objectOf } from "./call-line.ts";
import { paint, printable } from "./output.ts";

/** One line: time, plugin, method, what it is about, request, answer or error, time taken and share of the deadline. */
export function formatRecord(record: CallRecord): string {
  const { at, plugin, request, reply, status, error, milliseconds, deadlineMs } = record;
  return formatCall({
    time: at,
    plugin,
    method: record.method === "" ? "(no HTTP)" : record.method,
    object: objectOf(request.json),
    request: besideTheName(request),
    status,
    reply: reply === null ? null : (reply.json ?? { text: shownText(reply) }),
    error,
    milliseconds,
    engineDeadlineMs: deadlineMs,
  });
}

/** The line, and below it both bodies, nothing shortened. */
export function formatRecordInFull(record: CallRecord): string {
  const { request, reply } = record;
  return [formatRecord(record), ...body("request", request), ...(reply === null ? [] : body("answer", reply))].join(
    "\n",
  );
}

/** What the request says beyond the name, which the line has already. */
function besideTheName({ json, text, bytes }: Content): string | undefined {
  if (typeof json !== "object" || json === null) return bytes === 0 ? undefined : (text ?? JSON.stringify(json));
  const name = naming.find((field) => field in json);
  const rest = Object.entries(json).filter(([key, value]) => key !== name && value !== null && value !== "");
  return rest.length === 0 ? undefined : JSON.stringify(Object.fromEntries(rest));
}

function body(title: string, content: Content): string[] {
  const { json, bytes, cut } = content;
  const head = `  ${paint("dim", `${title}, ${bytes} bytes${cut === true ? ", of which the beginning is shown" : ""}`)}`;
  if (bytes === 0) return [head];
  const text = json === undefined ? shownText(content) : JSON.stringify(json, null, 2);
  return [head, ...text.split("\n").map((line) => `    ${printable(line)}`)];
}

function shownText({ text, base64, bytes }: Content): string {
  return text ?? base64 ?? (bytes === 0 ? "" : `${bytes} bytes`);
}
