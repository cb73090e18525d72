// Makes recordings/ anew: what real engines send for the main docker operations, and what our plugins answer.
import { mkdir, copyFile, chmod } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { lab, type Host } from "@outrigger/e2e/lab";
import { startExample } from "../e2e/example-on-host.ts";
import { servePlugins, until } from "../e2e/plugin-on-host.ts";

/** What is done on an engine while the calls of some plugins are recorded. */
interface Golden {
  readonly name: string;
  readonly plugins: readonly string[];
  readonly about: string;
  /** Starts the plugins; held until the recording has ended. */
  readonly serve: (host: Host, held: AsyncDisposableStack) => Promise<void>;
  readonly act: (host: Host) => Promise<void>;
}

const command = fileURLToPath(new URL("../packages/cli/src/main.ts", import.meta.url));
const folder = fileURLToPath(new URL("../recordings", import.meta.url));

const goldens: readonly Golden[] = [
  {
    name: "volumes",
    plugins: ["volume-local"],
    about: "docker volume create, ls, inspect, rm; run -v; cp; an error",
    serve: async (host, held) => void held.use(await servePlugins(host)),
    act: async (host) => {
      await host.docker(["volume", "create", "-d", "volume-local", "-o", "mode=0700", "data"]);
      await host.docker(["volume", "create", "-d", "volume-local", "data"]);
      await host.docker(["volume", "ls"]);
      await host.docker(["volume", "inspect", "data"]);
      await host.docker(["run", "--rm", "-v", "data:/data", "busybox", "sh", "-c", "echo hello >/data/file"]);
      await host.docker(["run", "--rm", "--volume-driver", "volume-local", "-v", "made:/data", "busybox", "true"]);
      await host.docker(["run", "-d", "--name", "user", "-v", "data:/data", "busybox", "sleep", "1d"]);
      await host.docker(["cp", "user:/data/file", join(host.share, "file")]);
      await host.docker(["rm", "-f", "user"]);
      await host.docker(["volume", "create", "-d", "volume-local", "-o", "no-such=option", "bad"]).catch(() => {});
      await host.docker(["volume", "rm", "data", "made"]);
    },
  },
  {
    name: "networks",
    plugins: ["wires", "counting"],
    about: "docker network create --ipam-driver, run --network, connect, disconnect, rm; a subnet that is taken",
    serve: async (host, held) => {
      held.use(await startExample(host, { file: "network.ts", name: "wires" }));
      held.use(await startExample(host, { file: "ipam.ts", name: "counting" }));
    },
    act: async (host) => {
      const create = ["network", "create", "-d", "wires", "--ipam-driver", "counting"];
      await host.docker([...create, "net"]);
      await host.docker([...create, "--subnet", "10.99.0.0/24", "--gateway", "10.99.0.1", "-o", "color=red", "fixed"]);
      await host.docker([...create, "--subnet", "10.99.0.0/24", "taken"]).catch(() => {});
      await host.docker(["run", "-d", "--name", "first", "--network", "net", "busybox", "sleep", "1d"]);
      await host.docker(["run", "--rm", "--network", "fixed", "--ip", "10.99.0.9", "busybox", "true"]);
      await host.docker(["network", "connect", "fixed", "first"]);
      await host.docker(["network", "disconnect", "fixed", "first"]);
      await host.docker(["rm", "-f", "first"]);
      await host.docker(["network", "rm", "net", "fixed"]);
    },
  },
  {
    name: "authz",
    plugins: ["no-privileged"],
    about: "docker run, allowed and with --privileged; exec; volume create; inspect, with --authorization-plugin",
    serve: async (host, held) => void held.use(await startExample(host, { file: "authz.ts", name: "no-privileged" })),
    act: async (host) => {
      // Not before: connections that the engine has already, it keeps, and calls on them are not seen.
      await host.engine.stop();
      await host.engine.start({ args: ["--authorization-plugin=no-privileged"] });
      await host.docker(["run", "--rm", "busybox", "echo", "hello"]);
      await host.docker(["run", "--rm", "--privileged", "busybox", "true"]).catch(() => {});
      await host.docker(["run", "-d", "--name", "user", "busybox", "sleep", "1d"]);
      await host.docker(["exec", "user", "true"]);
      await host.docker(["exec", "--privileged", "user", "true"]).catch(() => {});
      await host.docker(["volume", "create", "data"]);
      await host.docker(["volume", "rm", "data"]);
      await host.docker(["rm", "-f", "user"]);
    },
  },
  {
    name: "logs",
    plugins: ["lines"],
    about: "docker run --log-driver, restart, logs of a stopped container",
    serve: async (host, held) => void held.use(await startExample(host, { file: "log.ts", name: "lines" })),
    act: async (host) => {
      await host.docker([
        "run",
        "-d",
        "--log-driver",
        "lines",
        "--name",
        "user",
        "busybox",
        "sh",
        "-c",
        "echo one; echo two >&2",
      ]);
      await host.docker(["wait", "user"]);
      await host.docker(["restart", "user"]);
      await host.docker(["wait", "user"]);
      await host.docker(["logs", "user"]);
      await host.docker(["rm", "user"]);
    },
  },
];

const engines = process.argv.length > 2 ? process.argv.slice(2) : lab.engines();
for (const engine of engines) {
  await mkdir(join(folder, engine), { recursive: true });
  for (const golden of goldens) {
    // A host each: no engine remembers what another recording made.
    await using host = await lab.host({ engine });
    await host.image("busybox");
    const made = await record(host, golden);
    const file = join(folder, engine, `${golden.name}.jsonl`);
    await copyFile(made, file);
    await chmod(file, 0o644);
    console.log(`recordings/${engine}/${golden.name}.jsonl`);
  }
}

async function record(host: Host, { plugins, about, serve, act }: Golden): Promise<string> {
  await using held = new AsyncDisposableStack();
  await serve(host, held);
  const file = join(host.share, "calls.jsonl");
  // The lab holds no secrets, and a policy decides by the bodies that would be taken out.
  const args = [
    "record",
    "--show-secrets",
    "--about",
    `${about} (Docker Engine ${host.engine.version})`,
    file,
    ...plugins,
  ];
  const recorder = await host.start([process.execPath, command, ...args]);
  await until("calls are recorded", () => recorder.output().includes("recording "));
  await act(host);
  recorder.kill("SIGTERM");
  const { code } = await recorder.ended;
  if (code !== 0) throw new Error(`outrigger record ended with ${code}: ${recorder.output()}`);
  return file;
}
