// Stands in front of a plugin that is reached in any way, at an address of our own.
import { unlinkSync } from "node:fs";
import { createServer, type Socket } from "node:net";
import { formatAddress, type Address, type Dialler } from "@outrigger/engine";
import { InspectorError } from "./inspector-error.ts";
import { fitsSocket, listening, socketState } from "./socket-state.ts";
import { createSwitchboard } from "./switchboard.ts";
import type { TraceOptions, Tracing } from "./trace-socket.ts";

/** Listens at an address and passes everything on to a plugin; throws `InspectorError` where it cannot. */
export async function traceAddress(listen: Address, plugin: Dialler, options: TraceOptions): Promise<Tracing> {
  const { say } = options;
  const shown = formatAddress(plugin.address);
  let told = false;
  const board = createSwitchboard(options, {
    dial: () => plugin.dial(),
    onUnreachable: (error) => {
      if (!told) say({ kind: "unreachable", plugin: options.plugin, text: `cannot reach ${shown}: ${error.message}` });
      told = true;
    },
  });
  const server = createServer({ allowHalfOpen: true, noDelay: true, pauseOnConnect: true }, (socket: Socket) =>
    board.connect(socket),
  );
  await open(server, listen);
  const bound = server.address();
  const address =
    listen.transport !== "unix" && typeof bound === "object" && bound !== null
      ? formatAddress({ ...listen, authority: listen.authority.replace(/\d+$/, String(bound.port)) })
      : formatAddress(listen);
  say({ kind: "tracing", plugin: options.plugin, text: `calls at ${address} are shown and passed on to ${shown}` });
  return {
    address,
    get busy() {
      return board.busy;
    },
    [Symbol.asyncDispose]: async () => {
      server.close();
      await board.drain(options.hurry ?? new AbortController().signal);
    },
  };
}

async function open(server: ReturnType<typeof createServer>, listen: Address): Promise<void> {
  const where = formatAddress(listen);
  if (listen.transport === "tls") {
    throw new InspectorError(
      "bad-address",
      "a trace has no certificate to show; listen on unix:// or on tcp:// of this machine",
    );
  }
  if (listen.transport === "unix") {
    const { path } = listen;
    if (!fitsSocket(path))
      throw new InspectorError("bad-address", `${path} is too long for a socket's address; choose a shorter one`);
    const state = await socketState(path);
    if (state === "live" || state === "foreign")
      throw new InspectorError("unavailable", `${path} is in use; choose another path`);
    if (state === "dead") unlinkSync(path);
    return await attempt(listening(server, { path }), where);
  }
  const { host, port } = listen;
  if (host !== "localhost" && host !== "::1" && !host.startsWith("127.")) {
    throw new InspectorError(
      "bad-address",
      `${host} is open to other machines, and whoever reaches a plugin is obeyed; listen on 127.0.0.1`,
    );
  }
  await attempt(listening(server, { host, port }), where);
}

async function attempt(opening: Promise<void>, where: string): Promise<void> {
  try {
    await opening;
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new InspectorError("unavailable", `cannot listen at ${where}: ${why}; choose another address`, { cause });
  }
}
