import type { IncomingMessage } from "node:http";
import { parseOptions, type Options } from "@outrigger/plugin";
import type { Call } from "./operation.ts";
import { ProblemError } from "./problem.ts";
import type { Match } from "./routes.ts";
import { checkOptions } from "./transfer-operations.ts";

const mostBodyBytes = 256 * 1024;
const bodyDeadlineMs = 30_000;
const streamIdleMs = 60_000;

/** What a request asks for, checked against its operation; throws `ProblemError` or `RequestError`. */
export async function readCall(request: IncomingMessage, { operation, path }: Match, gone: AbortSignal): Promise<Call> {
  const query = parseOptions(operation.query ?? {}, readQuery(request, operation.repeats ?? []));
  if (operation.body === "tar") {
    request.socket.setTimeout(streamIdleMs, () => request.destroy(new ProblemError(408, "the stream stood still")));
    return { path, query, body: {}, options: {}, json: undefined, stream: request, gone };
  }
  const json = await readJson(request);
  if (operation.body === "json") return { path, query, body: {}, options: {}, json, stream: request, gone };
  const { options, ...fields } = json;
  const body = parseOptions(bodyOptions(operation), operation.options ? fields : json);
  return {
    path,
    query,
    body,
    options: options === undefined ? {} : checkOptions(options),
    json,
    stream: request,
    gone,
  };
}

function bodyOptions({ body }: Match["operation"]): Options {
  return body === undefined || typeof body === "string" ? {} : body;
}

function readQuery(request: IncomingMessage, repeats: readonly string[]): Record<string, string> {
  const { searchParams } = new URL(request.url ?? "/", "http://localhost");
  const query: Record<string, string> = Object.create(null) as Record<string, string>;
  for (const [name, value] of searchParams) {
    const before = query[name];
    if (before !== undefined && !repeats.includes(name)) {
      throw new ProblemError(400, `query "${name.slice(0, 60)}" comes twice; say it once`);
    }
    query[name] = before === undefined ? value : `${before},${value}`;
  }
  return query;
}

async function readJson(request: IncomingMessage): Promise<Record<string, unknown>> {
  const text = await readBody(request);
  if (text.trim() === "") return {};
  const value = parse(text);
  if (typeof value === "object" && value !== null && !Array.isArray(value)) return { ...value };
  throw new ProblemError(400, "the body has to be a JSON object");
}

async function readBody(request: IncomingMessage): Promise<string> {
  const late = setTimeout(() => request.destroy(new ProblemError(408, "the body took too long")), bodyDeadlineMs);
  const chunks: Buffer[] = [];
  let size = 0;
  try {
    // A request without an encoding gives buffers.
    for await (const chunk of request as AsyncIterable<Buffer>) {
      size += chunk.length;
      if (size > mostBodyBytes) {
        throw new ProblemError(413, `the body is longer than ${mostBodyBytes} bytes; leave something out`);
      }
      chunks.push(chunk);
    }
  } finally {
    clearTimeout(late);
  }
  return Buffer.concat(chunks).toString("utf8");
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : "";
    throw new ProblemError(400, `the body is no JSON: ${why.slice(0, 200)}`, { cause });
  }
}
