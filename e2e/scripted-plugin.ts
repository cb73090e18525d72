// A plugin on a lab host that answers whatever a story wants, right or wrong.
import { once } from "node:events";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { Host } from "@outrigger/e2e/lab";

/** What to answer to one call: a reply, a status with a text, or nothing but the end of the connection. */
type Answer = object | readonly [status: number, text: string] | "hang up";

/** A plugin whose answers a story sets. Disposing removes its socket. */
export interface ScriptedPlugin extends AsyncDisposable {
  /** Answers by `Kind.Method`, over those that work. */
  answers: Readonly<Record<string, Answer>>;
}

/** Answers with which each operation succeeds. */
const working: Readonly<Record<string, Answer>> = {
  "VolumeDriver.Capabilities": { Capabilities: { Scope: "local" } },
  "NetworkDriver.GetCapabilities": { Scope: "local" },
  "IpamDriver.GetCapabilities": {},
  "IpamDriver.GetDefaultAddressSpaces": { LocalDefaultAddressSpace: "local", GlobalDefaultAddressSpace: "global" },
  "NetworkDriver.EndpointOperInfo": { Value: {} },
  "LogDriver.Capabilities": { Cap: { ReadLogs: false } },
  "AuthZPlugin.AuthZReq": { Allow: true },
  "AuthZPlugin.AuthZRes": { Allow: true },
};

/** Serves a plugin from this process on a socket of the host. */
export async function scriptPlugin(host: Host, name: string, kinds: readonly string[]): Promise<ScriptedPlugin> {
  const plugin: { answers: ScriptedPlugin["answers"] } = { answers: {} };
  const answer = (request: IncomingMessage, response: ServerResponse): void => {
    const path = request.url?.slice(1) ?? "";
    const handshake = { "Plugin.Activate": { Implements: kinds } };
    const found = { ...working, ...handshake, ...plugin.answers }[path] ?? {};
    if (found === "hang up") return void request.socket.destroy();
    const [status, text] = isText(found) ? found : [200, JSON.stringify(found)];
    request.resume();
    response.writeHead(status).end(text);
  };
  const server = await listen(
    createServer({ keepAliveTimeout: 60_000 }, answer),
    host.path(`/run/docker/plugins/${name}.sock`),
  );
  return Object.assign(plugin, {
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  });
}

async function listen(server: Server, path: string): Promise<Server> {
  server.listen(path);
  await once(server, "listening");
  return server;
}

function isText(answer: Exclude<Answer, "hang up">): answer is readonly [status: number, text: string] {
  return Array.isArray(answer);
}
