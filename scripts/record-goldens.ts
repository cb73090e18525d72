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
    act: async ({ docker, share }) => {
      await docker(["volume", "create", "-d", "volume-local", "-o", "mode=0700", "data"]);
      await docker(["volume", "create", "-d", "volume-local", "data"]);
      await docker(["volume", "ls"]);
      await docker(["volume", "inspect", "data"]);
      await docker(["run", "--rm", "-v", "data:/data", "busybox", "sh", "-c", "echo hello >/data/file"]);
      await docker(["run", "--rm", "--volume-driver", "volume-local", "-v", "made:/data", "busybox", "true"]);
      await docker(["run", "-d", "--name", "user", "-v", "data:/data", "busybox", "sleep", "1d"]);
      await docker(["cp", "user:/data/file", join(share, "file")]);
      await docker(["rm", "-f", "user"]);
      await docker(["volume", "create", "-d", "volume-local", "-o", "no-such=option", "bad"]).catch(() => {});
      await docker(["volume", "rm", "data", "made"]);
    },
  },
  {
    name: "networks",
    plugins: ["wires", "counting"],
    about:
      "docker network create --ipam-driver, run --network, connect, disconnect, rm; an unknown option, a subnet that is taken",
    serve: async (host, held) => {
      held.use(await startExample(host, { file: "network.ts", name: "wires" }));
      held.use(await startExample(host, { file: "ipam.ts", name: "counting" }));
    },
    act: async ({ docker }) => {
      const create = ["network", "create", "-d", "wires", "--ipam-driver", "counting"];
      await docker([...create, "net"]);
      await docker([...create, "--subnet", "10.99.0.0/24", "--gateway", "10.99.0.1", "fixed"]);
      await docker([...create, "-o", "color=red", "painted"]).catch(() => {});
      await docker([...create, "--subnet", "10.99.0.0/24", "taken"]).catch(() => {});
      await docker(["run", "-d", "--name", "first", "--network", "net", "busybox", "sleep", "1d"]);
      await docker(["run", "--rm", "--network", "fixed", "--ip", "10.99.0.9", "busybox", "true"]);
      await docker(["network", "connect", "fixed", "first"]);
      await docker(["network", "disconnect", "fixed", "first"]);
      await docker(["rm", "-f", "first"]);
      await docker(["network", "rm", "net", "fixed"]);
    },
  },
  {
    name: "authz",
    plugins: ["no-privileged"],
    about: "docker run, allowed and with --privileged; exec; volume create; inspect, with --authorization-plugin",
    serve: async (host, held) =>
      void held.use(await startExample(host, { file: "authz.ts", name: "no-privileged", root: false })),
    act: async ({ engine, docker }) => {
      // Not before: connections that the engine has already, it keeps, and calls on them are not seen.
      await engine.stop();
      await engine.start({ args: ["--authorization-plugin=no-privileged"] });
      await docker(["run", "--rm", "busybox", "echo", "hello"]);
      await docker(["run", "--rm", "--privileged", "busybox", "true"]).catch(() => {});
      await docker(["run", "-d", "--name", "user", "busybox", "sleep", "1d"]);
      await docker(["exec", "user", "true"]);
      await docker(["exec", "--privileged", "user", "true"]).catch(() => {});
      await docker(["volume", "create", "data"]);
      await docker(["volume", "rm", "data"]);
      await docker(["rm", "-f", "user"]);
    },
  },
  {
    name: "logs",
    plugins: ["logbook"],
    about: "docker run --log-driver, restart, logs of a stopped container",
    serve: async (host, held) => void held.use(await startExample(host, { file: "log.ts", name: "logbook" })),
    act: async ({ docker }) => {
      await docker([
        "run",
        "-d",
        "--log-driver",
        "logbook",
        "--name",
        "user",
        "busybox",
        "sh",
        "-c",
        "echo one; echo two >&2",
      ]);
      await docker(["wait", "user"]);
      await docker(["restart", "user"]);
      await docker(["wait", "user"]);
      await docker(["logs", "user"]);
      await docker(["rm", "user"]);
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
