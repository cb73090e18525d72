// The conformance kit with log plugins at a real engine: examples/log.ts keeps every rule, and broken ones do not.
import assert from "node:assert/strict";
import { mkdir, symlink } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import type { RunResult } from "@outrigger/conformance";
import { lab, type Host } from "@outrigger/e2e/lab";
import { decodeLogEntry, type LogEntry } from "@outrigger/protocol";
import { logModel, type LogSteps } from "../packages/conformance/test/log-model.ts";
import { serveModel } from "../packages/conformance/test/model.ts";
import { assertFails, judgeOnHost, onNewest, problemsOf, serveExample } from "./conform-story.ts";
import { story } from "./story.ts";

const engineCases = Array.from({ length: 7 }, (_, index) => `LOG-E0${index + 1}`);

story("examples/log.ts passes every case", async (host) => {
  await host.image("busybox");
  await using plugin = await serveExample(host, { file: "log.ts", name: "logbook" });
  // What is no engine's doing is judged once. An idle connection takes half a minute.
  const chosen = onNewest(host) ? { except: ["TR-23"] } : { only: engineCases };
  const result = await judgeOnHost(host, { name: "logbook", restart: plugin.restart, ...chosen });
  // The call that shows how requests are taken has no map or list.
  const notHere = ["TR-19 skipped: its calls have no map or list that may be null, or need options to work"];
  assert.deepEqual(problemsOf(result), onNewest(host) ? notHere : []);
  assert.deepEqual(result.left, []);
});

interface Broken {
  readonly title: string;
  readonly fails: Readonly<Record<string, RegExp>>;
  /** Cases near to these that it passes. */
  readonly passes?: readonly string[];
  readonly steps?: Partial<LogSteps>;
  readonly onKill?: () => void;
  /** How long a container may stand still; the kit's own limit where left out. */
  readonly callLimitMs?: number;
}

let kills = 0;

const broken: readonly Broken[] = [
  {
    title: "lines are lost, and --tail is not looked at",
    fails: {
      "LOG-E02": /--tail 2 gives "[^]*line-3/,
      "LOG-E04": /10000 lines were printed, and `docker logs` has 9999/,
      "LOG-E05": /"last" was printed/,
    },
    passes: ["LOG-E01", "LOG-E06"],
    steps: {
      entry: without((entry) => /^(last|7777 p+)$/.test(textOf(entry))),
      selects: (all) => all,
    },
  },
  {
    title: "standard error is lost, and what was printed before a second start is not read",
    fails: { "LOG-E01": /"two\\n" was printed/, "LOG-E06": /"first" was printed/ },
    passes: ["LOG-E05"],
    steps: {
      entry: without(({ source }) => source === "stderr"),
      // An engine opens a pipe for `docker logs`, too; only its lines tell a start.
      selects: (all) =>
        all.slice(
          Math.max(
            0,
            all.findLastIndex((entry) => textOf(entry) === "second"),
          ),
        ),
    },
  },
  {
    title: "following does not end",
    fails: { "LOG-E03": /the container has ended, and `docker logs --follow` has not/ },
    steps: { followEnds: false },
    callLimitMs: 3000,
  },
  {
    // One that reads no more would hold the engine up, too, for as long as it waits for the container's log.
    title: "what is printed after kill -9 is read, and lost",
    fails: { "LOG-E07": /"after" was printed/ },
    steps: { entry: without(() => kills > 0) },
    onKill: () => (kills += 1),
  },
];

function textOf({ line }: LogEntry): string {
  return Buffer.from(line).toString();
}

function without(lost: (entry: LogEntry) => boolean): LogSteps["entry"] {
  return (message) => {
    const entry = decodeLogEntry(message);
    return lost(entry) ? undefined : entry;
  };
}

test("broken log plugins fail their own cases, through a real engine", { skip: lab.skip() }, async (t) => {
  await using host = await lab.host();
  await host.image("busybox");
  await Promise.all(
    broken.map(async (one, index) => {
      const result = await judgeBroken(host, `broken-${index}`, one);
      await t.test(one.title, () => assertFails(result, one.fails));
    }),
  );
});

async function judgeBroken(host: Host, name: string, one: Broken): Promise<RunResult> {
  const { fails, passes = [], steps, onKill, callLimitMs } = one;
  const { handlers, intercept, kill } = logModel(steps, host.path("/"));
  using _pipes = { [Symbol.dispose]: () => kill(false) };
  const folder = join(host.share, name);
  await mkdir(folder);
  await using model = await serveModel(handlers, { intercept, folder });
  await symlink(join(folder, "model.sock"), host.path(`/run/docker/plugins/${name}.sock`));
  const restart: typeof model.restart = async (signal, whileDown) => {
    await model.restart(signal, whileDown);
    onKill?.();
  };
  const only = [...Object.keys(fails), ...passes];
  const limit = callLimitMs === undefined ? {} : { callLimitMs };
  return await judgeOnHost(host, { name, address: model.address, restart, only, patienceMs: 2000, ...limit });
}
