import assert from "node:assert/strict";
import { tmpdir } from "node:os";
import { after, test } from "node:test";
import { setTimeout as wait } from "node:timers/promises";
import type { RunResult, Setting } from "@outrigger/conformance";
import { decodeLogEntry, encodeLogEntry } from "@outrigger/protocol";
import { assertFaults, type Fault } from "./faults.ts";
import { fifoPool } from "./fifo-pool.ts";
import { logModel, type LogSteps } from "./log-model.ts";
import { idsOf, judge, serveModel, type Handler } from "./model.ts";

const pool = await fifoPool(tmpdir());
after(() => pool[Symbol.asyncDispose]());
const { makeFifo } = pool;

test("a plugin that keeps the rules of logs passes them all", async () => {
  const result = await judgeLogs({}, { patienceMs: 10_000 });
  assert.deepEqual(
    result.cases.filter(({ status }) => status === "failed").map(({ id, message }) => `${id} ${message}`),
    [],
  );
  assert.deepEqual(idsOf(result, "skipped"), engineCases);
  assert.deepEqual(result.left, []);
});

test("a plugin that cannot be read is judged by what can be seen of it", async () => {
  const result = await judgeLogs({ capabilities: () => ({}) }, { patienceMs: 10_000 });
  assert.deepEqual(idsOf(result, "failed"), []);
  const reading = ["LOG-20", "LOG-21", "LOG-22", "LOG-23", "LOG-24", "LOG-25", "LOG-26", "LOG-27", "LOG-28"];
  assert.deepEqual(idsOf(result, "skipped"), ["LOG-13", "LOG-19", ...reading, ...engineCases]);
});

const engineCases: readonly string[] = Array.from({ length: 7 }, (_, index) => `LOG-E0${index + 1}`);

interface How {
  readonly only?: readonly string[];
  readonly reopens?: boolean;
  readonly startDelayMs?: number;
  /** What is to fail; of the cases that take their time the others are left out. All are judged where it is left out. */
  readonly fails?: readonly string[];
}

async function judgeLogs(
  changed: Partial<LogSteps>,
  setting: Partial<Setting>,
  { only = ["LOG"], reopens = true, startDelayMs = 0, fails }: How = {},
): Promise<RunResult> {
  const { handlers, intercept, kill } = logModel(changed);
  const start = handlers["LogDriver.StartLogging"];
  const later: Handler = async (request, incoming) => {
    if (startDelayMs > 0) await wait(startDelayMs);
    return start?.(request, incoming);
  };
  await using model = await serveModel({ ...handlers, "LogDriver.StartLogging": later }, { intercept });
  const restart: Setting["restart"] = async (signal, whileDown) => {
    await model.restart(signal, whileDown);
    kill(reopens);
  };
  try {
    const except = fails === undefined ? [] : ["LOG-17", "LOG-27"].filter((id) => !fails.includes(id));
    return await judge(model.address, { only, except, setting: { restart, makeFifo, callLimitMs: 3000, ...setting } });
  } finally {
    kill(false);
  }
}

interface Broken extends How {
  readonly steps?: Partial<LogSteps>;
}

function broken(title: string, fails: readonly string[], { steps = {}, ...how }: Broken): Fault {
  return { title, fails, judge: () => judgeLogs(steps, { patienceMs: 1500 }, { ...how, fails }) };
}

const refuse = (): never => {
  throw new Error("refused");
};

test("each fault of a log plugin fails its own cases", async () => {
  let followers = 0;
  await assertFaults(
    [
      broken("ReadLogs stands beside Cap", ["LOG-01"], { steps: { capabilities: () => ({ ReadLogs: true }) } }),
      broken("Cap.ReadLogs is a text", ["LOG-01"], { steps: { capabilities: () => ({ Cap: { ReadLogs: "true" } }) } }),
      broken("StartLogging is refused", ["LOG-02"], { steps: { check: refuse }, only: ["LOG-02"] }),
      broken("StartLogging takes over a second", ["LOG-02"], { startDelayMs: 1050, only: ["LOG-02"] }),
      broken("the pipe is not opened", ["LOG-03"], { steps: { opens: () => false }, only: ["LOG-03"] }),
      broken("reading stops after 600 KB", ["LOG-04"], { steps: { goesOn: (bytes) => bytes < 600_000 } }),
      broken("small pieces are dropped", ["LOG-05"], {
        steps: { chunk: (bytes) => (bytes.length < 4 ? Buffer.alloc(0) : bytes) },
      }),
      broken("a large entry is an error", ["LOG-06"], {
        steps: { entry: (message) => (message.length > 65_536 ? refuse() : decodeLogEntry(message)) },
      }),
      broken("pieces of a line are dropped", ["LOG-07"], {
        steps: {
          entry: (message) => {
            const entry = decodeLogEntry(message);
            return entry.partial && entry.partialLogMetadata?.last !== true ? undefined : entry;
          },
        },
      }),
      broken("lines are taken for UTF-8", ["LOG-08"], {
        steps: {
          entry: (message) => {
            const entry = decodeLogEntry(message);
            return { ...entry, line: Buffer.from(Buffer.from(entry.line).toString("utf8")) };
          },
        },
      }),
      broken("an unknown field is an error", ["LOG-09"], {
        steps: {
          entry: (message) => {
            const entry = decodeLogEntry(message);
            return encodeLogEntry(entry).length - 4 === message.length ? entry : refuse();
          },
        },
      }),
      broken("arguments are demanded", ["LOG-10"], {
        steps: { check: ({ ContainerArgs }) => void (ContainerArgs ?? refuse()) },
      }),
      broken("mode is refused", ["LOG-11"], { steps: { check: ({ Config }) => void (Config?.mode && refuse()) } }),
      broken("what is refused stays open", ["LOG-12"], { steps: { refusedKeepsPipe: true }, only: ["LOG-12"] }),
      broken("lines are stored later", ["LOG-13"], {
        steps: { store: (add) => void setTimeout(add, 300) },
        only: ["LOG-05", "LOG-13"],
      }),
      broken("a stopped pipe stays open", ["LOG-14"], { steps: { stopKeepsPipe: true } }),
      broken("an unknown pipe is refused", ["LOG-15", "LOG-29"], { steps: { unknownStop: refuse } }),
      broken("a pipe without writer stays open", ["LOG-16"], { steps: { endKeepsPipe: true } }),
      broken("fifty pipes are the most", ["LOG-17"], { steps: { opens: (pipes) => pipes < 50 } }),
      broken("a new pipe begins anew", ["LOG-18", "LOG-19"], {
        steps: { opened: (entries) => void entries.splice(0) },
      }),
      broken("a pipe without lines takes all away", ["LOG-19"], {
        steps: { stopped: ({ bytes }, entries) => void (bytes === 0 && entries.splice(0)) },
      }),
      broken("ReadLogs does not end", ["LOG-20"], { steps: { ends: false }, only: ["LOG-20"] }),
      broken("times are lost", ["LOG-21"], { steps: { output: (entry) => ({ ...entry, timeNano: 0n }) } }),
      broken("sources are lost", ["LOG-21"], { steps: { output: (entry) => ({ ...entry, source: "stdout" }) } }),
      broken("lines have no end", ["LOG-22"], {
        steps: { output: (entry) => ({ ...entry, line: entry.line.subarray(0, -1) }) },
        only: ["LOG-20", "LOG-21", "LOG-22", "LOG-23", "LOG-24"],
      }),
      broken("Tail is not looked at", ["LOG-23"], {
        steps: { selects: (entries) => entries },
      }),
      broken("Since and Until leave their moments out", ["LOG-24"], {
        steps: {
          selects: (entries, { Since, Until, Tail }) => {
            const within = entries.filter(
              ({ timeNano }) =>
                (Since.startsWith("0001") || timeNano > BigInt(Date.parse(Since)) * 1_000_000n) &&
                (Until.startsWith("0001") || timeNano < BigInt(Date.parse(Until)) * 1_000_000n),
            );
            return Tail < 0 ? within : within.slice(Math.max(0, within.length - Tail));
          },
        },
      }),
      broken("headers come with the first line", ["LOG-25"], { steps: { flush: () => {} } }),
      broken("who follows goes on for ever", ["LOG-26"], { steps: { followEnds: false } }),
      broken("ten followers are the most", ["LOG-27"], {
        steps: { follow: () => (followers += 1) <= 10 },
        only: ["LOG-27"],
      }),
      broken("an unknown log does not end", ["LOG-28"], { steps: { unknownLog: () => true } }),
      broken("pipes are forgotten", ["LOG-29"], { reopens: false }),
    ],
    8,
  );
});
