// LOG: what may stand in a log's pipe.
import { setTimeout as wait } from "node:timers/promises";
import type { ConformanceCase } from "../case.ts";
import { frame, manyFrames, startPipe } from "./log-pipe.ts";
import { canRead, readsBack } from "./log-reader.ts";

const proto = "moby/moby daemon/logger/internal/logdriver/entry.proto";
const io = "moby/moby daemon/logger/internal/logdriver/io.go";

const shared = { protocol: "LogDriver", rule: "moby/moby daemon/logger/adapter.go", needs: ["fifo"] } as const;

/** A case for what a container may write: it is kept, and the plugin goes on reading. */
function takes(
  about: Pick<ConformanceCase, "id" | "title"> & Partial<ConformanceCase>,
  given: () => { readonly frames: readonly Uint8Array[]; readonly printed: string; readonly pauseMs?: number },
): ConformanceCase {
  return {
    ...shared,
    severity: "SHOULD",
    ...about,
    judge: async (trial) => {
      const { frames, printed: expected, pauseMs } = given();
      const pipe = await startPipe(trial);
      for (const one of frames) {
        await pipe.write(one);
        // So that they do not come in one piece.
        if (pauseMs !== undefined) await wait(pauseMs);
      }
      if (!(await canRead(trial))) {
        await pipe.write(manyFrames(128));
        return pipe.stop();
      }
      await pipe.stop();
      await readsBack(trial, pipe.info, expected);
    },
  };
}

/** The cases about entries. */
export const logEntryCases: readonly ConformanceCase[] = [
  takes(
    { id: "LOG-05", severity: "MUST", title: "An entry that comes in many pieces is put together", rule: io },
    () => {
      const bytes = frame("in many pieces");
      const pieces = Array.from({ length: 8 }, (_, index) => bytes.subarray(index, index + 1));
      return {
        frames: [...pieces, bytes.subarray(8), frame("and more")],
        printed: "in many piecesand more",
        pauseMs: 5,
      };
    },
  ),
  takes({ id: "LOG-06", title: "An entry above 64 KiB is taken", rule: io }, () => {
    const line = "y".repeat(100_000);
    return { frames: [frame(line), frame("small")], printed: `${line}small` };
  }),
  takes({ id: "LOG-07", title: "The pieces of a long line are all kept" }, () => {
    const piece = (line: string, ordinal: number): Uint8Array =>
      frame(line, { partial: true, partialLogMetadata: { id: "a1b2", ordinal, last: ordinal === 3 } });
    return {
      frames: [piece("one,", 1), piece("two,", 2), piece("three", 3), frame("end")],
      printed: "one,two,threeend",
    };
  }),
  takes({ id: "LOG-08", title: "Bytes that are no text are kept as they are", rule: proto }, () => {
    const bytes = Buffer.from(Array.from({ length: 256 }, (_, index) => index).filter((byte) => byte !== 10));
    return { frames: [frame(bytes)], printed: bytes.toString("latin1") };
  }),
  takes(
    {
      id: "LOG-09",
      title: "Attributes of an entry, and fields that the plugin does not know, are passed over",
      rule: proto,
    },
    () => ({
      frames: [
        withFields(frame("known"), [0x32, 6, 0x0a, 1, 0x61, 0x12, 1, 0x62]),
        withFields(frame("more"), [0x78, 1, 0xa2, 6, 1, 0x7a]),
      ],
      printed: "knownmore",
    }),
  ),
];

/** An entry with more fields, as bytes of protobuf. */
function withFields(entry: Uint8Array, fields: readonly number[]): Uint8Array {
  const bytes = Buffer.concat([entry, Buffer.from(fields)]);
  bytes.writeUInt32BE(bytes.length - 4);
  return bytes;
}
