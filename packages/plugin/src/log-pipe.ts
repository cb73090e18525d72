import { closeSync, constants, fstatSync, openSync, readSync } from "node:fs";
import { Socket } from "node:net";
import { RequestError } from "@outrigger/protocol";

/** Where the bytes of a pipe go. */
export interface LogSink {
  /** Takes some of the bytes, as `writeSync` does, and returns how many. Where it throws it is asked again after a second. */
  readonly write: (bytes: Uint8Array) => number;
  /** Nobody has the pipe open for writing any more: the engine is gone. */
  readonly onEnd: () => void;
  /** The sink failed, or the pipe cannot be read. */
  readonly onError: (error: unknown) => void;
}

/** A pipe of the engine's that is being read. */
export interface LogPipe {
  /** Hands on at once what is in the pipe, as StopLogging has to before it answers; throws what the sink throws. */
  readonly drain: () => void;
  /** Reads no more. */
  readonly close: () => void;
}

/** What a pipe can hold at most, unless root made it larger: pipe(7). */
const pipeBytes = 1024 * 1024;

const retryMs = 1000;

/**
 * Reads a pipe that StartLogging names, on Node's event loop: a file stream would hold one of the few threads for as
 * long as the container runs. A sink that fails stops the reading, and so the container, rather than lose a line.
 * Throws `RequestError` where there is no such pipe.
 */
export function readLogPipe(file: string, sink: LogSink): LogPipe {
  const fd = openPipe(file);
  const socket = new Socket({ fd, readable: true, writable: false });
  let rest: Buffer = Buffer.alloc(0);
  const flush = (): void => {
    while (rest.length > 0) rest = rest.subarray(sink.write(rest));
  };
  const flushOrWait = (): void => {
    if (socket.destroyed) return;
    try {
      flush();
      socket.resume();
    } catch (error) {
      socket.pause();
      sink.onError(error);
      setTimeout(flushOrWait, retryMs).unref();
    }
  };
  socket.on("data", (chunk: Buffer) => {
    rest = Buffer.concat([rest, chunk]);
    flushOrWait();
  });
  socket.once("end", sink.onEnd);
  socket.on("error", sink.onError);
  return {
    drain: () => {
      if (socket.destroyed) return;
      const room = Buffer.alloc(64 * 1024);
      flush();
      // No more than can have been there, for a writer may go on without end.
      for (let count = 1, total = 0; count > 0 && total < pipeBytes; total += count) {
        count = readNow(fd, room);
        rest = room.subarray(0, count);
        flush();
      }
    },
    close: () => void socket.destroy(),
  };
}

function openPipe(file: string): number {
  let fd: number;
  try {
    fd = openSync(file, constants.O_RDONLY | constants.O_NONBLOCK);
  } catch (cause) {
    throw new RequestError(`${file} cannot be opened; start the container again`, { cause });
  }
  if (fstatSync(fd).isFIFO()) return fd;
  closeSync(fd);
  throw new RequestError(`${file} is no pipe; start the container again`);
}

function readNow(fd: number, room: Buffer): number {
  try {
    return readSync(fd, room);
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "EAGAIN") return 0;
    throw error;
  }
}
