// What a call costs in a plugin of ours and in one written in Go, both doing the same work, side by side in one run.
import { mkdtemp, rm } from "node:fs/promises";
import { availableParallelism, release, tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { buildContenders, MissingError } from "./contenders.ts";
import { Figures, tableOf } from "./figures.ts";
import { measureRound } from "./measure.ts";

const help = `npm run bench [-- OPTIONS]

Measures a volume plugin of ours beside the same plugin in Go: processor time a call, latency, throughput,
memory, and how soon it answers. Prints medians, and the median of each round's ratio.

  --rounds N   how often everything is measured, each time Go's first and then ours (default 7)
  --json       print one JSON object instead of the table
  --help       this text

Exit code: 0 measured, 2 wrong usage, 3 something is missing on this machine.

  npm run bench -- --rounds 3
`;

try {
  await main();
} catch (error) {
  if (!(error instanceof MissingError) && !isUsage(error)) throw error;
  console.error(error.message);
  process.exitCode = error instanceof MissingError ? 3 : 2;
}

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: { rounds: { type: "string", default: "7" }, json: { type: "boolean" }, help: { type: "boolean" } },
  });
  if (values.help === true) return console.log(help);
  const rounds = Number(values.rounds);
  if (!(Number.isInteger(rounds) && rounds > 0)) {
    throw Object.assign(new Error(`--rounds ${values.rounds}: give a number of at least 1`), {
      code: "ERR_PARSE_ARGS",
    });
  }
  const contenders = await buildContenders();
  const figures = new Figures();
  const folder = await mkdtemp(join(tmpdir(), "outrigger-bench-"));
  try {
    for (let round = 1; round <= rounds; round++) {
      console.error(`round ${round} of ${rounds}`);
      await measureRound({ contenders, figures, folder });
    }
  } finally {
    await rm(folder, { recursive: true });
  }
  const machine = `${availableParallelism()} processors, Linux ${release()}, Node ${process.version}, ${contenders.goVersion}, ${rounds} rounds`;
  const lines = figures.lines();
  const floors = figures.floors();
  if (values.json === true) return console.log(JSON.stringify({ machine, floors, lines }, null, 2));
  console.log(`${machine}\n\n${tableOf(lines)}\n`);
  for (const { name, p50Us, processorUs } of floors) {
    console.log(
      `A program that only reads and writes, ${name}: p50 ${p50Us.toFixed(1)} µs, ${processorUs.toFixed(1)} µs of processor time a call`,
    );
  }
}

function isUsage(error: unknown): error is Error {
  return error instanceof Error && "code" in error && String(error.code).startsWith("ERR_PARSE_ARGS");
}
