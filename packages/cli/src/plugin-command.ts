// A command of the user's that serves a plugin: started here, ended here.
import { openWire, type PluginEntry } from "@outrigger/engine";
import { describeCommand, startChild, type Child, type Ending } from "@outrigger/linux";
import { setTimeout as wait } from "node:timers/promises";
import { EnvironmentError, messageOf } from "./command-error.ts";
import { tlsFrom, type TargetFlags } from "./target-flags.ts";

const startLimitMs = 30_000;
/** Short, since calls that come before anybody looks are not seen. */
const lookMs = 5;

/** How to know that the plugin is there. */
export interface StartOptions<T> {
  /** Throws until it is, and says what is missing. */
  readonly find: () => Promise<T>;
  /** Hears what the command prints, on either output. */
  readonly onOutput?: (chunk: Buffer) => void;
  /** Gives up the start. */
  readonly signal?: AbortSignal;
}

/** Starts a command that serves a plugin, and waits until it is found; disposing the child ends it. */
export async function startPlugin<T>(
  argv: readonly string[],
  { find, onOutput, signal }: StartOptions<T>,
): Promise<{ child: Child; found: T }> {
  const child = await startedByUser(argv, onOutput);
  let ending: string | undefined;
  void child.ended.then((end) => (ending = describeEnding(end)));
  try {
    const found = await untilFound(find, () => {
      signal?.throwIfAborted();
      if (ending === undefined) return;
      const said = child.output().trim().slice(-1000) || "it printed nothing";
      throw new EnvironmentError(`${describeCommand(argv)} ${ending} before its plugin could be dialled: ${said}`);
    });
    return { child, found };
  } catch (error) {
    await child[Symbol.asyncDispose]();
    throw error;
  }
}

/** How a process ended, after its name: `ended with code 1`. */
export function describeEnding({ code, signal }: Ending): string {
  return signal === null ? `ended with code ${code}` : `ended by ${signal}`;
}

/** Waits until something of a plugin that is starting is found. */
export async function untilFound<T>(find: () => Promise<T>, check: () => void): Promise<T> {
  const limit = performance.now() + startLimitMs;
  for (;;) {
    check();
    try {
      return await find();
    } catch (cause) {
      if (performance.now() > limit) {
        const why = `the plugin could not be dialled within ${startLimitMs / 1000} s of its start: ${messageOf(cause)}`;
        throw new EnvironmentError(why, { cause });
      }
    }
    await wait(lookMs);
  }
}

/** Dials what is found once; throws where nobody accepts. */
export async function dialled(find: () => Promise<string | PluginEntry>, flags: TargetFlags = {}): Promise<void> {
  const found = await find();
  const wire = await openWire(found, { rules: "engine", ...(typeof found === "string" && tlsFrom(flags)) });
  (await wire.dial({ signal: AbortSignal.timeout(1000) })).destroy();
}

/** The user's own: what they start is theirs, and they know its PATH. */
export function userEnvironment(): Record<string, string> {
  return Object.fromEntries(
    Object.entries(process.env).filter((entry): entry is [string, string] => entry[1] !== undefined),
  );
}

async function startedByUser(argv: readonly string[], onOutput?: (chunk: Buffer) => void): Promise<Child> {
  try {
    return await startChild(argv, { env: userEnvironment(), ...(onOutput && { onOutput }) });
  } catch (cause) {
    const { cause: why } = cause instanceof Error ? cause : {};
    const text = why === undefined ? messageOf(cause) : `${messageOf(cause)}: ${messageOf(why)}`;
    throw new EnvironmentError(`${text}; name a program that is there and may be run`, { cause });
  }
}
