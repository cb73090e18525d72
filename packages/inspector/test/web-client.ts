// A browser's part in tests of the server: requests with any header, and event streams.
import { once } from "node:events";
import { request, type IncomingHttpHeaders, type IncomingMessage } from "node:http";
import { setTimeout as wait } from "node:timers/promises";
import type { About, CallRecord } from "../src/index.ts";

/** An answer, read to its end. */
export interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

/** What to ask for. */
export interface Question {
  readonly method?: string;
  readonly path?: string;
  readonly headers?: Readonly<Record<string, string>>;
}

/** One server-sent event. */
export interface StreamEvent {
  readonly id: string | undefined;
  readonly event: string | undefined;
  /** Parsed; what the server under test wrote. */
  readonly data: CallRecord & About;
}

/** What a page is about, where a test does not care. */
export const about = (): About => ({
  plugins: [{ name: "data", address: null, implements: ["VolumeDriver"] }],
  recording: null,
});

/** A call as it is published. */
export function callOf(number: number, fields: Partial<CallRecord> = {}): CallRecord {
  return {
    version: 1,
    number,
    at: "2026-01-02T03:04:05.678Z",
    plugin: "data",
    method: "VolumeDriver.Mount",
    request: { json: { Name: "data", ID: "a" }, bytes: 24 },
    reply: { json: { Mountpoint: "/data" }, bytes: 22 },
    status: 200,
    error: null,
    milliseconds: 1.5,
    deadlineMs: 120_000,
    ...fields,
  };
}

/** Sends a request to a page's server, and reads the answer. */
export async function ask(url: string, question: Question = {}): Promise<Answer> {
  const response = await send(url, question);
  let body = "";
  for await (const chunk of response) body += String(chunk);
  return { status: response.statusCode ?? 0, headers: response.headers, body };
}

/** The cookie that opening the page brings. */
export async function openPage(url: string): Promise<string> {
  const { headers } = await ask(url, { path: url.slice(url.indexOf("/?")) });
  return headers["set-cookie"]?.[0]?.split(";")[0] ?? "";
}

/** Opens the page and follows its events, after an id where one is given. */
export async function follow(url: string, lastEventId?: string): Promise<AsyncGenerator<StreamEvent>> {
  const cookie = await openPage(url);
  const resume = lastEventId === undefined ? {} : { "last-event-id": lastEventId };
  return eventsOf(await send(url, { path: "/events", headers: { cookie, ...resume } }));
}

/** The next events, so many of them; the stream stays open. */
export async function take(events: AsyncGenerator<StreamEvent>, count: number): Promise<StreamEvent[]> {
  const taken: StreamEvent[] = [];
  while (taken.length < count) {
    const { value, done } = await events.next();
    if (done === true) throw new Error(`the stream ended after ${taken.length} of ${count} events`);
    taken.push(value);
  }
  return taken;
}

/** Sends a request, and gives the answer unread; it is cut off after half a minute, for a test that waits in vain. */
export async function send(
  url: string,
  { method = "GET", path = "/", headers = {} }: Question,
): Promise<IncomingMessage> {
  const { hostname, port } = new URL(url);
  const sent = request({ hostname, port, method, path, headers, agent: false, signal: AbortSignal.timeout(30_000) });
  sent.end();
  // node:http emits the message alone.
  const [response] = (await once(sent, "response")) as [IncomingMessage];
  return response;
}

/** Whether the server has room for another page. */
export async function isAdmitted(url: string): Promise<boolean> {
  const response = await send(url, { path: "/events", headers: { cookie: await openPage(url) } });
  response.destroy();
  return response.statusCode === 200;
}

/** Waits for a condition; throws where it has not come after half a minute. */
export async function until(what: string, holds: () => boolean | Promise<boolean>): Promise<void> {
  const limit = performance.now() + 30_000;
  while (!(await holds())) {
    if (performance.now() > limit) throw new Error(`waited half a minute in vain until ${what}`);
    await wait(10);
  }
}

async function* eventsOf(response: IncomingMessage): AsyncGenerator<StreamEvent> {
  let rest = "";
  for await (const chunk of response) {
    const blocks = (rest + String(chunk)).split("\n\n");
    rest = blocks.pop() ?? "";
    for (const block of blocks) {
      const fields = new Map(block.split("\n").map((line) => [line.split(": ", 1)[0], line.replace(/^\w+: /, "")]));
      const data = fields.get("data");
      if (data !== undefined) yield { id: fields.get("id"), event: fields.get("event"), data: JSON.parse(data) };
    }
  }
}
