// npm start: serves volume-local to a Docker Engine and shows a volume's life, each call as it arrives.
import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { lab } from "../e2e/lab/index.ts";
import { labStage } from "./tour/lab-stage.ts";
import { playedStage } from "./tour/played-stage.ts";
import type { Stage } from "./tour/stage.ts";
import { systemStage } from "./tour/system-stage.ts";

const help = `npm start: a tour of Outrigger with a real Docker Engine.

  npm start                      an engine of the tour's own, in namespaces that vanish with it
  npm start -- --engine 20.10    the same with another release: ${lab.engines().join(", ")}
  npm start -- --engine system   this machine's own Docker; it will remember the plugin, so that
                                 \`docker volume ls\` waits 15 s for it until the engine restarts
  npm start -- --engine none     no Docker: packages/engine plays its part
  npm start -- --once            the tour alone; it does not stay up

Exit code: 0 the tour went through, 1 it did not, 2 wrong usage.`;

const { values } = readFlags();
if (values.help === true) console.log(help);
else await show(values).catch(fail);

async function show({ engine, once = false }: Flags): Promise<void> {
  const stopped = new Promise<"stopped">((resolve) => {
    for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) process.once(signal, () => resolve("stopped"));
  });
  await using stage = await openStage(engine);
  console.log(`\n${stage.title}`);
  const playing = stage.play();
  // Stopped in the middle, what fails because it was stopped is no news.
  playing.catch(() => {});
  const ending = await Promise.race([playing, stopped]);
  if (ending === "stopped" || once) return;
  console.log("\nIt stays up until Ctrl-C, and then leaves nothing behind. In another terminal:\n");
  for (const command of stage.commands) console.log(`  ${command}`);
  console.log("");
  await stopped;
}

function fail(error: unknown): void {
  const { message, cause } = error instanceof Error ? error : new Error(String(error));
  console.error(`npm start: ${message}${cause instanceof Error ? ` (${cause.message})` : ""}`);
  process.exitCode = 1;
}

interface Flags {
  readonly engine?: string | undefined;
  readonly once?: boolean | undefined;
  readonly help?: boolean | undefined;
}

function readFlags(): { values: Flags } {
  try {
    const flags = parseArgs({
      options: { engine: { type: "string" }, once: { type: "boolean" }, help: { type: "boolean", short: "h" } },
    });
    const { engine } = flags.values;
    const known = [...lab.engines(), "system", "none"];
    if (engine === undefined || known.includes(engine)) return flags;
    throw new Error(`there is no engine "${engine}"; use ${known.join(", ")}`);
  } catch (error) {
    console.error(`${error instanceof Error ? error.message : String(error)}\n\n${help}`);
    process.exit(2);
  }
}

async function openStage(engine: string | undefined): Promise<Stage> {
  if (engine === "none") return playedStage("no engine was asked for");
  setUpLab(engine === "system" ? undefined : engine);
  if (engine === "system") return systemStage();
  const reason = lab.unavailable(engine);
  if (reason === undefined) return labStage(engine);
  if (engine !== undefined) throw new Error(`engine ${engine} cannot be started: ${reason}`);
  return playedStage(reason);
}

/** Has the engine made that is wanted, the newest unless told; says itself why it cannot be. */
function setUpLab(engine: string | undefined): void {
  const version = engine ?? lab.engines().at(-1);
  const script = fileURLToPath(new URL("setup.mjs", import.meta.url));
  const wanted = lab.unavailable(version) === undefined ? [] : [`--lab=${version}`];
  spawnSync(process.execPath, [script, ...wanted, "--lab=programs"], { stdio: "inherit" });
}
