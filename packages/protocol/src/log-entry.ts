// Log entries as they stand in the pipe and in ReadLogs: a 4-byte big-endian length, then a protobuf message.
// Fields: moby/moby daemon/logger/internal/logdriver/entry.proto.

/** One piece of what a container printed. */
export interface LogEntry {
  /** `stdout` or `stderr`. */
  readonly source: string;
  /** Nanoseconds since 1970. */
  readonly timeNano: bigint;
  /** The bytes printed, at most 16 KiB from the engine and without the newline; in ReadLogs with it. */
  readonly line: Uint8Array;
  /** A piece of a longer line, the last piece included. */
  readonly partial: boolean;
  /** Which piece of which line. */
  readonly partialLogMetadata?: { readonly last: boolean; readonly id: string; readonly ordinal: number };
}

/** An entry with its length in front, ready for the pipe or for ReadLogs. */
export function encodeLogEntry(entry: LogEntry): Uint8Array {
  const metadata = entry.partialLogMetadata;
  const message = Buffer.concat([
    bytesField(1, Buffer.from(entry.source)),
    varintField(2, entry.timeNano),
    bytesField(3, entry.line),
    varintField(4, entry.partial ? 1n : 0n),
    metadata === undefined ? new Uint8Array() : bytesField(5, encodeMetadata(metadata)),
  ]);
  const frame = Buffer.alloc(4 + message.length);
  frame.writeUInt32BE(message.length);
  message.copy(frame, 4);
  return frame;
}

/**
 * Entries out of pieces of bytes cut anywhere. Unknown fields are skipped. Throws on a frame over `maxFrameBytes`
 * (1 MiB unless told) and on a stream that ends inside a frame.
 */
export async function* decodeLogEntries(
  chunks: AsyncIterable<Uint8Array>,
  options: { readonly maxFrameBytes?: number } = {},
): AsyncGenerator<LogEntry> {
  const maxFrameBytes = options.maxFrameBytes ?? 1024 * 1024;
  let rest: Buffer = Buffer.alloc(0);
  for await (const chunk of chunks) {
    rest = rest.length === 0 ? Buffer.from(chunk) : Buffer.concat([rest, chunk]);
    let at = 0;
    while (rest.length - at >= 4) {
      const length = rest.readUInt32BE(at);
      if (length > maxFrameBytes)
        throw new RangeError(`a log entry of ${length} bytes is over the limit of ${maxFrameBytes}`);
      if (rest.length - at - 4 < length) break;
      yield decodeLogEntry(rest.subarray(at + 4, at + 4 + length));
      at += 4 + length;
    }
    rest = rest.subarray(at);
  }
  if (rest.length > 0) throw new RangeError(`the log ends inside an entry, after ${rest.length} bytes of it`);
}

/** One entry without its length in front. */
export function decodeLogEntry(message: Uint8Array): LogEntry {
  let source = "";
  let timeNano = 0n;
  let line: Uint8Array = new Uint8Array();
  let partial = false;
  let metadata: LogEntry["partialLogMetadata"];
  for (const [number, value] of fieldsOf(message)) {
    if (number === 1) source = text(value);
    else if (number === 2) timeNano = BigInt.asIntN(64, varint(value));
    else if (number === 3) line = bytes(value);
    else if (number === 4) partial = varint(value) !== 0n;
    else if (number === 5) metadata = decodeMetadata(bytes(value));
  }
  return { source, timeNano, line, partial, ...(metadata === undefined ? {} : { partialLogMetadata: metadata }) };
}

type WireValue = bigint | Uint8Array;

function encodeMetadata(metadata: NonNullable<LogEntry["partialLogMetadata"]>): Uint8Array {
  return Buffer.concat([
    varintField(1, metadata.last ? 1n : 0n),
    bytesField(2, Buffer.from(metadata.id)),
    varintField(3, BigInt(metadata.ordinal)),
  ]);
}

function decodeMetadata(message: Uint8Array): NonNullable<LogEntry["partialLogMetadata"]> {
  const metadata = { last: false, id: "", ordinal: 0 };
  for (const [number, value] of fieldsOf(message)) {
    if (number === 1) metadata.last = varint(value) !== 0n;
    else if (number === 2) metadata.id = text(value);
    else if (number === 3) metadata.ordinal = Number(BigInt.asIntN(32, varint(value)));
  }
  return metadata;
}

/** Numbered values of a protobuf message in the order they stand; fixed-size ones come as their bytes. */
function* fieldsOf(message: Uint8Array): Generator<[number: number, value: WireValue]> {
  let at = 0;
  const readVarint = (): bigint => {
    let value = 0n;
    for (let shift = 0n; shift < 70n; shift += 7n) {
      const byte = message[at++];
      if (byte === undefined) throw new RangeError("a log entry ends inside a number");
      value |= BigInt(byte & 0x7f) << shift;
      if (byte < 0x80) return value;
    }
    throw new RangeError("a log entry has a number of more than ten bytes");
  };
  const readBytes = (length: number): Uint8Array => {
    if (length > message.length - at) throw new RangeError("a log entry ends inside a field");
    at += length;
    return message.subarray(at - length, at);
  };
  while (at < message.length) {
    const tag = Number(readVarint());
    const kind = tag & 7;
    if (kind === 0) yield [tag >>> 3, readVarint()];
    else if (kind === 1) yield [tag >>> 3, readBytes(8)];
    else if (kind === 2) yield [tag >>> 3, readBytes(Number(readVarint()))];
    else if (kind === 5) yield [tag >>> 3, readBytes(4)];
    else throw new RangeError(`a log entry has a field of unknown kind ${kind}`);
  }
}

function bytesField(number: number, value: Uint8Array): Uint8Array {
  return Buffer.concat([encodeVarint(BigInt(number * 8 + 2)), encodeVarint(BigInt(value.length)), value]);
}

function varintField(number: number, value: bigint): Uint8Array {
  return value === 0n ? new Uint8Array() : Buffer.concat([encodeVarint(BigInt(number * 8)), encodeVarint(value)]);
}

function encodeVarint(value: bigint): Uint8Array {
  const encoded: number[] = [];
  for (let rest = BigInt.asUintN(64, value); ; rest >>= 7n) {
    if (rest < 0x80n) return Uint8Array.from([...encoded, Number(rest)]);
    encoded.push(Number(rest & 0x7fn) | 0x80);
  }
}

function varint(value: WireValue): bigint {
  if (typeof value === "bigint") return value;
  throw new RangeError("a log entry has bytes where a number belongs");
}

function bytes(value: WireValue): Uint8Array {
  if (typeof value !== "bigint") return value;
  throw new RangeError("a log entry has a number where bytes belong");
}

function text(value: WireValue): string {
  return Buffer.from(bytes(value)).toString("utf8");
}
