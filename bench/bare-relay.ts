// A relay that only reads and writes: what any process between two others costs, before it looks at anything.
//
//   node bare-relay.ts SOCKET TARGET
import { createConnection, createServer } from "node:net";

const [socket = "", target = ""] = process.argv.slice(2);

createServer((engine) => {
  const plugin = createConnection(target);
  engine.on("data", (chunk) => plugin.write(chunk));
  plugin.on("data", (chunk) => engine.write(chunk));
  engine.on("close", () => plugin.destroy());
  plugin.on("error", () => engine.destroy());
}).listen(socket);
