// Recordings: a line that says what it is, then a call a line.
import { closeSync, constants, fstatSync, fsyncSync, ftruncateSync, openSync, readSync, writeSync } from "node:fs";
import type { CallRecord } from "./call-record.ts";
import { InspectorError } from "./inspector-error.ts";
import { lockPath } from "./path-lock.ts";
import { parseHeader, type RecordingHeader } from "./recording-line.ts";

/** A recording that is being written. */
export interface Recording extends Disposable {
  /** Writes a call in one piece; throws where the disk takes no more. */
  add(record: CallRecord): void;
  /** Bytes that were cut off the end of the file: a line that a killed recorder, or a full disk, left incomplete. */
  readonly mended: number;
}

const firstLineBytes = 64 * 1024;

/**
 * Opens a file to record into, a new one or one to go on with, for its owner alone. Throws `InspectorError` for a file
 * that is something else, or that is being recorded into.
 */
export async function openRecording(
  file: string,
  header: Omit<RecordingHeader, "outriggerRecording">,
): Promise<Recording> {
  const lock = await lockPath(file);
  if (lock === undefined)
    throw new InspectorError("unavailable", `${file} is being recorded into already; name another file`);
  const { O_RDWR, O_APPEND, O_CREAT } = constants;
  let descriptor: number | undefined;
  try {
    const opened = (descriptor = openSync(file, O_RDWR | O_APPEND | O_CREAT, 0o600));
    const mended = mend(opened, file);
    const line: RecordingHeader = { outriggerRecording: 1, ...header };
    writeLine(opened, line);
    return {
      mended,
      add: (record) => writeLine(opened, record),
      [Symbol.dispose]: () => {
        fsyncSync(opened);
        closeSync(opened);
        lock[Symbol.dispose]();
      },
    };
  } catch (error) {
    if (descriptor !== undefined) closeSync(descriptor);
    lock[Symbol.dispose]();
    throw error;
  }
}

function writeLine(descriptor: number, value: object): void {
  const bytes = Buffer.from(`${JSON.stringify(value)}\n`);
  for (let at = 0; at < bytes.length;) at += writeSync(descriptor, bytes, at);
}

/** Makes sure that a file is a recording and ends with a whole line; returns how much of it was not. */
function mend(descriptor: number, file: string): number {
  const found = fstatSync(descriptor);
  const { size } = found;
  // A pipe without a reader would stop everything that is traced.
  if (!found.isFile()) throw new InspectorError("bad-recording", `${file} is not a file; name one`);
  if (size === 0) return 0;
  const start = Buffer.alloc(Math.min(size, firstLineBytes));
  readSync(descriptor, start, 0, start.length, 0);
  parseHeader(start.toString("utf8").split("\n")[0] ?? "", `${file}:1`);
  const end = endOfLastLine(descriptor, size);
  if (end < size) ftruncateSync(descriptor, end);
  return size - end;
}

function endOfLastLine(descriptor: number, size: number): number {
  const piece = Buffer.alloc(firstLineBytes);
  for (let end = size; end > 0;) {
    const start = Math.max(0, end - piece.length);
    readSync(descriptor, piece, 0, end - start, start);
    const at = piece.lastIndexOf(10, end - start - 1);
    if (at >= 0) return start + at + 1;
    end = start;
  }
  return 0;
}
