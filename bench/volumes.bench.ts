// What volumes of ours cost beside Docker's built-in ones, rclone's, and a folder that is bound into a container.
import { availableParallelism, release } from "node:os";
import { parseArgs } from "node:util";
import { lab } from "@outrigger/e2e/lab";
import { buildOurs } from "./contenders.ts";
import { rowsTable, type Row } from "./rows.ts";
import { measureEngine } from "./volume-engine.ts";
import { startVolumeHost } from "./volume-host.ts";
import { measureIo } from "./volume-io.ts";
import { measureMany } from "./volume-many.ts";

const help = `npm run bench-volumes [-- OPTIONS]

Measures volumes in a lab host with a Docker Engine of its own: Docker's commands with them, 100,000 of them at once,
and file I/O on them. Prints Markdown: medians, and the median of each round's ratio.

  --only PART   engine, many or io; all three where left out
  --rounds N    how often commands are run; file I/O a third as often (default 15)
  --json        print one JSON object instead of the table
  --help        this text

Exit code: 0 measured, 2 wrong usage, 3 there is no lab on this machine.

  npm run bench-volumes -- --only engine --rounds 40
`;

const parts = ["engine", "many", "io"] as const;

await main();

async function main(): Promise<void> {
  const wanted = readOptions();
  if (wanted === undefined) return;
  const missing = lab.unavailable();
  if (missing !== undefined) {
    console.error(missing);
    process.exitCode = 3;
    return;
  }
  const rows = await measure(wanted);
  const machine = `${availableParallelism()} processors, Linux ${release()}, Node ${process.version}, ${wanted.rounds} rounds`;
  console.log(wanted.json ? JSON.stringify({ machine, rows }, null, 2) : `${machine}\n\n${rowsTable(rows)}`);
}

interface Wanted {
  readonly only: readonly string[];
  readonly rounds: number;
  readonly json: boolean;
}

/** Undefined where nothing is to be measured. */
function readOptions(): Wanted | undefined {
  try {
    const { values } = parseArgs({
      options: {
        only: { type: "string" },
        rounds: { type: "string", default: "15" },
        json: { type: "boolean", default: false },
        help: { type: "boolean" },
      },
    });
    if (values.help === true) {
      console.log(help);
      return undefined;
    }
    const rounds = Number(values.rounds);
    if (!(Number.isInteger(rounds) && rounds > 0)) throw new Error(`--rounds ${values.rounds}: give 1 or more`);
    if (values.only !== undefined && !parts.some((part) => part === values.only)) {
      throw new Error(`--only ${values.only}: known are ${parts.join(", ")}`);
    }
    return { only: values.only === undefined ? parts : [values.only], rounds, json: values.json };
  } catch (error) {
    console.error(error instanceof Error ? error.message : String(error));
    process.exitCode = 2;
    return undefined;
  }
}

async function measure({ only, rounds }: Wanted): Promise<Row[]> {
  const serve = await buildOurs();
  await using started = await startVolumeHost(serve);
  const { host, rcloneSocket, rclonePid } = started;
  const rows: Row[] = [];
  for (const part of parts.filter((part) => only.includes(part))) {
    console.error(`measuring: ${part}`);
    if (part === "engine") rows.push(...(await measureEngine(host, { runs: rounds, creates: rounds })));
    if (part === "io") rows.push(...(await measureIo(host, Math.ceil(rounds / 3))));
    if (part === "many") {
      const rclone = { socket: rcloneSocket, pid: rclonePid };
      rows.push(...(await measureMany({ serve, host, rclone, rcloneMs: 20_000 })));
    }
  }
  return rows;
}
