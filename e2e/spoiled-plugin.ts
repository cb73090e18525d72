// A plugin with one fault: a proxy before a good one, on the same host, that spoils some of its answers.
import { createServer, request as httpRequest, type IncomingMessage } from "node:http";
import type { Host } from "@outrigger/e2e/lab";

/** What the plugin answers. */
interface SpoiledAnswer {
  readonly status: number;
  readonly body: object;
}

/** Answers one call in the plugin's place; `usual` has the good plugin answer it. */
export type Spoil = (
  call: { readonly method: string; readonly request: Readonly<Record<string, unknown>> },
  usual: () => Promise<SpoiledAnswer>,
) => SpoiledAnswer | Promise<SpoiledAnswer>;

/** Where a good plugin is, and under which name the engine finds the spoiled one. */
export interface SpoiledPlugin {
  readonly good: string;
  readonly name: string;
  readonly spoil: Spoil;
}

/** Serves a spoiled plugin in the host's plugin folder. */
export async function serveSpoiled(host: Host, { good, name, spoil }: SpoiledPlugin): Promise<AsyncDisposable> {
  const socketOf = (plugin: string): string => host.path(`/run/docker/plugins/${plugin}.sock`);
  const forward = async (path: string, body: string): Promise<SpoiledAnswer> => {
    const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>();
    const outgoing = httpRequest({ socketPath: socketOf(good), path, method: "POST", timeout: 30_000 }, resolve);
    outgoing.on("error", reject);
    outgoing.on("timeout", () => outgoing.destroy(new Error(`no answer to ${path}`)));
    outgoing.end(body);
    const response = await promise;
    // A plugin of ours answers JSON objects.
    return { status: response.statusCode ?? 0, body: JSON.parse(await textOf(response)) as object };
  };
  const server = createServer({ requireHostHeader: false }, (incoming, response) => {
    const answer = async (): Promise<void> => {
      const path = incoming.url ?? "";
      const text = await textOf(incoming);
      // An engine sends JSON objects, or nothing.
      const request = (text === "" ? {} : JSON.parse(text)) as Record<string, unknown>;
      const { status, body } = await spoil({ method: path.slice(1), request }, () => forward(path, text));
      response.writeHead(status).end(JSON.stringify(body));
    };
    answer().catch((error: unknown) => response.writeHead(500).end(JSON.stringify({ Err: String(error) })));
  });
  await new Promise<void>((resolve) => void server.listen(socketOf(name), resolve));
  return {
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

async function textOf(incoming: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  // Without an encoding set, a message yields buffers.
  for await (const chunk of incoming as AsyncIterable<Buffer>) chunks.push(chunk);
  return Buffer.concat(chunks).toString();
}
