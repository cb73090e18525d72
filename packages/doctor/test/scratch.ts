// What the tests share: a root of their own, and sockets that are no good.
import { once } from "node:events";
import { link, mkdir, mkdtemp, rename, rm, utimes, writeFile } from "node:fs/promises";
import { createServer, type Server, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import type { HostOptions } from "../src/host.ts";

/** The root folder of a machine that a test makes up, removed at its end. */
export interface Scratch extends AsyncDisposable {
  readonly root: string;
  readonly plugins: string;
  readonly specs: string;
  readonly moreSpecs: string;
  /** Examines the folders from this machine, so that what listens there is seen. */
  readonly here: HostOptions;
  readonly write: (name: string, text: string) => Promise<string>;
  readonly path: (name: string) => string;
  /** Lets a server do what it is told with each piece it receives; by default nothing at all. */
  readonly listen: (path: string, onData?: (socket: Socket, data: Buffer) => void) => Promise<Server>;
}

/** Makes the root of one test, in a folder of the machine's choice unless told. */
export async function scratch(parent = tmpdir()): Promise<Scratch> {
  const root = await mkdtemp(join(parent, "doctor-"));
  const folders = ["run/docker/plugins", "etc/docker/plugins", "usr/lib/docker/plugins", "state"].map((one) =>
    join(root, one),
  );
  for (const folder of folders) await mkdir(folder, { recursive: true, mode: 0o755 });
  const [plugins = "", specs = "", moreSpecs = "", state = ""] = folders;
  const servers: { server: Server; sockets: Set<Socket> }[] = [];
  return {
    root,
    plugins,
    specs,
    moreSpecs,
    here: { folders: { sockets: plugins, specs: [specs, moreSpecs] }, stateFolders: [state] },
    path: (name) => join(root, name),
    write: async (name, text) => {
      const file = join(root, name);
      await mkdir(dirname(file), { recursive: true });
      await writeFile(file, text);
      return file;
    },
    listen: async (path, onData = () => {}) => {
      const sockets = new Set<Socket>();
      const server = createServer({ allowHalfOpen: true }, (socket) => {
        sockets.add(socket);
        socket.on("error", () => {});
        socket.on("data", (data) => onData(socket, data));
      }).listen(path);
      servers.push({ server, sockets });
      await once(server, "listening");
      return server;
    },
    [Symbol.asyncDispose]: async () => {
      for (const { server, sockets } of servers) {
        server.close();
        for (const socket of sockets) socket.destroy();
      }
      await rm(root, { recursive: true, force: true });
    },
  };
}

/** Leaves a socket file that nothing listens on, as a killed plugin does, made a minute ago. */
export async function leaveSocket(path: string): Promise<void> {
  const made = `${path}.made`;
  const server = createServer().listen(made);
  await once(server, "listening");
  // Closing removes the file under the name that it was made with.
  await link(made, `${path}.kept`);
  server.close();
  await once(server, "close");
  await rename(`${path}.kept`, path);
  const minuteAgo = Date.now() / 1000 - 60;
  await utimes(path, minuteAgo, minuteAgo);
}

/** Answers the handshake as a plugin does. */
export function answerAs(...names: readonly string[]): (socket: Socket) => void {
  const body = JSON.stringify({ Implements: names });
  return (socket) => socket.write(`HTTP/1.1 200 OK\r\nContent-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`);
}
