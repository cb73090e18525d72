import { once } from "node:events";
import type { ServerResponse } from "node:http";
import { pipeline } from "node:stream/promises";
import type { Reply, TarReply } from "./operation.ts";
import type { Problem } from "./problem.ts";

const heartbeatMs = 15_000;
const idleMs = 60_000;

/** Writes an operation's reply; what takes long ends when the client leaves. */
export async function writeReply(response: ServerResponse, reply: Reply, gone: AbortSignal): Promise<void> {
  if ("tar" in reply) return await writeTar(response, reply.tar);
  if ("events" in reply) return await writeEvents(response, reply.events, gone);
  if ("text" in reply) return writeText(response, 200, reply);
  if ("job" in reply) {
    response.setHeader("location", `/v1/operations/${reply.job.id}`);
    return writeJson(response, 202, reply.job);
  }
  writeJson(response, reply.status ?? 200, reply.json);
}

/** Writes what went wrong. */
export function writeProblem(response: ServerResponse, problem: Problem): void {
  if (response.headersSent) return void response.destroy();
  const text = `${JSON.stringify(problem)}\n`;
  // What was not read of the request must not be taken for the next one.
  response.setHeader("connection", "close");
  writeText(response, problem.status, { text, contentType: "application/problem+json" });
}

function writeJson(response: ServerResponse, status: number, value: unknown): void {
  if (value === undefined) return void response.writeHead(status === 200 ? 204 : status).end();
  writeText(response, status, { text: `${JSON.stringify(value)}\n`, contentType: "application/json" });
}

function writeText(
  response: ServerResponse,
  status: number,
  { text, contentType }: { readonly text: string; readonly contentType: string },
): void {
  response.writeHead(status, { "content-type": contentType, "content-length": Buffer.byteLength(text) }).end(text);
}

/** The stream is cut off where tar failed, so that half of it is never taken for all. */
async function writeTar(response: ServerResponse, tar: TarReply): Promise<void> {
  await using _ = tar;
  response.socket?.setTimeout(idleMs, () => response.destroy());
  response.writeHead(200, { "content-type": "application/x-tar", trailer: "Outrigger-Changed" });
  try {
    await pipeline(tar.stream, response, { end: false });
    const { changed } = await tar.ended;
    response.addTrailers({ "Outrigger-Changed": String(changed) });
    response.end();
  } catch (error) {
    response.destroy();
    throw error;
  }
}

async function writeEvents(response: ServerResponse, events: AsyncIterable<object>, gone: AbortSignal): Promise<void> {
  response.writeHead(200, { "content-type": "text/event-stream", "cache-control": "no-store" });
  response.flushHeaders();
  const heartbeat = setInterval(() => response.write(":\n\n"), heartbeatMs);
  try {
    for await (const event of events) {
      if (gone.aborted) return;
      if (response.write(`data: ${JSON.stringify(event)}\n\n`)) continue;
      await once(response, "drain", { signal: AbortSignal.any([gone, AbortSignal.timeout(idleMs)]) });
    }
    response.end();
  } catch {
    // Left, or too slow for too long.
    response.destroy();
  } finally {
    clearInterval(heartbeat);
  }
}
