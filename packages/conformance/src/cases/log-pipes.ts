// LOG: the pipes that a plugin is told to read, from StartLogging to StopLogging.
import type { ConformanceCase } from "../case.ts";
import { fieldOf, isObject } from "../json-field.ts";
import { Violation } from "../violation.ts";
import { atOnce } from "./at-once.ts";
import { frame, infoOf, makePipe, manyFrames, startPipe } from "./log-pipe.ts";
import { canRead, demandReading, printed, read, readsBack } from "./log-reader.ts";
import { restartQuietly } from "./quiet-restart.ts";

const adapter = "moby/moby daemon/logger/adapter.go";
const loggerPlugin = "moby/moby daemon/logger/plugin.go";

const shared = { protocol: "LogDriver", severity: "MUST", rule: adapter, needs: ["fifo"] } as const;

/** The cases about pipes. */
export const logPipeCases: readonly ConformanceCase[] = [
  {
    protocol: "LogDriver",
    severity: "MUST",
    id: "LOG-01",
    title: "Capabilities says under Cap whether logs can be read, or is refused",
    rule: "moby/moby daemon/logger/proxy.go",
    judge: async (trial) => {
      const { failure, fields } = await trial.send("LogDriver.Capabilities");
      if (failure !== undefined) return;
      const cap = fieldOf(fields, "Cap");
      if (cap === undefined && fieldOf(fields, "ReadLogs") === undefined) return;
      const reads = fieldOf(cap, "ReadLogs");
      if (isObject(cap) && (reads === undefined || typeof reads === "boolean")) return;
      throw new Violation(
        `Capabilities is ${JSON.stringify(fields)}; the engine reads {"Cap":{"ReadLogs":true}} alone`,
      );
    },
  },
  {
    ...shared,
    id: "LOG-02",
    title: "StartLogging succeeds within a second",
    judge: async (trial) => {
      const times: number[] = [];
      // A busy machine is not the plugin's fault: the best of three counts.
      for (let attempt = 0; attempt < 3; attempt++) {
        const started = performance.now();
        const pipe = await makePipe(trial);
        await pipe.start();
        times.push(Math.round(performance.now() - started));
        await pipe.stop();
        if ((times.at(-1) ?? 0) < 1000) return;
      }
      throw new Violation(`StartLogging took ${times.join(", ")} ms, and the container waits for it`);
    },
  },
  {
    ...shared,
    id: "LOG-03",
    title: "After StartLogging the plugin has the pipe open",
    judge: async (trial) => {
      const pipe = await startPipe(trial);
      if (!(await trial.until(() => pipe.hasReader())))
        throw new Violation("nobody has the pipe open after StartLogging: the container stands still when it is full");
    },
  },
  {
    ...shared,
    id: "LOG-04",
    title: "A megabyte is read while it is written",
    judge: async (trial) => {
      const pipe = await startPipe(trial);
      await pipe.write(manyFrames(1024));
      await pipe.stop();
    },
  },
  {
    ...shared,
    id: "LOG-10",
    title: "A container without arguments, environment and labels is taken",
    judge: async (trial) => {
      const nothing = { ContainerArgs: null, ContainerEnv: null, ContainerLabels: null };
      await (await startPipe(trial, infoOf(trial, nothing))).stop();
    },
  },
  {
    ...shared,
    id: "LOG-11",
    title: "The engine's own options are not refused",
    rule: "moby/moby daemon/logger/factory.go",
    judge: async (trial) => {
      const own = { mode: "non-blocking", "max-buffer-size": "4m", "cache-disabled": "false", "cache-max-size": "20m" };
      await (await startPipe(trial, infoOf(trial, { Config: { ...trial.setting.options, ...own } }))).stop();
    },
  },
  {
    ...shared,
    id: "LOG-12",
    severity: "SHOULD",
    title: "Where an option is refused, the pipe is left alone",
    judge: async (trial) => {
      const Config = { ...trial.setting.options, "outrigger-unknown": "\u0000" };
      const pipe = await makePipe(trial, infoOf(trial, { Config }));
      const answer = await trial.send("LogDriver.StartLogging", { File: pipe.File, Info: pipe.info });
      if (answer.failure === undefined) return trial.skip("the plugin takes options that it does not know");
      if (!(await trial.until(() => !pipe.hasReader())))
        throw new Violation(`StartLogging was refused (${answer.failure}), and the pipe is still open`);
    },
  },
  {
    ...shared,
    id: "LOG-13",
    severity: "SHOULD",
    title: "StopLogging is answered when all that was written is stored",
    judge: async (trial) => {
      await demandReading(trial);
      const pipe = await startPipe(trial);
      const lines = Array.from({ length: 100 }, (_, index) => `line ${index};`);
      await pipe.write(...lines.map((line) => frame(line)));
      await pipe.stop();
      const found = printed(await read(trial, pipe.info));
      if (found !== lines.join(""))
        throw new Violation(
          `${lines.length} lines were written, and right after StopLogging ${found.split(";").length - 1} are there`,
        );
    },
  },
  {
    ...shared,
    id: "LOG-14",
    severity: "SHOULD",
    title: "After StopLogging the plugin closes the pipe",
    judge: async (trial) => {
      const pipe = await startPipe(trial);
      await pipe.write(frame("last"));
      await pipe.stop();
      if (!(await trial.until(() => !pipe.hasReader())))
        throw new Violation("the pipe is still open after StopLogging and its end: one is lost with every container");
    },
  },
  {
    ...shared,
    id: "LOG-15",
    title: "StopLogging of a pipe that is stopped, or was never known, succeeds",
    judge: async (trial) => {
      await trial.ok("LogDriver.StopLogging", { File: `/run/docker/logging/${trial.id()}` });
      const pipe = await startPipe(trial);
      await pipe.stop();
      await trial.ok("LogDriver.StopLogging", { File: pipe.File });
    },
  },
  {
    ...shared,
    id: "LOG-16",
    severity: "SHOULD",
    title: "A pipe whose writer is gone without StopLogging is closed",
    judge: async (trial) => {
      const pipe = await startPipe(trial);
      await pipe.write(frame("before the end"));
      pipe.close();
      if (!(await trial.until(() => !pipe.hasReader())))
        throw new Violation("the pipe is still open though its writer is gone, as when the engine dies");
    },
  },
  {
    ...shared,
    id: "LOG-17",
    title: "A hundred pipes are read at once",
    rule: loggerPlugin,
    judge: async (trial) => {
      const pipes = await atOnce(100, () => startPipe(trial));
      // More than a pipe holds, and than a plugin reads of it at once.
      const much = manyFrames(160);
      await atOnce(pipes.length, async (index) => pipes[index]?.write(much));
      await atOnce(pipes.length, async (index) => pipes[index]?.stop());
    },
  },
  {
    ...shared,
    id: "LOG-18",
    title: "A second pipe for a container takes nothing away from the first",
    rule: "moby/moby daemon/logs.go",
    judge: async (trial) => {
      const first = await startPipe(trial);
      await first.write(frame("one,"));
      const second = await startPipe(trial, first.info);
      await first.write(frame("two,"), manyFrames(80));
      await second.write(frame("three,"), manyFrames(80));
      for (const pipe of [first, second]) await pipe.stop();
      if (!(await canRead(trial))) return;
      let found = "";
      const isThere = await trial.until(async () => {
        found = printed(await read(trial, first.info)).replaceAll("x", "");
        return ["one,", "two,", "three,"].every((line) => found.includes(line));
      });
      if (!isThere)
        throw new Violation(
          `"one,", "two," and "three," were written by two pipes, and there is ${JSON.stringify(found)}`,
        );
    },
  },
  {
    ...shared,
    id: "LOG-19",
    severity: "SHOULD",
    title: "A pipe that is opened only to read the log takes nothing away",
    rule: "moby/moby daemon/logs.go",
    judge: async (trial) => {
      await demandReading(trial);
      const pipe = await startPipe(trial);
      await pipe.write(frame("old"));
      await pipe.stop();
      await readsBack(trial, pipe.info, "old");
      const other = await startPipe(trial, pipe.info);
      await readsBack(trial, pipe.info, "old");
      await other.stop();
      await readsBack(trial, pipe.info, "old");
    },
  },
  {
    ...shared,
    id: "LOG-29",
    severity: "SHOULD",
    title: "After a restart of the plugin the pipes of running containers are read again",
    rule: loggerPlugin,
    needs: ["fifo", "restart"],
    judge: async (trial) => {
      const pipe = await startPipe(trial);
      await pipe.write(frame("before"));
      const call = { method: "LogDriver.StopLogging", request: { File: `/run/docker/logging/${trial.id()}` } };
      await restartQuietly(trial, { how: "SIGKILL", call });
      await pipe.write(manyFrames(200));
      await pipe.stop();
    },
  },
];
