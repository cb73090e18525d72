// The page of outrigger trace --web: of plugins that are traced, or of a recording.
import { existsSync } from "node:fs";
import { discover, probe } from "@outrigger/engine";
import {
  createFeed,
  isHeader,
  readRecording,
  serveWebPage,
  type About,
  type Feed,
  type WebPage,
} from "@outrigger/inspector";
import { InvalidArgumentError } from "commander";
import { EnvironmentError, messageOf, UsageError } from "./command-error.ts";
import { note, print } from "./output.ts";
import { foldersFrom, type FolderFlags } from "./target-flags.ts";
import { tell, traceUntilStopped, type SessionFlags, type TracedPlugin } from "./trace-session.ts";
import { asCommandError } from "./trace-targets.ts";
import type { TraceSubject } from "./traced-command.ts";

/** Flags about the page itself. */
export interface PageFlags {
  readonly port?: number;
  readonly json?: true;
}

/** Traces plugins, and shows their calls on a page until a signal comes. */
export async function traceOnPage(subject: TraceSubject, flags: SessionFlags & PageFlags): Promise<void> {
  const feed = createFeed();
  let plugins: About["plugins"] = [];
  // Before any plugin's place is taken, for the port may be somebody else's.
  await using page = await serve({ feed, port: flags.port, about: () => ({ plugins, recording: null }) });
  const protocols = await protocolsByName(subject.named, flags);
  await traceUntilStopped(subject, flags, {
    publish: (record) => feed.publish(record),
    say: tell,
    begun: (traced: readonly TracedPlugin[]) => {
      plugins = traced.map(({ name, address }) => ({ name, address, implements: protocols.get(name) ?? [] }));
      tellAddress(page, flags);
    },
  });
}

/** Shows the calls of a recording on a page until a signal comes. */
export async function showRecording(file: string, named: readonly string[], flags: PageFlags): Promise<void> {
  if (named.length > 0) throw new UsageError("a recording has plugins of its own; leave the plugin out");
  if (!existsSync(file)) throw new EnvironmentError(`no such file: ${file}; make one with outrigger record`);
  const feed = createFeed();
  const names = await publishRecording(file, feed);
  const plugins = names.map((name) => ({ name, address: null, implements: [] }));
  await using page = await serve({ feed, port: flags.port, about: () => ({ plugins, recording: file }) });
  tellAddress(page, flags);
  await signalled();
}

/** Parses the page's port. */
export function parsePort(text: string): number {
  if (!/^\d{1,5}$/.test(text) || Number(text) > 65_535)
    throw new InvalidArgumentError("Write a port, such as 8900, or 0 for any free one.");
  return Number(text);
}

async function serve(options: { feed: Feed; port: number | undefined; about: () => About }): Promise<WebPage> {
  try {
    return await serveWebPage({ ...options, port: options.port ?? 0 });
  } catch (cause) {
    throw new EnvironmentError(messageOf(cause), { cause });
  }
}

/** For the command that the page offers while it waits; a plugin that does not say at once is none the worse. */
async function protocolsByName(
  named: readonly string[],
  flags: FolderFlags,
): Promise<ReadonlyMap<string, readonly string[]>> {
  try {
    const entries = await discover({ folders: foldersFrom(flags), rules: "engine" });
    const asked = entries.filter(({ name }) => named.length === 0 || named.includes(name));
    const probed = await probe(asked, { deadlineMs: 1000 });
    return new Map(probed.map((entry) => [entry.name, entry.implements ?? []]));
  } catch {
    // What stands in the way of the trace itself is told by it.
    return new Map();
  }
}

/** Publishes a file's calls, and returns the names of its plugins. */
async function publishRecording(file: string, feed: Feed): Promise<string[]> {
  const names = new Set<string>();
  // Each session of a recording counts its calls from 1.
  let [before, highest, calls] = [0, 0, 0];
  try {
    const lines = readRecording(file, (line) => note(`${file}:${line}: is cut off, as a crash leaves it; left out`));
    for await (const { record } of lines) {
      if (isHeader(record)) {
        before = highest;
        continue;
      }
      highest = Math.max(highest, before + record.number);
      if (names.size < mostNames) names.add(record.plugin);
      calls += 1;
      feed.publish({ ...record, number: before + record.number });
    }
  } catch (error) {
    throw asCommandError(error);
  }
  const shown = feed.records().length;
  if (shown < calls) note(`${file} has ${calls} calls; the last ${shown} are shown`);
  return [...names];
}

const mostNames = 20;

function tellAddress({ url }: WebPage, { json }: PageFlags): void {
  if (json === true) return print(JSON.stringify({ url }));
  note("open this in a browser of this machine; Ctrl-C ends it");
  print(url);
}

async function signalled(): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.once(signal, () => resolve());
  await promise;
}
