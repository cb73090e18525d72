import { rm } from "node:fs/promises";
import { request } from "node:http";
import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import type { Child, ChildOptions } from "@outrigger/linux";

/** How to start an engine. */
export interface EngineOptions {
  /** Containers outlive the engine. */
  readonly liveRestore?: boolean;
  /** More flags of dockerd. */
  readonly args?: readonly string[];
}

/** The Docker Engine of a host: dockerd with a containerd of its own. */
export interface Engine {
  /** The version it was chosen by: `20.10`, `26.1` or `own`. */
  readonly version: string;
  /** Its API, a path that is the same on the machine. */
  readonly socket: string;
  /** Starts it and waits until it answers. Throws with the end of its log where it does not within a minute. */
  start(options?: EngineOptions): Promise<void>;
  /** SIGTERM, and waits for its end: containers are stopped, unless they are to outlive it. */
  stop(): Promise<void>;
  /** SIGKILL to dockerd, and with it to its containerd; containers stay as they are. */
  kill9(): Promise<void>;
  /** What it logged since its last start, the last 64 KiB. */
  log(): string;
}

/** What an engine needs of its host. */
export interface EngineOptionsOfHost {
  readonly version: string;
  readonly folder: string;
  readonly name: string;
  /** Starts a process in the host, with the engine's root folder as root. */
  readonly startInRoot: (argv: readonly string[], options?: ChildOptions) => Promise<Child>;
  /** The host's /run, as the machine reaches it. */
  readonly runFolder: () => string;
}

const startLimitMs = 60_000;

/** An engine that is not started yet. */
export function createEngine(host: EngineOptionsOfHost): Engine {
  const socket = join(host.folder, "socket", "docker.sock");
  let dockerd: Child | undefined;

  const end = async (signal: NodeJS.Signals): Promise<void> => {
    dockerd?.kill(signal);
    await dockerd?.ended;
  };
  return {
    version: host.version,
    socket,
    log: () => dockerd?.output() ?? "",
    stop: () => end("SIGTERM"),
    kill9: () => end("SIGKILL"),
    start: async (options = {}) => {
      // Left by an engine that was killed; another process may have its number by now.
      for (const file of ["docker.pid", "docker/containerd/containerd.pid"])
        await rm(join(host.runFolder(), file), { force: true });
      await rm(socket, { force: true });
      dockerd = await host.startInRoot([
        "dockerd",
        ...flagsOf(host, socket),
        ...(options.liveRestore === true ? ["--live-restore"] : []),
        ...(options.args ?? []),
      ]);
      await untilAnswering(dockerd, socket);
    },
  };
}

function flagsOf(host: EngineOptionsOfHost, socket: string): string[] {
  return [`--host=unix://${socket}`, "--pidfile=/run/docker.pid", `--cgroup-parent=/${host.name}`];
}

async function untilAnswering(dockerd: Child, socket: string): Promise<void> {
  let ended = false;
  void dockerd.ended.then(() => (ended = true));
  const limit = performance.now() + startLimitMs;
  while (!(await answers(socket))) {
    if (ended) throw new Error(`the engine ended as it started:\n${dockerd.output().slice(-3000)}`);
    if (performance.now() > limit)
      throw new Error(`the engine did not answer within ${startLimitMs / 1000} s:\n${dockerd.output().slice(-3000)}`);
    await wait(50);
  }
}

function answers(socketPath: string): Promise<boolean> {
  return new Promise((resolve) => {
    const ping = request({ socketPath, path: "/_ping", timeout: 1000 }, (response) => {
      response.resume();
      resolve(response.statusCode === 200);
    });
    ping.on("error", () => resolve(false));
    ping.on("timeout", () => ping.destroy(new Error("silent")));
    ping.end();
  });
}
