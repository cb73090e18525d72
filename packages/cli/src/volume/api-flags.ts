import {
  createStorageClient,
  StorageApiError,
  type ApiRequest,
  type Job,
  type StorageClient,
} from "@outrigger/storage-api";
import type { Command } from "commander";
import { abortOnSignal } from "../abort-on-signal.ts";
import { EnvironmentError, UsageError } from "../command-error.ts";
import { printJson } from "../output.ts";
import { createProgressLine } from "./progress-line.ts";

/** Which plugin's API, and how to print. */
export interface ApiFlags {
  readonly plugin: string;
  readonly api?: string;
  readonly json?: true;
}

/** Adds the flags that every verb has. */
export function withApi(command: Command): Command {
  return command
    .option("--plugin <name>", "whose volumes", "volume-local")
    .option("--api <socket>", "its API's socket (default: /var/lib/outrigger/<plugin>/api.sock)")
    .option("--json", "print JSON");
}

/** The client of the plugin that the flags name; what it throws has the exit code that it stands for. */
export function clientFrom({ plugin, api = `/var/lib/outrigger/${plugin}/api.sock` }: ApiFlags): StorageClient {
  const client = createStorageClient(api);
  return {
    call: (what) => client.call(what).catch(rethrow),
    stream: (what) => client.stream(what).catch(rethrow),
    follow: (what, onProgress) => client.follow(what, onProgress).catch(rethrow),
    async *events(what) {
      try {
        yield* client.events(what);
      } catch (error) {
        rethrow(error);
      }
    },
  };
}

function rethrow(cause: unknown): never {
  if (!(cause instanceof StorageApiError)) throw cause;
  if (cause.status === undefined || cause.status === 501) throw new EnvironmentError(cause.message, { cause });
  if (cause.status === 400) throw new UsageError(cause.message, { cause });
  throw cause;
}

/** Starts long work, and shows how it goes: a line that changes, or with `--json` an object a line. */
export async function followWork(flags: ApiFlags, what: ApiRequest): Promise<Job> {
  using stop = abortOnSignal();
  using line = createProgressLine(flags.json === true);
  return await clientFrom(flags).follow({ ...what, signal: stop.signal }, (job) => line.show(job));
}

/** Prints an answer as JSON where that is asked for, and as a person reads it where not. */
export function show(flags: ApiFlags, value: unknown, asText: () => void): void {
  if (flags.json) printJson(value);
  else asText();
}

/** `-o key=value`, as often as needed. */
export function withOptions(command: Command): Command {
  return command.option("-o <key=value>", "an option of the volume, as for docker volume create", addOption, {});
}

function addOption(text: string, before: Readonly<Record<string, string>>): Record<string, string> {
  const at = text.indexOf("=");
  const [key, value] = at < 0 ? [text, ""] : [text.slice(0, at), text.slice(at + 1)];
  if (Object.hasOwn(before, key)) throw new UsageError(`-o ${key} comes twice; say it once`);
  return { ...before, [key]: value };
}

/** What `withOptions` adds. */
export interface OptionFlags {
  readonly o: Readonly<Record<string, string>>;
}

/** A path of the API with names put in. */
export function pathOf(parts: TemplateStringsArray, ...names: readonly string[]): string {
  return String.raw({ raw: parts }, ...names.map(encodeURIComponent));
}
