// The API's own client, for the command and for programs.
import { request, type IncomingMessage, type RequestOptions } from "node:http";
import { createInterface } from "node:readline";
import type { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { json, text } from "node:stream/consumers";
import type { Job } from "./jobs.ts";
import type { Problem } from "./problem.ts";

/** What the API answered when it could not do something, or why it could not be reached. */
export class StorageApiError extends Error {
  override readonly name = "StorageApiError";
  /** The HTTP status; undefined where nobody answers. */
  readonly status: number | undefined;

  constructor(message: string, options: { readonly status?: number; readonly cause?: unknown } = {}) {
    super(message, { cause: options.cause });
    this.status = options.status;
  }
}

/** A request's method and path, and what goes with it. */
export interface ApiRequest {
  readonly method?: "GET" | "POST" | "DELETE";
  readonly path: string;
  readonly query?: Readonly<Record<string, string | undefined>>;
  readonly body?: unknown;
  readonly stream?: Readable;
  readonly signal?: AbortSignal;
}

/** Calls the API of one plugin. */
export interface StorageClient {
  /** A request with a JSON answer; undefined where there is nothing to say. */
  call(what: ApiRequest): Promise<unknown>;
  /** A request whose answer is a stream; its trailers are there when it has ended. */
  stream(what: ApiRequest): Promise<IncomingMessage>;
  /** Server-sent events, until the signal aborts or the other side ends. */
  events(what: ApiRequest): AsyncGenerator;
  /** Starts long work and follows it to its end; throws `StorageApiError` where it fails. */
  follow(what: ApiRequest, onProgress: (job: Job) => void): Promise<Job>;
}

/** Calls the API on a socket. */
export function createStorageClient(socketPath: string): StorageClient {
  const stream = (what: ApiRequest): Promise<IncomingMessage> => send(socketPath, what);
  const call = async (what: ApiRequest): Promise<unknown> => {
    const response = await stream(what);
    return response.statusCode === 204 ? void response.resume() : await json(response);
  };
  async function* events(what: ApiRequest): AsyncGenerator {
    const response = await stream(what);
    const stop = (): void => void response.destroy();
    what.signal?.addEventListener("abort", stop);
    try {
      for await (const line of createInterface({ input: response })) {
        if (line.startsWith("data: ")) yield JSON.parse(line.slice("data: ".length));
      }
    } catch (cause) {
      if (what.signal?.aborted !== true) throw new StorageApiError("the plugin stopped while it was asked", { cause });
    } finally {
      what.signal?.removeEventListener("abort", stop);
      response.destroy();
    }
  }
  const follow = async (what: ApiRequest, onProgress: (job: Job) => void): Promise<Job> => {
    // The OpenAPI document says that it answers with an operation.
    let job = (await call(what)) as Job;
    for await (const now of events({
      path: `/v1/operations/${job.id}/events`,
      ...(what.signal && { signal: what.signal }),
    })) {
      job = now as Job;
      onProgress(job);
    }
    if (job.state === "done") return job;
    const ask = `operation ${job.id} is not over; ask again with GET /v1/operations/${job.id}`;
    throw new StorageApiError(job.error ?? ask, { status: 500 });
  };
  return { call, stream, events, follow };
}

function send(
  socketPath: string,
  { method = "GET", path, query = {}, body, stream, signal }: ApiRequest,
): Promise<IncomingMessage> {
  const asked = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) if (value !== undefined) asked.set(name, value);
  const target = asked.size === 0 ? path : `${path}?${asked.toString()}`;
  const options: RequestOptions = { socketPath, method, path: target, agent: false, ...(signal && { signal }) };
  return new Promise((resolve, reject) => {
    const sent = request(options);
    sent.once("error", (cause) => reject(unreachable(socketPath, cause)));
    sent.once("response", (response) => {
      if ((response.statusCode ?? 500) < 400) resolve(response);
      else explain(response).then(reject, reject);
    });
    // What goes wrong there is an error of the request too.
    if (stream !== undefined) return void pipeline(stream, sent).catch(() => sent.destroy());
    if (body !== undefined) sent.setHeader("content-type", "application/json");
    sent.end(body === undefined ? undefined : JSON.stringify(body));
  });
}

async function explain(response: IncomingMessage): Promise<StorageApiError> {
  const said = await text(response);
  const status = response.statusCode ?? 500;
  try {
    // A problem, as the OpenAPI document says.
    return new StorageApiError((JSON.parse(said) as Problem).detail, { status });
  } catch (cause) {
    return new StorageApiError(`the API answered ${status}: ${said.slice(0, 200)}`, { status, cause });
  }
}

function unreachable(socketPath: string, cause: Error): StorageApiError {
  const remedy = "start the plugin with outrigger serve volume-local, or name its socket with --api";
  return new StorageApiError(`no storage API at ${socketPath}: ${cause.message}; ${remedy}`, { cause });
}
