import { chmod, writeFile } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import {
  enterNamespaces,
  plainEnvironment,
  run,
  startChild,
  type Child,
  type ChildOptions,
  type RunOptions,
  type RunResult,
} from "@outrigger/linux";
import { createEngine, type Engine } from "./engine.ts";
import { engineRoot } from "./engine-root.ts";
import { makeHostFolder, removeHostFolder, sweepHostFolders } from "./host-folder.ts";
import { importImage } from "./image.ts";
import { firstChild, holdNamespaces } from "./namespace.ts";

/** Which host to make. */
export interface HostOptions {
  /** `20.10` or `26.1`; the newest at hand unless told. */
  readonly engine?: string;
}

/** A host of its own: processes, mounts, network and Docker Engine that nothing outside sees, and that end with us. */
export interface Host extends AsyncDisposable {
  readonly name: string;
  readonly engine: Engine;
  /** Its first process, as the machine counts. */
  readonly pid: number;
  /** A folder that the machine, the host and the engine see under one path. */
  readonly share: string;
  /** A script that runs this engine's own `docker` from the machine. */
  readonly dockerScript: string;
  /** Runs a command on the host, with the machine's programs. */
  run(argv: readonly string[], options?: RunOptions): Promise<RunResult>;
  /** Starts a process on the host: a plugin, mostly. */
  start(argv: readonly string[], options?: ChildOptions): Promise<Child>;
  /** Runs the engine's own `docker` command, and returns what it printed without the last line's end. */
  docker(args: readonly string[], options?: RunOptions): Promise<string>;
  /** Makes an image out of Debian's static busybox and files by their path. */
  image(name: string, files?: Readonly<Record<string, string>>): Promise<void>;
  /** A path of the host, as the machine reaches it. */
  path(path: string): string;
}

const initScript = fileURLToPath(new URL("host-init.sh", import.meta.url));

/** Makes a host. Its engine is not started. Throws where none can be made, with the reason. */
export async function createHost(options: HostOptions = {}): Promise<Host> {
  const root = engineRoot(options.engine);
  await sweepHostFolders();
  const folder = await makeHostFolder();
  const name = basename(folder);
  const namespaces = ["mount", "uts", "net", "pid"] as const;
  const held = await holdNamespaces(namespaces, ["sh", initScript, folder, root.folder, name]).catch(
    async (error: unknown) => {
      await removeHostFolder(folder);
      throw error;
    },
  );
  const enter = (argv: readonly string[]): string[] => enterNamespaces(argv, { pid: held.pid, namespaces });
  const enginePid = await firstChild(held.pid);
  const enterRoot = (argv: readonly string[]): string[] => enterNamespaces(argv, { pid: enginePid, namespaces });
  const engine = createEngine({
    version: root.version,
    folder,
    name,
    startInRoot: (argv, options) => startChild(enterRoot(argv), options),
    runFolder: () => `/proc/${held.pid}/root/run`,
  });
  const dockerScript = join(folder, "docker");
  await writeDockerScript(dockerScript, enterRoot(["docker", `--host=unix://${engine.socket}`]));

  const docker: Host["docker"] = async (args, options) => {
    const { stdout } = await run(enterRoot(["docker", `--host=unix://${engine.socket}`, ...args]), {
      timeoutMs: 120_000,
      ...options,
    });
    return stdout.trimEnd();
  };
  return {
    name,
    engine,
    pid: held.pid,
    share: join(folder, "share"),
    dockerScript,
    docker,
    run: (argv, options) => run(enter(argv), options),
    start: (argv, options) =>
      startChild(enter(argv), {
        env: { ...plainEnvironment, PATH: `${dirname(process.execPath)}:${plainEnvironment.PATH ?? ""}` },
        ...options,
      }),
    image: (image, files = {}) =>
      importImage({
        image,
        files,
        docker,
        folder: join(folder, "share"),
        busybox: join(root.folder, "bin", "busybox"),
      }),
    path: (path) => join(`/proc/${held.pid}/root`, path),
    [Symbol.asyncDispose]: async () => {
      await held[Symbol.asyncDispose]();
      await removeHostFolder(folder);
    },
  };
}

/** For a person in another terminal. */
async function writeDockerScript(file: string, argv: readonly string[]): Promise<void> {
  await writeFile(file, `#!/bin/sh\nexec ${argv.join(" ")} "$@"\n`);
  await chmod(file, 0o755);
}
