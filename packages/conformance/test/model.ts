// A plugin on node:http alone, for judging the judge: it keeps the rules but for those that a test breaks.
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { runCases, type RunOptions, type RunResult, type Setting } from "@outrigger/conformance";

/** Answers one method: the reply's object, or throws for `{"Err": message}` with status 500. */
export type Handler = (request: never, incoming: IncomingMessage) => unknown;

/** A plugin by its methods. */
export type Handlers = Readonly<Record<string, Handler>>;

/** Replaces the answer to any request: for what a handler cannot break. Returns whether it did. */
export type Intercept = (incoming: IncomingMessage, response: ServerResponse, body: Buffer) => boolean;

/** A model plugin that listens. */
export interface ServedModel extends AsyncDisposable {
  readonly address: string;
  readonly folder: string;
  /** Ends it and starts it over the same handlers, for `Setting.restart`. */
  readonly restart: (signal: "SIGKILL" | "SIGTERM", whileDown?: () => Promise<void>) => Promise<void>;
}

/**
 * Serves handlers on a socket in a folder: one of its own, which goes with it, unless told. Errors are answered under
 * `errorKey`.
 */
export async function serveModel(
  handlers: Handlers,
  options: {
    readonly errorKey?: string;
    readonly intercept?: Intercept;
    readonly tcp?: true;
    readonly folder?: string;
  } = {},
): Promise<ServedModel> {
  const { errorKey = "Err", intercept = () => false } = options;
  const folder = options.folder ?? (await mkdtemp(join(tmpdir(), "outrigger-model-")));
  const server = createServer({ requireHostHeader: false }, (incoming, response) => {
    const chunks: Buffer[] = [];
    incoming.on("data", (chunk: Buffer) => chunks.push(chunk));
    incoming.on("end", () => void answer(Buffer.concat(chunks)));
    const answer = async (body: Buffer): Promise<void> => {
      if (intercept(incoming, response, body)) return;
      const { status, reply } = await replyTo(handlers, { incoming, body, errorKey });
      response.writeHead(status, { "Content-Type": "application/vnd.docker.plugins.v1.2+json" });
      response.end(JSON.stringify(reply));
    };
  });
  const path = join(folder, "model.sock");
  const listen = (): Promise<void> =>
    new Promise((resolve) => void server.listen(options.tcp ? { port: 0, host: "127.0.0.1" } : { path }, resolve));
  const close = async (): Promise<void> => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  };
  await listen();
  const bound = server.address();
  return {
    address: typeof bound === "object" && bound !== null ? `tcp://127.0.0.1:${bound.port}` : `unix://${path}`,
    folder,
    restart: async (_, whileDown) => {
      await close();
      await whileDown?.();
      await rm(path, { force: true });
      await listen();
    },
    [Symbol.asyncDispose]: async () => {
      await close();
      if (options.folder === undefined) await rm(folder, { recursive: true, force: true });
    },
  };
}

/** Judges a plugin with the shortest patience. */
export function judge(address: string, options: RunOptions & { setting?: Partial<Setting> } = {}): Promise<RunResult> {
  const { setting = {}, ...rest } = options;
  return runCases({ target: address, patienceMs: 100, ...setting }, rest);
}

/** The ids of the cases that came out in a way, in order. */
export function idsOf(result: RunResult, status: "passed" | "failed" | "skipped"): string[] {
  return result.cases.filter((one) => one.status === status).map(({ id }) => id);
}

async function replyTo(
  handlers: Handlers,
  call: { incoming: IncomingMessage; body: Buffer; errorKey: string },
): Promise<{ status: number; reply: unknown }> {
  const { incoming, body, errorKey } = call;
  const refuse = (status: number, text: string): { status: number; reply: unknown } => ({
    status,
    reply: { [errorKey]: text },
  });
  const handler = handlers[(incoming.url ?? "").slice(1)];
  if (handler === undefined) return refuse(404, `no method ${incoming.url}`);
  if (incoming.method !== "POST") return refuse(405, "only POST is served");
  try {
    // Each handler declares the request it takes; the model is for well-formed ones, and the rest throws here.
    const request = (body.length === 0 ? {} : JSON.parse(body.toString())) as never;
    return { status: 200, reply: await handler(request, incoming) };
  } catch (error) {
    return refuse(500, error instanceof Error ? error.message : String(error));
  }
}
