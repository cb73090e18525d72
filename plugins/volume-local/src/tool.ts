import { CommandError, run, type RunResult } from "@outrigger/linux";
import { DriverError } from "@outrigger/protocol";

/** The package of Debian that each command comes with, which a machine may be without. */
const packages: Readonly<Record<string, string>> = {
  btrfs: "btrfs-progs",
  "mkfs.btrfs": "btrfs-progs",
  "mkfs.ext4": "e2fsprogs",
  e2fsck: "e2fsprogs",
  resize2fs: "e2fsprogs",
  "mkfs.xfs": "xfsprogs",
  xfs_growfs: "xfsprogs",
};

/** How long a command may take that works through a whole file system. */
const mostMs = 600_000;

/** Runs a command; where it is missing, the error names the package that has it. */
export async function tool(argv: readonly string[], signal: AbortSignal): Promise<RunResult> {
  return await tried(argv, { signal, accept: [0] });
}

/** Runs a command that says something by its exit code. */
export async function tried(
  argv: readonly string[],
  { signal, accept }: { readonly signal: AbortSignal; readonly accept: readonly number[] },
): Promise<RunResult> {
  try {
    return await run(argv, { signal, accept, timeoutMs: mostMs });
  } catch (error) {
    const [command = ""] = argv;
    const missing = error instanceof CommandError && hasCode(error.cause, "ENOENT");
    if (!missing) throw error;
    const name = packages[command];
    const remedy = name === undefined ? "put it into the path" : `install it: apt-get install ${name}`;
    throw new DriverError(`command ${command} is not there; ${remedy}`, { cause: error });
  }
}

/** Whether it is an error of the system with this code. */
export function hasCode(error: unknown, code: string): boolean {
  return error instanceof Error && "code" in error && error.code === code;
}
