// Plays recorded calls at a plugin, one after another, and compares the answers.
import { CallError, type PluginConnection } from "@outrigger/engine";
import type { CallRecord, Content } from "./call-record.ts";
import { readJson } from "./cut-json.ts";
import { differencesBetween, type Difference } from "./differences.ts";
import { methodAt } from "./method-at.ts";
import { redacted } from "./redactor.ts";
import { isHeader, type RecordedLine } from "./read-recording.ts";
import { revive } from "./revive.ts";

/** How to replay. */
export interface ReplayOptions {
  /** Fields of answers to leave out: by name, or by place. */
  readonly ignore?: readonly string[];
  /** Only calls of this plugin, where several were recorded. */
  readonly plugin?: string | undefined;
  /** Changes requests on their way: where a pipe of the recorded machine has to be another one here. */
  readonly rewrite?: (request: unknown) => unknown;
  readonly signal?: AbortSignal;
}

/** What came of one recorded call. */
export interface ReplayedCall {
  readonly line: number;
  readonly record: CallRecord;
  readonly outcome: "same" | "different" | "skipped";
  /** Why it was skipped, or not compared. */
  readonly note: string | null;
  /** Its request has values that were taken out of the recording, so the plugin was sent placeholders. */
  readonly redacted: boolean;
  readonly differences: readonly Difference[];
  readonly milliseconds: number | null;
}

/** For calls that the engine gives no limit. */
const fallbackDeadlineMs = 30_000;

/** A recording may say anything. */
const longestMs = 600_000;

/**
 * Plays calls in their order, each when the one before was answered. Throws `CallError` where the plugin cannot be
 * reached, and what reading the recording throws.
 */
export async function* replay(
  lines: AsyncIterable<RecordedLine>,
  connection: PluginConnection,
  options: ReplayOptions = {},
): AsyncGenerator<ReplayedCall> {
  const chosen = new Map<string, string>();
  for await (const { line, record } of lines) {
    if (isHeader(record) || (options.plugin !== undefined && record.plugin !== options.plugin)) continue;
    options.signal?.throwIfAborted();
    const base = { line, record, redacted: hasRedacted(record.request), differences: [], milliseconds: null };
    const reason = whyNot(record);
    if (reason !== undefined) yield { ...base, outcome: "skipped", note: reason };
    else yield { ...base, ...(await playOne(record, { connection, chosen, options })) };
  }
}

interface Stage {
  readonly connection: PluginConnection;
  /** What the plugin chose in place of what was recorded. */
  readonly chosen: Map<string, string>;
  readonly options: ReplayOptions;
}

type Played = Pick<ReplayedCall, "outcome" | "note" | "differences" | "milliseconds">;

async function playOne(record: CallRecord, { connection, chosen, options }: Stage): Promise<Played> {
  const answer = await send(record, { connection, chosen, options });
  const { milliseconds } = answer;
  if (record.status === null)
    return {
      outcome: "same",
      note: "had no answer when it was recorded, so nothing is compared",
      differences: [],
      milliseconds,
    };
  const ignore = options.ignore ?? [];
  const differences: Difference[] = [];
  if (answer.status !== record.status && !ignore.includes("status")) {
    differences.push({ field: "status", recorded: record.status, replayed: answer.status ?? answer.error });
  }
  let note: string | null = null;
  if (record.reply?.cut === true) note = "was cut when it was recorded, so only the status is compared";
  else if (answer.status !== null && answer.body !== undefined) {
    const onChosen = (recorded: string, replayed: string): void => learn(chosen, recorded, replayed);
    differences.push(
      ...differencesBetween(valueOf(record.reply), answer.body, { method: record.method, ignore, onChosen }),
    );
  }
  return { outcome: differences.length === 0 ? "same" : "different", note, differences, milliseconds };
}

interface Answer {
  readonly status: number | null;
  /** Undefined where it is not to be compared. */
  readonly body: unknown;
  readonly error: string | null;
  readonly milliseconds: number;
}

async function send(record: CallRecord, { connection, chosen, options }: Stage): Promise<Answer> {
  const started = performance.now();
  const { method, request, deadlineMs } = record;
  const body = bodyOf(request, { method, chosen, rewrite: options.rewrite });
  const limits = {
    deadlineMs: Math.min(deadlineMs ?? fallbackDeadlineMs, longestMs),
    ...(options.signal && { signal: options.signal }),
  };
  try {
    if (methodAt(method)?.method.streams !== undefined) {
      await using stream = await connection.stream(method, body, limits);
      return { status: stream.status, body: undefined, error: null, milliseconds: performance.now() - started };
    }
    const { status, body: bytes, milliseconds } = await connection.send(method, body, limits);
    const text = bytes.toString("utf8");
    return { status, body: readJson(text, { cut: false })?.value ?? text, error: null, milliseconds };
  } catch (error) {
    if (!(error instanceof CallError) || error.code === "unreachable") throw error;
    const status = error.status ?? null;
    return { status, body: error.text, error: error.message, milliseconds: performance.now() - started };
  }
}

interface Changes {
  readonly method: string;
  readonly chosen: ReadonlyMap<string, string>;
  readonly rewrite: ReplayOptions["rewrite"];
}

function bodyOf(request: Content, { method, chosen, rewrite = (same) => same }: Changes): unknown {
  if (request.bytes === 0) return Buffer.alloc(0);
  if (request.text !== undefined) return Buffer.from(request.text);
  if (request.base64 !== undefined) return Buffer.from(request.base64, "base64");
  return rewrite(revive(request.json, { fields: methodAt(method)?.method.request, chosen }));
}

/** Addresses are sent back with and without the length of their network. */
function learn(chosen: Map<string, string>, recorded: string, replayed: string): void {
  if (recorded === replayed) return;
  chosen.set(recorded, replayed);
  const [[old, oldLength], [now, nowLength]] = [recorded.split("/"), replayed.split("/")];
  if (oldLength !== undefined && nowLength !== undefined && old && now) chosen.set(old, now);
}

function whyNot({ method, request }: CallRecord): string | undefined {
  if (!/^[\w.]{1,200}$/.test(method)) return "is no call of a method";
  if (request.cut === true) return "its request was cut when it was recorded; record with a larger --body-limit";
  return undefined;
}

function valueOf(content: Content | null): unknown {
  return content === null ? undefined : "json" in content ? content.json : (content.text ?? content.base64);
}

function hasRedacted({ json, text }: Content): boolean {
  return JSON.stringify(json ?? text ?? "").includes(redacted);
}
