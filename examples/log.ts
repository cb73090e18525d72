// A file per container, a line per line: `docker run --log-driver lines ...`. `docker logs` reads the engine's own copy.
import { once } from "node:events";
import { constants, createWriteStream, mkdirSync, openSync, type WriteStream } from "node:fs";
import { Socket } from "node:net";
import { setImmediate } from "node:timers/promises";
import { definePlugin, serve } from "@outrigger/plugin";
import { decodeLogEntries, RequestError } from "@outrigger/protocol";

const folder = process.env.LINES_FOLDER ?? "/var/log/docker-lines";

interface Log {
  readonly pipe: Socket;
  readonly written: Promise<void>;
}

const logs = new Map<string, Log>();

export const plugin = definePlugin({
  name: "lines",
  drivers: {
    LogDriver: {
      startLogging({ File, Info }) {
        if (!/^[0-9a-f]{64}$/.test(Info.ContainerID))
          throw new RequestError(`"${Info.ContainerID}" is no container's id`);
        mkdirSync(folder, { recursive: true });
        // Opened without waiting, and read as a socket: a plain file stream would hold one of Node's few threads.
        const pipe = new Socket({ fd: openSync(File, constants.O_RDONLY | constants.O_NONBLOCK), writable: false });
        const file = createWriteStream(`${folder}/${Info.ContainerID}.log`, { flags: "a" });
        logs.set(File, { pipe, written: copyLines(pipe, file) });
      },
      async stopLogging({ File }) {
        const log = logs.get(File);
        if (log === undefined) return;
        logs.delete(File);
        await untilEmpty(log.pipe);
        log.pipe.push(null);
        await log.written;
        log.pipe.destroy();
      },
    },
  },
});

async function copyLines(pipe: Socket, file: WriteStream): Promise<void> {
  for await (const entry of decodeLogEntries(pipe)) {
    file.write(entry.line);
    if (!entry.partial || entry.partialLogMetadata?.last === true) file.write("\n");
  }
  file.end();
  await once(file, "close");
}

/** The engine holds the pipe open until StopLogging answers, so what is left is read until a turn brings nothing. */
async function untilEmpty(pipe: Socket): Promise<void> {
  for (let before = -1; before !== pipe.bytesRead;) {
    before = pipe.bytesRead;
    await setImmediate();
    await setImmediate();
  }
}

if (import.meta.main) await serve(plugin);
