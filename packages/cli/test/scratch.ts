// What the tests share: a folder of their own, and servers that are no good.
import { existsSync } from "node:fs";
import { link, mkdir, mkdtemp, rename, rm, writeFile } from "node:fs/promises";
import { once } from "node:events";
import { createServer, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { findAside } from "@outrigger/inspector";

/** A temporary folder with a place for sockets and one for spec files, removed with what is in it. */
export interface Scratch extends AsyncDisposable {
  readonly plugins: string;
  readonly specs: string;
  /** The flags that make the command look there and nowhere else. */
  readonly flags: readonly string[];
  readonly path: (name: string) => string;
  readonly write: (name: string, text: string) => Promise<string>;
}

/** Makes the folder of one test. */
export async function scratch(): Promise<Scratch> {
  const root = await mkdtemp(join(tmpdir(), "cli-test-"));
  const [plugins, specs] = [join(root, "plugins"), join(root, "specs")];
  await Promise.all([mkdir(plugins), mkdir(specs)]);
  return {
    plugins,
    specs,
    flags: ["--plugins-dir", plugins, "--spec-dir", specs],
    path: (name) => join(root, name),
    write: async (name, text) => {
      const file = join(root, name);
      await mkdir(dirname(file), { recursive: true });
      await writeFile(file, text);
      return file;
    },
    [Symbol.asyncDispose]: () => rm(root, { recursive: true, force: true }),
  };
}

/** A server that does what it is told with each piece it receives; by default nothing at all. */
export async function badServer(
  path: string,
  onData: (socket: Socket, data: Buffer) => void = () => {},
): Promise<AsyncDisposable> {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on("error", () => {}).on("data", (data) => onData(socket, data));
  });
  server.listen(path);
  await once(server, "listening");
  return {
    [Symbol.asyncDispose]: async () => {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, "close");
    },
  };
}

/** Whether a trace stands in a plugin's place: its socket, made beside the plugin's, has been moved there. */
export function isTraced({ plugins }: Scratch, name: string): boolean {
  const [aside] = findAside(plugins).filter(({ path }) => path.endsWith(`/${name}.sock`));
  return aside !== undefined && existsSync(aside.plugin) && !existsSync(join(aside.folder, "trace"));
}

/** Leaves a socket file behind that nobody listens on. */
export async function leaveSocket(path: string): Promise<void> {
  const kept = `${path}.kept`;
  {
    await using _server = await badServer(path);
    await link(path, kept);
  }
  await rename(kept, path);
}
