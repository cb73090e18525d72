import { join } from "node:path";

/** What came of asking an engine for its version. */
export type ApiAnswer =
  | { readonly state: "answers"; readonly version: string }
  /** Accepts or is full, and says nothing in time. */
  | { readonly state: "silent" }
  | { readonly state: "dead" | "foreign" | "forbidden"; readonly why: string };

const longestSocketPath = 107;

/**
 * Asks `/_ping`, the one question that neither a plugin nor a lock of the engine nor containerd delays: the version
 * stands in its header `Server`. Source: moby/moby daemon/server/middleware/version.go.
 */
export async function pingEngine(root: string, options: { path: string; deadlineMs: number }): Promise<ApiAnswer> {
  const { request } = await import("node:http");
  const { promise, resolve } = Promise.withResolvers<ApiAnswer>();
  const socketPath = join(root, options.path);
  if (Buffer.byteLength(socketPath) > longestSocketPath) {
    return { state: "forbidden", why: `${socketPath} is longer than a socket's path may be` };
  }
  const asking = request({ socketPath, path: "/_ping", headers: { Host: "docker" } }, (response) => {
    // What it says is of no interest, and may have no end.
    response.destroy();
    resolve(read(String(response.headers["server"] ?? "")));
    response.on("error", () => {});
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

function read(server: string): ApiAnswer {
  const version = /^Docker\/(\S+)/.exec(server)?.[1];
  return version === undefined
    ? { state: "foreign", why: "answers, but not as an engine does" }
    : { state: "answers", version };
}

function stateOf(error: Error): ApiAnswer {
  const code = "code" in error ? String(error.code) : "";
  if (code === "EAGAIN") return { state: "silent" };
  if (code === "EACCES" || code === "EPERM") return { state: "forbidden", why: error.message };
  if (code === "ECONNREFUSED" || code === "ENOENT") return { state: "dead", why: error.message };
  return { state: "foreign", why: error.message };
}
