// The engine's API, as Compose and other programs call it without the docker command.
import { request, type IncomingMessage } from "node:http";
import type { Host } from "@outrigger/e2e/lab";

/** A request to the engine. */
export interface ApiCall {
  readonly method: "GET" | "POST" | "PUT" | "DELETE";
  /** From `/` on, without the API's version. */
  readonly path: string;
  readonly body?: unknown;
}

/** What the engine answered: `body` is JSON where it was that, or text. */
export interface ApiAnswer {
  readonly status: number;
  readonly body: unknown;
}

/** Calls a host's engine; every status is an answer. */
export async function callEngine(host: Host, { method, path, body }: ApiCall): Promise<ApiAnswer> {
  const headers = body === undefined ? {} : { "Content-Type": "application/json" };
  const calling = request({ socketPath: host.engine.socket, method, path, headers });
  const answered = new Promise<IncomingMessage>((resolve, reject) => {
    calling.once("response", resolve).once("error", reject);
  });
  calling.end(body === undefined ? undefined : JSON.stringify(body));
  const answer = await answered;
  const chunks: Buffer[] = [];
  for await (const chunk of answer) chunks.push(Buffer.from(chunk as Uint8Array));
  const text = Buffer.concat(chunks).toString();
  const isJson = answer.headers["content-type"]?.startsWith("application/json") === true && text !== "";
  return { status: answer.statusCode ?? 0, body: isJson ? (JSON.parse(text) as unknown) : text };
}
