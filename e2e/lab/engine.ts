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
  /** SIGTERM, and waits a minute at most for its end: containers are stopped, unless they are to outlive it. */
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
  readonly runFolder: string;
}

const limitMs = 60_000;

/** An engine that is not started yet. */
export function createEngine(host: EngineOptionsOfHost): Engine {
  const socket = join(host.folder, "socket", "docker.sock");
  let dockerd: Child | undefined;

  let running = false;

  const end = async (signal: NodeJS.Signals): Promise<void> => {
    if (dockerd === undefined) return;
    dockerd.kill(signal);
    const ending = await Promise.race([dockerd.ended, wait(limitMs, undefined, { ref: false })]);
    if (ending === undefined) throw new Error(failure(`did not end within a minute of ${signal}`, dockerd));
  };
  return {
    version: host.version,
    socket,
    log: () => dockerd?.output() ?? "",
    stop: () => end("SIGTERM"),
    kill9: () => end("SIGKILL"),
    start: async (options = {}) => {
      if (running) throw new Error(`the engine of ${host.name} runs already; stop it first`);
      // Left by an engine that was killed; another process may have its number by now.
      for (const file of ["docker.pid", "docker/containerd/containerd.pid"])
        await rm(join(host.runFolder, file), { force: true });
      await rm(socket, { force: true });
      dockerd = await host.startInRoot([
        "dockerd",
        ...flagsOf(host, socket),
        ...(options.liveRestore === true ? ["--live-restore"] : []),
        ...(options.args ?? []),
      ]);
      running = true;
      void dockerd.ended.then(() => (running = false));
      await untilAnswering(dockerd, { socket, isRunning: () => running });
    },
  };
}

function flagsOf(host: EngineOptionsOfHost, socket: string): string[] {
  return [`--host=unix://${socket}`, "--pidfile=/run/docker.pid", `--cgroup-parent=/${host.name}`];
}

async function untilAnswering(
  dockerd: Child,
  { socket, isRunning }: { socket: string; isRunning: () => boolean },
): Promise<void> {
  const limit = performance.now() + limitMs;
  while (!(await answers(socket))) {
    if (!isRunning()) throw new Error(failure("ended as it started", dockerd));
    if (performance.now() > limit) {
      dockerd.kill("SIGKILL");
      throw new Error(failure("did not answer within a minute", dockerd));
    }
    await wait(20);
  }
}

function failure(what: string, dockerd: Child): string {
  return `the engine ${what}; its log ends:\n${dockerd.output().slice(-3000)}`;
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
