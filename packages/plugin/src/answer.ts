import { PluginError, protocols, type Protocol } from "@outrigger/protocol";
import type { ByteStream } from "./byte-stream.ts";

/** What goes back to the caller: JSON text, or a stream of bytes. */
export type Answer = TextAnswer | StreamAnswer;

/** One JSON object. */
export interface TextAnswer {
  readonly status: number;
  readonly body: string;
}

/** Bytes as the driver makes them; sent in chunks, each at once. */
export interface StreamAnswer {
  readonly status: 200;
  readonly stream: ByteStream;
}

/** The media type of everything that engine and plugin send each other (moby/moby pkg/plugins/transport/mimetype.go). */
export const mediaType = "application/vnd.docker.plugins.v1.2+json";

/**
 * A failure as every kind of caller reads it: not 200, and the text under `Err`, which is where the engine looks first,
 * and under the protocol's own key where that is another (moby/moby pkg/plugins/client.go).
 */
export function errorAnswer(path: string, error: unknown): TextAnswer {
  const status = error instanceof PluginError && error.status >= 400 && error.status < 600 ? error.status : 500;
  const prefix = `${path}: `;
  const text = textOf(error);
  // The engine puts the method's name before the text itself.
  const Err = text.startsWith(prefix) ? text.slice(prefix.length) : text;
  return { status, body: JSON.stringify({ Err, ...(errorKeyOf(path) === "Error" && { Error: Err }) }) };
}

/** An error's text for people: never a stack, never empty, whatever was thrown. */
export function textOf(error: unknown): string {
  try {
    const text = error instanceof Error ? error.message || error.name : String(error);
    return text.trim() === "" ? "the driver failed without saying why" : text;
  } catch {
    return "the driver threw something that cannot be shown";
  }
}

function errorKeyOf(path: string): Protocol["errorKey"] {
  const kind = path.slice(0, path.indexOf(".") + 1);
  const protocol = Object.values<Protocol>(protocols).find(({ methods }) =>
    Object.values(methods).some((method) => method.path.startsWith(kind)),
  );
  return kind === "" ? "Err" : (protocol?.errorKey ?? "Err");
}
