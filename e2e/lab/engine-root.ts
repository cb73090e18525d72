import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const made = fileURLToPath(new URL("../../.lab/engines/", import.meta.url));

/** The root folder of an engine, by its version. */
export interface EngineRoot {
  /** `20.10`, `26.1`, or `own` for the one named by OUTRIGGER_ENGINE_ROOT. */
  readonly version: string;
  readonly folder: string;
}

/** The engines at hand: those that set-up made, or the one folder named by OUTRIGGER_ENGINE_ROOT. */
export function engineRoots(): EngineRoot[] {
  const own = process.env.OUTRIGGER_ENGINE_ROOT;
  if (own !== undefined) return [{ version: "own", folder: own }];
  if (!existsSync(made)) return [];
  return readdirSync(made)
    .filter((version) => existsSync(join(made, version, ".outrigger-root")))
    .sort()
    .map((version) => ({ version, folder: join(made, version) }));
}

/** The engine of a version, or the newest. Throws where there is none. */
export function engineRoot(version?: string): EngineRoot {
  const roots = engineRoots();
  const root = version === undefined ? roots.at(-1) : roots.find((one) => one.version === version);
  if (root !== undefined) return root;
  const known = roots.map((one) => one.version).join(", ");
  throw new Error(
    `there is no engine ${version ?? ""} (${known || "none was made"}); run \`npm run setup -- --lab=all\``,
  );
}

/** Why no host can be made here, in one line with the way out; undefined where one can. */
export function unavailable(): string | undefined {
  if (process.getuid?.() !== 0) return "the lab needs root; run it as root";
  for (const command of ["unshare", "nsenter", "chroot", "mount"]) {
    if (!onPath(command)) return `the lab needs the command ${command}; install util-linux`;
  }
  if (engineRoots().length > 0) return undefined;
  return "there is no engine's root folder; run `npm run setup -- --lab=all` on Debian, or name one that has dockerd in OUTRIGGER_ENGINE_ROOT";
}

function onPath(command: string): boolean {
  return ["/usr/sbin", "/usr/bin", "/sbin", "/bin"].some((folder) => existsSync(join(folder, command)));
}
