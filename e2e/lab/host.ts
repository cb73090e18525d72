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
import { runNetworkTool } from "./network-tools.ts";

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
  readonly run: (argv: readonly string[], options?: RunOptions) => Promise<RunResult>;
  /** Starts a process on the host: a plugin, mostly. */
  readonly start: (argv: readonly string[], options?: ChildOptions) => Promise<Child>;
  /** Runs the engine's own `docker` command, and returns what it printed without the last line's end. */
  readonly docker: (args: readonly string[], options?: RunOptions) => Promise<string>;
  /** Makes an image out of Debian's static busybox and files by their path. */
  readonly image: (name: string, files?: Readonly<Record<string, string>>) => Promise<void>;
  /** A path of the host, as the machine reaches it. */
  readonly path: (path: string) => string;
}

const initScript = fileURLToPath(new URL("host-init.sh", import.meta.url));
const namespaces = ["mount", "uts", "net", "pid"] as const;

/** Makes a host. Its engine is not started. Throws where none can be made, with the reason. */
export async function createHost(options: HostOptions = {}): Promise<Host> {
  const root = engineRoot(options.engine);
  await sweepHostFolders();
  await using opening = new AsyncDisposableStack();
  const folder = await makeHostFolder();
  opening.defer(() => removeHostFolder(folder));
  const name = basename(folder);
  const { pid } = opening.use(await holdNamespaces(namespaces, ["sh", initScript, folder, root.folder, name]));
  await runNetworkTool(["ip", "link", "set", "lo", "up"], { pid });

  const host = { pid, namespaces };
  // The engine's mount namespace has its root folder as root.
  const inRoot = { pid: await firstChild(pid), namespaces };
  const children: Child[] = [];
  // One that is stopped would keep the namespaces from ending.
  opening.defer(() => children.forEach((child) => child.kill("SIGKILL")));
  const start = async (argv: readonly string[], childOptions: ChildOptions): Promise<Child> => {
    const child = await startChild(argv, childOptions);
    children.push(child);
    return child;
  };
  const engine = createEngine({
    version: root.version,
    folder,
    name,
    startInRoot: (argv) => start(argv, { within: inRoot }),
    runFolder: `/proc/${pid}/root/run`,
  });
  const dockerCommand = enterNamespaces(["docker", `--host=unix://${engine.socket}`], inRoot);
  const dockerScript = join(folder, "docker");
  await writeScript(dockerScript, `exec ${dockerCommand.join(" ")} "$@"`);
  await writeScript(
    join(folder, "enter"),
    `[ $# -gt 0 ] || set -- sh\nexec ${enterNamespaces([], host).join(" ")} "$@"`,
  );

  const docker: Host["docker"] = async (args, runOptions) => {
    const { stdout } = await run([...dockerCommand, ...args], { timeoutMs: 120_000, ...runOptions });
    return stdout.trimEnd();
  };
  const opened = opening.move();
  return {
    name,
    engine,
    pid,
    share: join(folder, "share"),
    dockerScript,
    docker,
    run: (argv, runOptions) => run(enterNamespaces(argv, host), { env: environment(), ...runOptions }),
    start: (argv, childOptions) => start(argv, { env: environment(), ...childOptions, within: host }),
    image: (image, files = {}) => importImage({ image, files, docker, folder: join(folder, "share") }),
    path: (path) => join(`/proc/${pid}/root`, path),
    [Symbol.asyncDispose]: () => opened.disposeAsync(),
  };
}

/** For a person in another terminal. */
async function writeScript(file: string, line: string): Promise<void> {
  await writeFile(file, `#!/bin/sh\n${line}\n`);
  await chmod(file, 0o755);
}

/** Programs that it starts by name run on this Node. */
function environment(): Record<string, string> {
  return { ...plainEnvironment, PATH: `${dirname(process.execPath)}:${plainEnvironment.PATH ?? ""}` };
}
