import { existsSync, readFileSync } from "node:fs";
import { delimiter, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { lab, type Host } from "../../e2e/lab/index.ts";
import { plainEnvironment } from "@outrigger/linux";
import { commandsToTry, image, tourWithDocker, type Snapshots } from "./docker-tour.ts";
import { announce, show, showPluginLines, untilServing, type Stage } from "./stage.ts";

const outrigger = fileURLToPath(new URL("../../packages/cli/src/main.ts", import.meta.url));

/** Programs that set-up unpacked come first. */
const programs = fileURLToPath(new URL("../../.lab/programs/commands", import.meta.url));
const searchPath = [programs, dirname(process.execPath), plainEnvironment["PATH"] ?? ""].join(delimiter);

/** A real engine in namespaces of its own. */
export async function labStage(engine: string | undefined): Promise<Stage> {
  await using opening = new AsyncDisposableStack();
  const host = opening.use(await lab.host(engine === undefined ? {} : { engine }));
  await host.image(image);
  const missing = missingForBtrfs();
  const pool = missing === undefined ? ["--pool", "auto"] : [];
  const plugin = opening.use(
    await host.start([process.execPath, outrigger, "serve", "volume-local", ...pool, "--trace"], {
      onOutput: showPluginLines(),
      env: { ...plainEnvironment, PATH: searchPath, OUTRIGGER_PROGRAMS: programs },
    }),
  );
  await untilServing(plugin);
  const version = await host.docker(["version", "--format", "{{.Server.Version}}"]);
  const opened = opening.move();
  return {
    title: `Docker Engine ${version} in namespaces of its own; nothing on this machine is touched`,
    commands: commandsToTry(host.dockerScript),
    play: () => tourWithDocker((args) => host.docker(args), snapshotsOn(host, missing)),
    [Symbol.asyncDispose]: () => opened[Symbol.asyncDispose](),
  };
}

function snapshotsOn(host: Host, missing: string | undefined): Snapshots {
  if (missing !== undefined) return { none: `volumes are plain folders here, because ${missing}` };
  return {
    take: async (volume, snapshot) => {
      announce(`outrigger volume snapshot ${volume} ${snapshot}`);
      show((await host.run([process.execPath, outrigger, "volume", "snapshot", volume, snapshot])).stdout.trimEnd());
    },
  };
}

/** What this machine is without that a btrfs in a file needs, in words for people. */
function missingForBtrfs(): string | undefined {
  const known = readFileSync("/proc/filesystems", "utf8");
  if (!/^\s*btrfs$/m.test(known)) return "this kernel has no btrfs";
  if (!existsSync("/dev/loop-control")) return "this machine has no loop devices";
  const folders = searchPath.split(delimiter);
  const lacking = ["btrfs", "mkfs.btrfs"].find((name) => !folders.some((folder) => existsSync(join(folder, name))));
  return lacking === undefined ? undefined : `the command ${lacking} is not there; install btrfs-progs`;
}
