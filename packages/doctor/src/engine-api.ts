import { join } from "node:path";

/** What came of asking an engine for its version. */
export type ApiAnswer =
  | { readonly state: "answers"; readonly version: string }
  /** Accepts or is full, and says nothing in time. */
  | { readonly state: "silent" }
  | { readonly state: "dead" | "foreign" | "forbidden"; readonly why: string };

const mostBytes = 262_144;

/** Asks for `/version`, the one question that no plugin and no lock of the engine delays. */
export async function askVersion(root: string, options: { path: string; deadlineMs: number }): Promise<ApiAnswer> {
  const { request } = await import("node:http");
  const { promise, resolve } = Promise.withResolvers<ApiAnswer>();
  const socketPath = join(root, options.path);
  const asking = request({ socketPath, path: "/version", headers: { Host: "docker" } }, (response) => {
    const chunks: Buffer[] = [];
    let size = 0;
    response.on("data", (chunk: Buffer) => {
      size += chunk.length;
      if (size > mostBytes) asking.destroy(new Error(`answers with more than ${mostBytes} bytes`));
      else chunks.push(chunk);
    });
    response.on("end", () => resolve(read(Buffer.concat(chunks).toString())));
    response.on("error", (error) => resolve({ state: "foreign", why: error.message }));
  });
  asking.on("error", (error) => resolve(stateOf(error)));
  const timer = setTimeout(() => resolve({ state: "silent" }), options.deadlineMs);
  asking.end();
  try {
    return await promise;
  } finally {
    clearTimeout(timer);
    asking.destroy();
  }
}

function read(text: string): ApiAnswer {
  try {
    const body: unknown = JSON.parse(text);
    if (typeof body === "object" && body !== null && "Version" in body && typeof body.Version === "string") {
      return { state: "answers", version: body.Version };
    }
    // An authorization plugin may refuse the question: then the engine lives, and its version stays unknown.
    if (typeof body === "object" && body !== null && "message" in body) return { state: "answers", version: "" };
  } catch {
    // Told below.
  }
  return { state: "foreign", why: "answers, but not as an engine does" };
}

function stateOf(error: Error): ApiAnswer {
  const code = "code" in error ? String(error.code) : "";
  if (code === "EAGAIN") return { state: "silent" };
  if (code === "EACCES" || code === "EPERM") return { state: "forbidden", why: error.message };
  if (code === "ECONNREFUSED" || code === "ENOENT") return { state: "dead", why: error.message };
  return { state: "foreign", why: error.message };
}
