// LOG-E: a log plugin as users of a real engine meet it, with `docker run --log-driver` and `docker logs`.
import { setTimeout as wait } from "node:timers/promises";
import type { ConformanceCase } from "../case.ts";
import { engineOf, type TrialEngine } from "../engine-api.ts";
import type { Trial } from "../trial.ts";
import { Violation } from "../violation.ts";
import { restartQuietly } from "./quiet-restart.ts";

const adapter = "moby/moby daemon/logger/adapter.go";
const logs = "moby/moby daemon/logs.go";

const shared = { protocol: "LogDriver", severity: "MUST", rule: adapter, needs: ["engine"] } as const;

/** How long a container may stand still, or take to begin. */
const standstillMs = 15_000;

const padding = "p".repeat(100);

/** The cases through an engine. */
export const logEngineCases: readonly ConformanceCase[] = [
  {
    ...shared,
    id: "LOG-E01",
    title: "`docker logs` has what a container printed, to both streams",
    judge: async (trial) => {
      const { engine, container } = await runToEnd(trial, "echo one; echo two >&2; echo three");
      await shows(trial, { engine, container, expected: ["one\n", "two\n", "three\n"] });
    },
  },
  {
    ...shared,
    id: "LOG-E02",
    severity: "SHOULD",
    title: "`docker logs --tail` has the last lines alone",
    rule: logs,
    judge: async (trial) => {
      const { engine, container } = await runToEnd(trial, "for i in 1 2 3 4 5; do echo line-$i; done");
      await shows(trial, { engine, container, expected: ["line-5"] });
      const { text } = await engine.ok("GET", `/containers/${container}/logs?stdout=1&tail=2`);
      if (text.includes("line-3") || !text.includes("line-4") || !text.includes("line-5"))
        throw new Violation(`of five lines --tail 2 gives ${JSON.stringify(text)}`);
    },
  },
  {
    ...shared,
    id: "LOG-E03",
    severity: "SHOULD",
    title: "`docker logs --follow` has all lines, and ends with the container",
    rule: logs,
    judge: async (trial) => {
      const engine = engineOf(trial);
      const container = await startLogged(trial, signalled("echo early", "echo late"));
      await showsSoon(trial, { engine, container, expected: ["early"] });
      const following = engine.call("GET", `/containers/${container}/logs?stdout=1&stderr=1&follow=1`);
      await engine.ok("POST", `/containers/${container}/kill?signal=USR1`);
      const answer = await within(following, trial);
      if (answer === undefined) throw new Violation("the container has ended, and `docker logs --follow` has not");
      if (!answer.text.includes("early") || !answer.text.includes("late"))
        throw new Violation(`"early" and "late" were printed, and --follow gives ${JSON.stringify(answer.text)}`);
    },
  },
  {
    ...shared,
    id: "LOG-E04",
    title: "A container that prints a megabyte at once is not held up, and no line is lost",
    judge: async (trial) => {
      const { engine, container } = await runToEnd(trial, burst(10_000));
      await shows(trial, { engine, container, expected: ["0 p", "5000 p", `9999 ${padding}\n`] });
      const lines = (await engine.logs(container)).split("\n").length - 1;
      if (lines !== 10_000) throw new Violation(`10000 lines were printed, and \`docker logs\` has ${lines}`);
    },
  },
  {
    ...shared,
    id: "LOG-E05",
    title: "What a container prints as it is stopped is kept",
    judge: async (trial) => {
      const engine = engineOf(trial);
      const script = "trap 'echo last; exit 0' TERM; echo ready; while :; do sleep 0.1; done";
      const container = await startLogged(trial, script, { StopSignal: "SIGTERM" });
      await showsSoon(trial, { engine, container, expected: ["ready"] });
      await engine.ok("POST", `/containers/${container}/stop?t=20`);
      await shows(trial, { engine, container, expected: ["ready", "last"] });
    },
  },
  {
    ...shared,
    id: "LOG-E06",
    severity: "SHOULD",
    title: "A container that is started again keeps its log",
    rule: logs,
    judge: async (trial) => {
      const { engine, container } = await runToEnd(trial, "test -f /again && echo second || echo first; : >/again");
      await shows(trial, { engine, container, expected: ["first"] });
      await engine.start(container);
      await engine.wait(container);
      await shows(trial, { engine, container, expected: ["first", "second"] });
    },
  },
  {
    ...shared,
    id: "LOG-E07",
    severity: "SHOULD",
    title: "A container goes on printing when the plugin was killed and started again",
    needs: ["engine", "restart"],
    judge: async (trial) => {
      const engine = engineOf(trial);
      const container = await startLogged(trial, signalled("echo before", `${burst(3000)}; echo after`));
      await showsSoon(trial, { engine, container, expected: ["before"] });
      const call = { method: "LogDriver.StopLogging", request: { File: `/run/docker/logging/${trial.id()}` } };
      await restartQuietly(trial, { how: "SIGKILL", call });
      await engine.ok("POST", `/containers/${container}/kill?signal=USR1`);
      if ((await within(engine.wait(container), trial)) === undefined)
        throw new Violation("the container stands still: nobody reads its pipe since the plugin was started again");
      await shows(trial, { engine, container, expected: ["after"] });
    },
  },
];

interface Logged {
  readonly engine: TrialEngine;
  readonly container: string;
}

/** Starts a container whose log the plugin gets. */
async function startLogged(trial: Trial, script: string, rest = {}): Promise<string> {
  const engine = engineOf(trial);
  const LogConfig = { Type: engine.driver, Config: trial.setting.options ?? {} };
  const container = await engine.createContainer({ script, host: { LogConfig }, rest });
  await engine.start(container);
  return container;
}

async function runToEnd(trial: Trial, script: string): Promise<Logged> {
  const engine = engineOf(trial);
  const container = await startLogged(trial, script);
  if ((await within(engine.wait(container), trial)) === undefined)
    throw new Violation(`the container does not end: ${JSON.stringify(script)} is held up by its log`);
  return { engine, container };
}

/** Does one thing, waits for SIGUSR1, and does another. */
function signalled(before: string, after: string): string {
  return `go=; trap 'go=1' USR1; ${before}; while [ -z "$go" ]; do sleep 0.1; done; ${after}`;
}

function burst(lines: number): string {
  return `i=0; while [ $i -lt ${lines} ]; do echo "$i ${padding}"; i=$((i+1)); done`;
}

interface Shown extends Logged {
  readonly expected: readonly string[];
}

/** Throws where `docker logs` of a container that has ended has not all of something; a plugin may store it late. */
async function shows(trial: Trial, shown: Shown): Promise<void> {
  await showsWithin(trial, shown, trial.setting.patienceMs);
}

/** The same of a container that runs, and has yet to print it. */
async function showsSoon(trial: Trial, shown: Shown): Promise<void> {
  await showsWithin(trial, shown, standstillMs);
}

async function showsWithin(
  { signal }: Trial,
  { engine, container, expected }: Shown,
  patienceMs: number,
): Promise<void> {
  const limit = performance.now() + patienceMs;
  for (;;) {
    const found = await engine.logs(container);
    const lost = expected.find((text) => !found.includes(text));
    if (lost === undefined) return;
    if (performance.now() > limit) {
      const end = JSON.stringify(found.slice(-200));
      throw new Violation(`${JSON.stringify(lost)} was printed, and \`docker logs\` has ${end}`);
    }
    await wait(50, undefined, { signal });
  }
}

/** What comes, or undefined where it does not come in time. */
async function within<T>(something: Promise<T>, trial: Trial): Promise<T | undefined> {
  const over = new AbortController();
  something.catch(() => {});
  const signal = AbortSignal.any([over.signal, trial.signal]);
  return await Promise.race([something, wait(limitOf(trial), undefined, { signal })]).finally(() => over.abort());
}

function limitOf({ setting }: Trial): number {
  return Math.min(standstillMs, setting.callLimitMs ?? standstillMs);
}
