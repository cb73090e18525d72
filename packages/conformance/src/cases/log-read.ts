// LOG: what `docker logs` reads from the plugin.
import type { ConformanceCase } from "../case.ts";
import type { Trial } from "../trial.ts";
import { Violation } from "../violation.ts";
import { frame, infoOf, startPipe, type LogInfo } from "./log-pipe.ts";
import { demandReading, follow, printed, read, readsBack, unset } from "./log-reader.ts";

const adapter = "moby/moby daemon/logger/adapter.go";
const logs = "moby/moby daemon/logs.go";

const shared = { protocol: "LogDriver", severity: "MUST", rule: adapter, needs: ["fifo"] } as const;

/** The cases about reading. */
export const logReadCases: readonly ConformanceCase[] = [
  {
    ...shared,
    id: "LOG-20",
    title: "ReadLogs without Follow gives what was written, and ends",
    judge: async (trial) => void (await stored(trial)),
  },
  {
    ...shared,
    id: "LOG-21",
    severity: "SHOULD",
    title: "Entries come back in order, with their source and time",
    judge: async (trial) => {
      const { info, start } = await stored(trial);
      const entries = await read(trial, info);
      entries.forEach(({ source, timeNano, line }, index) => {
        const expected = { source: index % 2 === 0 ? "stdout" : "stderr", timeNano: start + BigInt(index) * second };
        if (source === expected.source && timeNano === expected.timeNano) return;
        const text = Buffer.from(line).toString().trim();
        throw new Violation(
          `"${text}" was written to ${expected.source} at ${expected.timeNano} ns, and comes back as ${source} at ${timeNano} ns`,
        );
      });
    },
  },
  {
    ...shared,
    id: "LOG-22",
    title: "Each complete line ends in a newline, which the pipe does not have",
    judge: async (trial) => {
      const { info } = await stored(trial);
      const bare = (await read(trial, info)).find(({ line }) => line.at(-1) !== 10);
      if (bare !== undefined)
        throw new Violation(
          `${JSON.stringify(Buffer.from(bare.line).toString())} has no newline: \`docker logs\` runs lines together`,
        );
    },
  },
  {
    ...shared,
    id: "LOG-23",
    severity: "SHOULD",
    title: "Tail gives the last lines, all for -1, none for 0",
    judge: async (trial) => {
      const { info, lines } = await stored(trial);
      for (const [Tail, expected] of [
        [2, lines.slice(-2)],
        [-1, lines],
        [100, lines],
        [0, []],
      ] as const) {
        const found = printed(await read(trial, info, { Tail }));
        if (found !== expected.join(""))
          throw new Violation(
            `of ${lines.length} lines Tail ${Tail} is to give ${expected.length}, and gives ${JSON.stringify(found)}`,
          );
      }
    },
  },
  {
    ...shared,
    id: "LOG-24",
    severity: "SHOULD",
    title: "No entry between Since and Until is left out, their own moments included",
    judge: async (trial) => {
      const { info, lines, start } = await stored(trial);
      const [first, last] = [2, 4];
      const [Since, Until] = [first, last].map((index) => timeOf(start + BigInt(index) * second));
      for (const [config, wanted] of [
        [{ Since, Until }, lines.slice(first, last + 1)],
        [{ Since, Until: unset }, lines.slice(first)],
        [{ Since: unset, Until }, lines.slice(0, last + 1)],
      ] as const) {
        const found = printed(await read(trial, info, config));
        const lost = wanted.find((line) => !found.includes(line));
        // The engine drops what is too early or too late itself.
        if (lost !== undefined) throw new Violation(`with ${JSON.stringify(config)} "${lost}" is left out`);
      }
    },
  },
  {
    ...shared,
    id: "LOG-25",
    title: "With Follow the headers come at once, and each line as it is written",
    judge: async (trial) => {
      await demandReading(trial);
      const pipe = await startPipe(trial);
      const follower = await follow(trial, pipe.info);
      if (!(await trial.until(() => follower.status() !== undefined)))
        throw new Violation("ReadLogs with Follow sends no headers before the first line; the engine waits for them");
      if (follower.status() !== 200) throw new Violation(`ReadLogs with Follow was answered with ${follower.status()}`);
      for (const line of ["first", "second"]) {
        await pipe.write(frame(line));
        if (!(await trial.until(() => follower.printed().endsWith(line))))
          throw new Violation(`"${line}" was written, and whoever follows does not get it`);
      }
    },
  },
  {
    ...shared,
    id: "LOG-26",
    severity: "SHOULD",
    title: "A read that follows ends when the logging ends",
    judge: async (trial) => {
      await demandReading(trial);
      const pipe = await startPipe(trial);
      const follower = await follow(trial, pipe.info);
      await pipe.write(frame("last"));
      if (!(await trial.until(() => follower.printed() === "last"))) throw new Violation("the line does not come");
      await pipe.stop();
      if (!(await trial.until(() => follower.ended())))
        throw new Violation("the read goes on after StopLogging, and `docker logs -f` never ends");
    },
  },
  {
    ...shared,
    id: "LOG-27",
    severity: "SHOULD",
    title: "Readers that follow and leave take nothing with them",
    judge: async (trial) => {
      await demandReading(trial);
      const pipe = await startPipe(trial);
      for (let turn = 0; turn < 20; turn++) {
        const follower = await follow(trial, pipe.info);
        await pipe.write(frame(`${turn};`));
        if (!(await trial.until(() => follower.printed().endsWith(`${turn};`))))
          throw new Violation(`after ${turn} readers have come and gone, another one gets nothing`);
        follower.leave();
      }
      await pipe.stop();
    },
  },
  {
    ...shared,
    id: "LOG-28",
    severity: "SHOULD",
    title: "The log of an unknown container is empty, or refused",
    rule: logs,
    needs: [],
    judge: async (trial) => {
      await demandReading(trial);
      const answer = await trial.send("LogDriver.ReadLogs", {
        Info: infoOf(trial),
        Config: { Since: unset, Until: unset, Tail: -1 },
      });
      if (answer.status === 200 && answer.reply.body.length > 0)
        throw new Violation(`the log of a container that never was has ${answer.reply.body.length} bytes`);
    },
  },
];

const second = 1_000_000_000n;

interface StoredLog {
  readonly info: LogInfo;
  readonly lines: readonly string[];
  /** The time of the first one; the others follow by a second each, to either stream in turn. */
  readonly start: bigint;
}

/** A container's log that has ended, with six lines. */
async function stored(trial: Trial): Promise<StoredLog> {
  await demandReading(trial);
  const lines = Array.from({ length: 6 }, (_, index) => `line ${index};`);
  const start = BigInt(Date.now() - 60_000) * 1_000_000n;
  const pipe = await startPipe(trial);
  const entries = lines.map((line, index) =>
    frame(line, { source: index % 2 === 0 ? "stdout" : "stderr", timeNano: start + BigInt(index) * second }),
  );
  await pipe.write(...entries);
  await pipe.stop();
  await readsBack(trial, pipe.info, lines.join(""));
  return { info: pipe.info, lines, start };
}

function timeOf(timeNano: bigint): string {
  return new Date(Number(timeNano / 1_000_000n)).toISOString();
}
