import { createReadStream } from "node:fs";
import type { CallRecord } from "./call-record.ts";
import { InspectorError } from "./inspector-error.ts";
import { parseHeader, parseLine, type RecordingHeader } from "./recording-line.ts";

/** One line of a recording. */
export interface RecordedLine {
  readonly line: number;
  readonly record: CallRecord | RecordingHeader;
}

/** Two bodies of the largest kept size, each character of them escaped, and some more. */
const maxLineBytes = 64 * 1024 * 1024;

/**
 * Reads a recording line by line, headers included, whole files never. The end of a file that a killed recorder left
 * within a line is told as `onCutOff` and left out. Throws `InspectorError`, with file and line, for anything else.
 */
export async function* readRecording(
  file: string,
  onCutOff: (line: number) => void = () => {},
): AsyncGenerator<RecordedLine> {
  let line = 0;
  for await (const { text, whole } of linesOf(file)) {
    line++;
    const place = `${file}:${line}`;
    if (line === 1) yield { line, record: parseHeader(text, place) };
    else if (whole) yield { line, record: parseLine(text, place) };
    else onCutOff(line);
  }
  if (line === 0) throw new InspectorError("bad-recording", `${file} is empty; record something first`);
}

/** Whether a line begins a session. */
export function isHeader(record: CallRecord | RecordingHeader): record is RecordingHeader {
  return "outriggerRecording" in record;
}

async function* linesOf(file: string): AsyncGenerator<{ text: string; whole: boolean }> {
  let pieces: Buffer[] = [];
  let size = 0;
  let line = 1;
  // Without an encoding set, a file yields buffers.
  for await (const chunk of createReadStream(file) as AsyncIterable<Buffer>) {
    let start = 0;
    for (let end = chunk.indexOf(10); end >= 0; end = chunk.indexOf(10, start)) {
      yield { text: Buffer.concat([...pieces, chunk.subarray(start, end)]).toString("utf8"), whole: true };
      pieces = [];
      size = 0;
      line++;
      start = end + 1;
    }
    const rest = chunk.subarray(start);
    if (rest.length > 0) pieces.push(rest);
    size += rest.length;
    if (size > maxLineBytes) {
      throw new InspectorError(
        "bad-recording",
        `${file}:${line}: is over ${maxLineBytes} bytes long, as no recorded call is`,
      );
    }
  }
  if (size > 0) yield { text: Buffer.concat(pieces).toString("utf8"), whole: false };
}
