import type { ListenOptions, Server, ServerOpts } from "node:net";

/** Half-open, so that a request which was cut short can still be refused with a reason. */
export const connectionOptions: ServerOpts = { allowHalfOpen: true, noDelay: true };

/** Makes a server listen; rejects with what the system says. */
export function listenOn(server: Server, options: ListenOptions & { fd?: number }): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen(options, () => {
      server.off("error", reject);
      // A connection that could not be accepted; the others go on.
      server.on("error", (error) => process.emitWarning(error));
      resolve();
    });
  });
}
