// Takes a running plugin's place at its socket, and gives it back on every way out.
import {
  chmodSync,
  chownSync,
  linkSync,
  lstatSync,
  mkdirSync,
  renameSync,
  rmSync,
  unlinkSync,
  type Stats,
} from "node:fs";
import { realpath } from "node:fs/promises";
import { createServer, type Socket } from "node:net";
import { dirname, join } from "node:path";
import { InspectorError } from "./inspector-error.ts";
import { asideFor, findAside, putOneBack, type AsideFolder } from "./seat-leftovers.ts";
import { lockPath } from "./path-lock.ts";
import { fitsSocket, listening, socketState } from "./socket-state.ts";

/** A plugin's place, held by us. */
export interface Seat {
  /** Where the plugin's own socket is meanwhile. */
  readonly plugin: string;
  /** Whether the place is still ours: a plugin that starts anew makes itself another socket there. */
  held(): boolean;
  /** Puts the plugin's socket back where the place is still ours; synchronous, because an exiting process waits for nothing. */
  giveBack(): void;
  /** The same, for a plugin that is gone: its socket would only cost the engine time. */
  clear(): void;
  /** Accepts what was dialled before, then no more. */
  close(): void;
}

/**
 * Takes the place of the plugin that listens at a path. The engine finds a listening socket there at every instant: ours
 * is renamed over the plugin's, which has got a second name before. Throws `InspectorError` where there is no live
 * plugin, or where it is traced already.
 */
export async function takeSeat(path: string, onConnection: (socket: Socket) => void): Promise<Seat> {
  const lock = await lockPath(path);
  if (lock === undefined) throw tracedAlready(path);
  try {
    for (const left of findAside(dirname(path)).filter((one) => one.path === path)) {
      if ((await putOneBack(left)) === undefined) throw tracedAlready(path, left);
    }
    const found = await livePlugin(path);
    const seat = await sitDown({ path, found, aside: asideFor(path) }, onConnection);
    return { ...seat, close: () => (seat.close(), lock[Symbol.dispose]()) };
  } catch (error) {
    lock[Symbol.dispose]();
    throw error;
  }
}

/** The socket behind a path, which may be a link: that one is replaced, whoever leads there. */
export async function realSocketPath(path: string): Promise<string> {
  try {
    return await realpath(path);
  } catch (cause) {
    throw new InspectorError("not-live", `there is no ${path}; start the plugin first`, { cause });
  }
}

async function livePlugin(path: string): Promise<Stats> {
  const found = lstatSync(path, { throwIfNoEntry: false });
  const state = await socketState(path);
  if (state === "live" && found !== undefined) return found;
  const why = {
    live: `${path} has just changed; try again`,
    absent: `there is no ${path}; start the plugin first`,
    dead: `nothing listens at ${path}; start the plugin first, or remove what it left behind`,
    foreign: `${path} is no stream socket, so no plugin can be there; name another`,
  };
  throw new InspectorError("not-live", why[state]);
}

interface Place {
  readonly path: string;
  readonly found: Stats;
  readonly aside: AsideFolder;
}

async function sitDown({ path, found, aside }: Place, onConnection: (socket: Socket) => void): Promise<Seat> {
  const server = createServer({ allowHalfOpen: true, noDelay: true, pauseOnConnect: true }, onConnection);
  const own = join(aside.folder, "trace");
  for (const name of [own, aside.plugin]) {
    if (!fitsSocket(name))
      throw new InspectorError(
        "bad-address",
        `${name} is too long for a socket's address, so ${path} cannot be traced in place; use --listen`,
      );
  }
  mkdirSync(aside.folder, { mode: 0o700 });
  const tidy = (): void => rmSync(aside.folder, { recursive: true, force: true });
  try {
    await listening(server, { path: own });
    chmodSync(own, found.mode & 0o7777);
    chownSync(own, found.uid, found.gid);
    linkSync(path, aside.plugin);
    const mine = lstatSync(own).ino;
    if (lstatSync(aside.plugin).ino !== found.ino)
      throw new InspectorError("not-live", `${path} has just changed; try again`);

    const held = (): boolean => lstatSync(path, { throwIfNoEntry: false })?.ino === mine;
    const leave = (put: () => void) => (): void => {
      process.off("exit", giveBack);
      if (held()) put();
      tidy();
    };
    const giveBack = leave(() => renameSync(aside.plugin, path));
    // Whatever ends this process, but for SIGKILL, the plugin has its place again.
    process.on("exit", giveBack);
    renameSync(own, path);
    return { plugin: aside.plugin, held, giveBack, clear: leave(() => unlinkSync(path)), close: () => server.close() };
  } catch (error) {
    server.close();
    tidy();
    throw error;
  }
}

function tracedAlready(path: string, left?: AsideFolder): InspectorError {
  const [aside] = left === undefined ? findAside(dirname(path)).filter((one) => one.path === path) : [left];
  const who = aside === undefined ? "another process" : `process ${aside.pid}`;
  const way =
    left === undefined ? "end that trace first" : `end that trace first; where there is none, remove ${left.folder}`;
  return new InspectorError("traced-already", `${path} is traced already, by ${who}; ${way}`);
}
