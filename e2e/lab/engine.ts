import { existsSync } from "node:fs";
import { mkdir, rm, writeFile } from "node:fs/promises";
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

/** The Docker Engine of a host: dockerd, and a containerd beside it that lives as long as the host, as on Debian. */
export interface Engine {
  /** The version it was chosen by: `20.10`, `26.1` or `own`. */
  readonly version: string;
  /** Its API, a path that is the same on the machine. */
  readonly socket: string;
  /** Starts it and waits until it answers. Throws with the end of its log where it does not within a minute. */
  start(options?: EngineOptions): Promise<void>;
  /** SIGTERM, and waits a minute at most for its end: containers are stopped, unless they are to outlive it. */
  stop(): Promise<void>;
  /** SIGKILL to dockerd; containerd and containers stay as they are. */
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
const containerdFolder = "docker/containerd";

/** An engine that is not started yet. */
export function createEngine(host: EngineOptionsOfHost): Engine {
  const socket = join(host.folder, "socket", "docker.sock");
  const running = new Set<Child>();
  let containerd: Child | undefined;
  let dockerd: Child | undefined;

  const start = async (argv: readonly string[]): Promise<Child> => {
    const child = await host.startInRoot(argv);
    running.add(child);
    void child.ended.then(() => running.delete(child));
    return child;
  };
  const untilUp = async (daemon: Child, isUp: () => boolean | Promise<boolean>): Promise<void> => {
    const limit = performance.now() + limitMs;
    while (!(await isUp())) {
      if (!running.has(daemon)) throw new Error(failure("ended as it started", daemon));
      if (performance.now() > limit) {
        daemon.kill("SIGKILL");
        throw new Error(failure("did not answer within a minute", daemon));
      }
      await wait(10);
    }
  };
  // A dockerd that starts a containerd itself misses its socket at first, and since 23.0 waits a second for it.
  const startContainerd = async (): Promise<void> => {
    if (containerd !== undefined && running.has(containerd)) return;
    const folder = join(host.runFolder, containerdFolder);
    await rm(folder, { recursive: true, force: true });
    await mkdir(folder);
    await writeFile(join(folder, "config.toml"), containerdConfig);
    containerd = await start(["containerd", `--config=/run/${containerdFolder}/config.toml`]);
    await untilUp(containerd, () => existsSync(join(folder, "containerd.sock")));
  };
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
      if (dockerd !== undefined && running.has(dockerd))
        throw new Error(`the engine of ${host.name} runs already; stop it first`);
      await startContainerd();
      // Left by an engine that was killed; another process may have its number by now.
      await rm(join(host.runFolder, "docker.pid"), { force: true });
      await rm(socket, { force: true });
      dockerd = await start([
        "dockerd",
        `--host=unix://${socket}`,
        "--pidfile=/run/docker.pid",
        `--containerd=/run/${containerdFolder}/containerd.sock`,
        `--cgroup-parent=/${host.name}`,
        ...(options.liveRestore === true ? ["--live-restore"] : []),
        ...(options.args ?? []),
      ]);
      await untilUp(dockerd, () => answers(socket));
    },
  };
}

/** As dockerd would write it: without the part that is for Kubernetes. */
const containerdConfig = `version = 2
root = "/var/lib/docker/containerd"
state = "/run/${containerdFolder}"
disabled_plugins = ["io.containerd.grpc.v1.cri"]
[grpc]
address = "/run/${containerdFolder}/containerd.sock"
`;

function failure(what: string, daemon: Child): string {
  return `the engine ${what}; its log ends:\n${daemon.output().slice(-3000)}`;
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
