// A command that serves plugins, for `outrigger trace` to stand in front of from their first call on.
import { lstat } from "node:fs/promises";
import { discover } from "@outrigger/engine";
import { describeCommand, type Child, type Ending } from "@outrigger/linux";
import { EnvironmentError, UsageError } from "./command-error.ts";
import { findPlugin } from "./find-plugin.ts";
import { printable } from "./output.ts";
import { describeEnding, dialled, startPlugin } from "./plugin-command.ts";
import { foldersFrom, type TargetFlags } from "./target-flags.ts";

/** What is traced: plugins by name or address, and the command that serves them where one is to be started. */
export interface TraceSubject {
  readonly named: readonly string[];
  readonly command: readonly string[];
}

/** A command that serves the plugins that are traced; disposing ends it by SIGTERM, and after 10 s by SIGKILL. */
export interface TracedCommand extends AsyncDisposable {
  /** The plugins that it serves. */
  readonly plugins: readonly string[];
  /** Aborts when it ends, with how as the reason. */
  readonly over: AbortSignal;
}

/**
 * Starts the command and waits until each plugin that was named can be dialled, or, where none was, the one socket that
 * is new in the plugin folder.
 */
export async function startTraced(
  { named, command }: TraceSubject,
  flags: TargetFlags,
  signal: AbortSignal,
): Promise<TracedCommand> {
  await refuseLive(named, flags);
  const before = await socketsNow(flags);
  const find = async (): Promise<readonly string[]> => {
    if (named.length === 0) return newSockets(before, flags);
    await Promise.all(named.map((one) => dialOne(one, flags)));
    return named;
  };
  const { child, found } = await startPlugin(command, {
    find,
    signal,
    onOutput: (chunk) => void process.stderr.write(chunk),
  });
  // Ours to end also where this process is ended in a hurry, for it is in a process group of its own.
  const onExit = (): void => child.kill("SIGKILL");
  process.once("exit", onExit);
  const over = new AbortController();
  void abortAtEnd(child, command, over);
  const end = async (): Promise<void> => {
    await child[Symbol.asyncDispose]();
    process.off("exit", onExit);
  };
  if (found.length === 1 || named.length > 0) return { plugins: found, over: over.signal, [Symbol.asyncDispose]: end };
  await end();
  throw new UsageError(`${describeCommand(command)} serves ${found.join(" and ")}; say by --name which one to trace`);
}

async function abortAtEnd(child: Child, command: readonly string[], over: AbortController): Promise<void> {
  const ending = await child.ended;
  over.abort(new CommandEnd(command, ending));
}

/** How the command ended of itself. */
export class CommandEnd extends Error {
  override readonly name = "CommandEnd";
  readonly good: boolean;

  constructor(command: readonly string[], ending: Ending) {
    super(printable(`${describeCommand(command)} ${describeEnding(ending)}`));
    this.good = ending.code === 0;
  }
}

/** A plugin that is served already would be taken for the command's own. */
async function refuseLive(named: readonly string[], flags: TargetFlags): Promise<void> {
  foldersFrom(flags);
  for (const one of named) {
    const live = await dialOne(one, flags).then(
      () => true,
      (error: unknown) => {
        if (error instanceof UsageError) throw error;
        return false;
      },
    );
    if (live)
      throw new EnvironmentError(
        `${one} is served already, by somebody else; end that first, or trace it without a command`,
      );
  }
}

async function dialOne(name: string, flags: TargetFlags): Promise<void> {
  await dialled(() => findPlugin(name, flags, "engine"), flags);
}

/** Each socket of the plugin folder with what tells it from a later one at its path. */
async function socketsNow(flags: TargetFlags): Promise<ReadonlyMap<string, string>> {
  const entries = await discover({ folders: foldersFrom(flags), rules: "engine" });
  const files = entries.filter(({ kind }) => kind === "socket").map(({ file }) => file);
  const told = files.map(async (file) => {
    const found = await lstat(file, { bigint: true }).catch(() => undefined);
    return found === undefined ? [] : [[file, `${found.ino} ${found.birthtimeNs}`] as const];
  });
  return new Map((await Promise.all(told)).flat());
}

async function newSockets(before: ReadonlyMap<string, string>, flags: TargetFlags): Promise<readonly string[]> {
  const fresh: string[] = [];
  for (const [file, identity] of await socketsNow(flags)) {
    if (before.get(file) === identity) continue;
    await dialOne(file, flags);
    fresh.push(file);
  }
  if (fresh.length > 0) return fresh;
  throw new EnvironmentError(
    `no new socket in ${foldersFrom(flags).sockets}; say by --name where the command serves its plugin`,
  );
}
