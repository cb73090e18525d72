import { once } from "node:events";
import { link } from "node:fs/promises";
import { createServer } from "node:net";

/** Leaves a socket file whose process is gone. */
export async function leaveDeadSocket(path: string): Promise<void> {
  const server = createServer().listen(`${path}.live`);
  await once(server, "listening");
  await link(`${path}.live`, path);
  server.close();
  await once(server, "close");
}
