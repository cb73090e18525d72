// What Docker's own commands take with a volume of ours, and with others.
import { request } from "node:http";
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import type { Host } from "@outrigger/e2e/lab";
import { compared, type Row } from "./rows.ts";
import { image } from "./volume-host.ts";

const runAim = { of: "ratio", most: 1.05 } as const;
const createAim = { of: "ratio", most: 1.1 } as const;

/** How often each is measured. */
export interface EngineRounds {
  readonly runs: number;
  readonly creates: number;
}

/** `docker run --rm -v`, then create and rm, by the command and by the engine's API. */
export async function measureEngine(host: Host, { runs, creates }: EngineRounds): Promise<Row[]> {
  return [...(await measureRuns(host, runs)), ...(await measureCreates(host, creates))];
}

async function measureRuns(host: Host, rounds: number): Promise<Row[]> {
  const bound = join(host.share, "bound");
  await mkdir(bound);
  const volumes = { builtIn: "run-local", bind: bound, dir: "run-dir", btrfs: "run-btrfs", rclone: "run-rclone" };
  await host.docker(["volume", "create", volumes.builtIn]);
  for (const backend of ["dir", "btrfs"] as const) {
    await host.docker(["volume", "create", "-d", "volume-local", "-o", `backend=${backend}`, volumes[backend]]);
  }
  await host.docker(["volume", "create", "-d", "rclone", "-o", "remote=:local:/run/rclone/remote", volumes.rclone]);
  const seen = await alternate(rounds, volumes, async (volume) => {
    await host.docker(["run", "--rm", "-v", `${volume}:/data`, image, "true"]);
  });
  for (const volume of [volumes.builtIn, volumes.dir, volumes.btrfs, volumes.rclone]) {
    await host.docker(["volume", "rm", volume]);
  }
  const builtIn = { name: "built-in", samples: seen.builtIn };
  const row = (what: "dir" | "btrfs", peer: { name: string; samples: number[] }): Row => {
    const title = { figure: `\`docker run --rm -v\`, ${what}`, unit: "ms", peer: peer.name };
    return compared({ ...title, ...(peer === builtIn && { aim: runAim }) }, { ours: seen[what], peer: peer.samples });
  };
  return [
    row("dir", builtIn),
    row("btrfs", builtIn),
    row("dir", { name: "bind mount", samples: seen.bind }),
    row("dir", { name: "rclone", samples: seen.rclone }),
    row("btrfs", { name: "rclone", samples: seen.rclone }),
  ];
}

async function measureCreates(host: Host, rounds: number): Promise<Row[]> {
  const kinds: Record<"builtIn" | "dir" | "btrfs" | "rclone", VolumeToMake> = {
    builtIn: { Driver: "local", DriverOpts: {} },
    dir: { Driver: "volume-local", DriverOpts: { backend: "dir" } },
    btrfs: { Driver: "volume-local", DriverOpts: { backend: "btrfs" } },
    rclone: { Driver: "rclone", DriverOpts: { remote: ":local:/run/rclone/remote" } },
  };
  const Name = "made";
  const byCommand = await alternate(rounds, kinds, async ({ Driver, DriverOpts }) => {
    const options = Object.entries(DriverOpts).flatMap(([key, value]) => ["-o", `${key}=${value}`]);
    await host.docker(["volume", "create", "-d", Driver, ...options, Name]);
    await host.docker(["volume", "rm", Name]);
  });
  const { socket } = host.engine;
  const byApi = await alternate(rounds * 4, kinds, async (kind) => {
    await callEngine(socket, { method: "POST", path: "/volumes/create", body: { Name, ...kind } });
    await callEngine(socket, { method: "DELETE", path: `/volumes/${Name}` });
  });
  return Object.entries({ "by the command": byCommand, "by the API": byApi }).flatMap(([how, seen]) =>
    (["dir", "btrfs"] as const).flatMap((what) => {
      const title = { figure: `create and rm ${how}, ${what}`, unit: "ms" };
      return [
        compared({ ...title, peer: "built-in", aim: createAim }, { ours: seen[what], peer: seen.builtIn }),
        compared({ ...title, peer: "rclone" }, { ours: seen[what], peer: seen.rclone }),
      ];
    }),
  );
}

/** As the engine's API takes it. */
interface VolumeToMake {
  readonly Driver: string;
  readonly DriverOpts: Readonly<Record<string, string>>;
}

/** Milliseconds by contender; each begins a round in its turn, and the first round is not counted. */
async function alternate<K extends string, T>(
  rounds: number,
  contenders: Readonly<Record<K, T>>,
  work: (contender: T) => Promise<void>,
): Promise<Record<K, number[]>> {
  // Its keys are those of a record over K.
  const names = Object.keys(contenders) as K[];
  // Every name gets its list here.
  const seen = Object.fromEntries(names.map((name) => [name, []])) as unknown as Record<K, number[]>;
  for (let round = -1; round < rounds; round++) {
    const first = (round + names.length) % names.length;
    for (const name of [...names.slice(first), ...names.slice(0, first)]) {
      const started = performance.now();
      await work(contenders[name]);
      if (round >= 0) seen[name].push(performance.now() - started);
    }
  }
  return seen;
}

interface EngineCall {
  readonly method: string;
  readonly path: string;
  readonly body?: object;
}

/** One call of the engine's API, as a client without a command's start would make it. */
function callEngine(socketPath: string, { method, path, body }: EngineCall): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const headers = { "Content-Type": "application/json" };
  const call = request({ socketPath, method, path, headers, timeout: 60_000 }, (response) => {
    response.resume();
    response.on("end", () => {
      const status = response.statusCode ?? 0;
      if (status < 300) resolve();
      else reject(new Error(`${method} ${path}: the engine answered ${status}`));
    });
  });
  call.on("error", reject);
  call.on("timeout", () => call.destroy(new Error(`${method} ${path} was not answered within a minute`)));
  call.end(body && JSON.stringify(body));
  return promise;
}
