import type { ListenOptions, Server } from "node:net";

/** Makes a server listen; rejects with what the system says. */
export function listenOn(server: Server, options: ListenOptions & { fd?: number }): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen(options, () => {
      server.off("error", reject);
      resolve();
    });
  });
}
