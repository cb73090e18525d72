// Volumes in plain folders, with the API over them, in this process.
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { request, type IncomingMessage } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { PassThrough } from "node:stream";
import { text } from "node:stream/consumers";
import { createLogger, type Logger } from "@outrigger/plugin";
import { openVolumes, type Volumes } from "@outrigger/volume-core";
import { createStorageClient, type StorageClient } from "../src/client.ts";
import { openStorageApi, type StorageApi } from "../src/storage-api.ts";

/** What a test gets. */
export interface Stage extends AsyncDisposable {
  readonly root: string;
  readonly volumes: Volumes;
  readonly api: StorageApi;
  readonly client: StorageClient;
}

/** Opens all of it in a folder of its own; with lines of tokens, also the listener that takes them. */
export async function openStage(tokenLines?: readonly string[]): Promise<Stage> {
  const root = await mkdtemp(join(tmpdir(), "outrigger-api-"));
  const tokens = join(root, "tokens");
  if (tokenLines !== undefined) await writeFile(tokens, `${tokenLines.join("\n")}\n`, { mode: 0o600 });
  const osd = tokenLines && { listen: "127.0.0.1:0", tokens };
  const volumes = await openVolumes({
    root,
    backend: {
      name: "folder",
      options: { size: { type: "size", doc: "Means nothing here." } },
      provision: async ({ folder }) => void (await mkdir(join(folder, "data"), { recursive: true })),
      attach: async ({ folder }) => join(folder, "data"),
      detach: async () => {},
      destroy: async () => {},
    },
  });
  const api = await openStorageApi({ name: "stage", root, verbs: volumes, log: quiet(), osd });
  return {
    root,
    volumes,
    api,
    client: createStorageClient(api.socket),
    [Symbol.asyncDispose]: async () => {
      await api[Symbol.asyncDispose]();
      await volumes[Symbol.asyncDispose]();
      await rm(root, { recursive: true, force: true });
    },
  };
}

/** Hears all and says nothing. */
export function quiet(): Logger {
  return createLogger({ out: new PassThrough().resume(), err: new PassThrough().resume() });
}

/** A request as it is typed, and its answer. */
export interface Raw {
  readonly method?: string;
  readonly path: string;
  readonly body?: string;
  readonly headers?: Readonly<Record<string, string>>;
}

/** Sends a request that the client would not send; `where` is a socket's path or an URL. */
export async function send(
  where: string,
  { method = "GET", path, body, headers }: Raw,
): Promise<{ status: number; body: unknown }> {
  const target = where.startsWith("/")
    ? { socketPath: where }
    : { host: new URL(where).hostname, port: new URL(where).port };
  const response = await new Promise<IncomingMessage>((resolve, reject) => {
    request({ ...target, method, path, headers, agent: false }, resolve)
      .once("error", reject)
      .end(body);
  });
  const said = await text(response);
  return {
    status: response.statusCode ?? 0,
    body: /json/.test(response.headers["content-type"] ?? "") ? JSON.parse(said) : said,
  };
}
