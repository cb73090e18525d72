// What a trace adds to a call: the same calls to the same plugin, straight and through `outrigger trace`, in one run.
import { existsSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { availableParallelism, release, tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { startChild, type Child } from "@outrigger/linux";
import { times } from "./bare-calls.ts";
import { createAll, workloads } from "./load.ts";
import { median } from "./rows.ts";

const help = `node bench/trace.bench.ts [OPTIONS]

Calls a volume plugin on one connection, in turns straight, through a relay that only reads and writes, and through a
trace, each a process of its own. Prints the median straight and what the other two add.

  --rounds N   how often all are measured (default 9)
  --calls N    calls of each kind in a round (default 2000)
  --json       print one JSON object instead of the table
  --help       this text
`;

type Way = "straight" | "relayed" | "traced";

const ways: readonly Way[] = ["straight", "relayed", "traced"];

const { values } = parseArgs({
  options: {
    rounds: { type: "string", default: "9" },
    calls: { type: "string", default: "2000" },
    json: { type: "boolean" },
    help: { type: "boolean" },
  },
});
if (values.help === true) console.log(help);
else await main({ rounds: Number(values.rounds), calls: Number(values.calls) });

interface Plan {
  readonly rounds: number;
  readonly calls: number;
}

async function main({ rounds, calls }: Plan): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), "outrigger-bench-"));
  try {
    const paths = {
      straight: join(folder, "plugin.sock"),
      relayed: join(folder, "relay.sock"),
      traced: join(folder, "trace.sock"),
    };
    const trace = [here("../packages/cli/src/main.ts"), "trace", "--json", "--listen", paths.traced, paths.straight];
    await using _plugin = await started([here("volume-plugin.ts"), paths.straight], paths.straight);
    await using _relay = await started([here("bare-relay.ts"), paths.relayed, paths.straight], paths.relayed);
    await using _trace = await started(trace, paths.traced);
    await times(paths.straight, createAll, createAll.length);
    const rows = [];
    for (const { name, requests } of workloads) {
      const seen: Record<Way, number[]> = { straight: [], relayed: [], traced: [] };
      for (const way of ways) await times(paths[way], requests, calls);
      for (let round = 0; round < rounds; round++) {
        for (const way of ways) seen[way].push(median(await times(paths[way], requests, calls)));
      }
      const added = (way: Way): number =>
        median(seen[way].map((value, round) => value - (seen.straight[round] ?? Number.NaN)));
      rows.push({
        name,
        straightUs: median(seen.straight),
        relayAddsUs: added("relayed"),
        traceAddsUs: added("traced"),
      });
    }
    const machine = `${availableParallelism()} processors, Linux ${release()}, Node ${process.version}, ${rounds} rounds of ${calls} calls`;
    if (values.json === true) return console.log(JSON.stringify({ machine, rows }, null, 2));
    console.log(
      `${machine}\n\n| p50, 1 connection, µs | straight | a bare relay adds | a trace adds | aim |\n|---|--:|--:|--:|---|`,
    );
    for (const { name, straightUs, relayAddsUs, traceAddsUs } of rows) {
      const aim = name.startsWith("List") ? "" : `≤ 60: ${traceAddsUs <= 60 ? "reached" : "missed"}`;
      const figures = [straightUs, relayAddsUs, traceAddsUs].map((value) => value.toFixed(1));
      console.log(`| ${[name, ...figures, aim].join(" | ")} |`);
    }
  } finally {
    await rm(folder, { recursive: true });
  }
}

function here(file: string): string {
  return fileURLToPath(new URL(file, import.meta.url));
}

/** Starts a program of ours, whose output nobody is to read, and waits until it listens. */
async function started(program: readonly string[], socket: string): Promise<Child> {
  const argv = ["sh", "-c", 'exec "$@" >/dev/null', "sh", process.execPath, ...program];
  const child = await startChild(argv);
  for (let tries = 0; !existsSync(socket); tries++) {
    if (tries > 3000) throw new Error(`${argv.join(" ")} does not listen: ${child.output()}`);
    await wait(10);
  }
  return child;
}
