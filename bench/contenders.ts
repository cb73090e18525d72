import { readFile, writeFile } from "node:fs/promises";
import { stripTypeScriptTypes } from "node:module";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { CommandError, run } from "@outrigger/linux";

/** The two programs that are measured, and the one that calls them, ready to be started. */
export interface Contenders {
  /** Starts a plugin, one process for all of its sockets; Go's takes one. */
  readonly commands: Record<Side, (sockets: readonly string[]) => readonly string[]>;
  /** Starts volume-local as a user does; it keeps its records in `root`. */
  readonly serveVolumeLocal: (socket: string, root: string) => readonly string[];
  readonly caller: string;
  readonly goVersion: string;
}

/** Whose figure it is. */
export type Side = "go" | "ours";

/** The machine lacks something; the text says what and how to get it. */
export class MissingError extends Error {
  override readonly name = "MissingError";
}

const root = fileURLToPath(new URL("..", import.meta.url));
const build = join(root, "build");

/** Builds both sides: Go's with `go build`, ours as it is published. Throws `MissingError` where Go is missing. */
export async function buildContenders(): Promise<Contenders> {
  const goVersion = await findGo();
  const serve = await buildOurs();
  const ours = join(build, "volume-plugin.js");
  await writeFile(ours, stripTypeScriptTypes(await readFile(join(root, "bench/volume-plugin.ts"), "utf8")));
  const plugin = await buildGo("go-plugin");
  return {
    commands: {
      go: (sockets) => [plugin, ...sockets],
      ours: (sockets) => [process.execPath, ours, ...sockets],
    },
    serveVolumeLocal: (socket, root) => [...serve, "volume-local", "--unix", socket, "--root", root],
    caller: await buildGo("go-load"),
    goVersion,
  };
}

/** Builds what is published; returns the command `outrigger serve`, to which a plugin and its options are added. */
export async function buildOurs(): Promise<readonly string[]> {
  await run([process.execPath, "scripts/build.ts"], { cwd: root, env: environment() });
  return [process.execPath, join(build, "node_modules/outrigger/dist/main.js"), "serve"];
}

async function findGo(): Promise<string> {
  try {
    const { stdout } = await run(["go", "version"], { env: environment() });
    return /go\d\S*/.exec(stdout)?.[0] ?? stdout.trim();
  } catch (cause) {
    const missing = cause instanceof CommandError && cause.code === undefined;
    throw missing
      ? new MissingError(
          "the peer is written in Go, and there is no go command; install it (Debian: apt-get install golang-go)",
          { cause },
        )
      : cause;
  }
}

async function buildGo(name: string): Promise<string> {
  const program = join(build, "bench", name);
  await run(["go", "build", "-o", program, "."], {
    cwd: join(root, "bench", name),
    env: environment(),
    timeoutMs: 300_000,
  });
  return program;
}

/** Go finds its cache through HOME; the newer ones would fetch another version of themselves. */
function environment(): Record<string, string> {
  return {
    PATH: process.env["PATH"] ?? "",
    HOME: process.env["HOME"] ?? build,
    GOTOOLCHAIN: "local",
    GOFLAGS: "-mod=mod",
  };
}
