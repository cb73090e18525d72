import assert from "node:assert/strict";
import { test } from "node:test";
import { setTimeout as wait } from "node:timers/promises";
import { assertFaults, type Fault } from "./faults.ts";
import { idsOf, judge, serveModel, type Handlers } from "./model.ts";

const sound: Handlers = {
  "Plugin.Activate": () => ({ Implements: ["MetricsCollector", "secretprovider"] }),
  "MetricsCollector.StartMetrics": () => ({ Err: "" }),
  "MetricsCollector.StopMetrics": () => ({ Err: "" }),
  "SecretProvider.GetSecret": ({ SecretName }: { SecretName?: string }) => {
    if (SecretName !== "known") throw new Error(`there is no secret "${SecretName}"`);
    return { Value: Buffer.from("hush").toString("base64"), DoNotReuse: true };
  },
};

const all = { only: ["MET", "SEC"], setting: { secret: "known" } };

test("a plugin that keeps the rules of metrics and secrets passes them all", async () => {
  await using model = await serveModel(sound);
  const result = await judge(model.address, all);
  assert.deepEqual(idsOf(result, "failed"), []);
  assert.deepEqual(idsOf(result, "skipped"), []);
  assert.equal(result.cases.length, 9);
});

test("without the name of a secret most cases of secrets are skipped", async () => {
  await using model = await serveModel(sound);
  const result = await judge(model.address, { only: ["SEC"] });
  assert.deepEqual(idsOf(result, "skipped"), ["SEC-01", "SEC-03", "SEC-04", "SEC-05", "SEC-06"]);
});

function broken(title: string, fails: readonly string[], changed: Handlers): Fault {
  return {
    title,
    fails,
    judge: async () => {
      await using model = await serveModel({ ...sound, ...changed });
      return await judge(model.address, all);
    },
  };
}

/** Answers for the secret that is known. */
function gives(answer: (request: { SecretName: string; ServiceID?: string }) => unknown): Handlers {
  const { "SecretProvider.GetSecret": given } = sound;
  return {
    "SecretProvider.GetSecret": (request: { SecretName: string; ServiceID?: string }, incoming) =>
      request.SecretName === "known" ? answer(request) : given?.(request as never, incoming),
  };
}

test("each fault of metrics and secrets fails its own cases", async () => {
  let starts = 0;
  let given = 0;
  let asked = 0;
  const refuse = (): never => {
    throw new Error("refused");
  };
  const value = (bytes: number): string => Buffer.alloc(bytes, 1).toString("base64");
  const start = "MetricsCollector.StartMetrics";
  await assertFaults([
    // MET-03 starts, too.
    broken("StartMetrics fails", ["MET-01", "MET-03"], { [start]: refuse }),
    broken("StartMetrics waits for the metrics", ["MET-02"], {
      [start]: async () => wait((starts += 1) === 2 || starts === 3 || starts === 4 ? 1050 : 0, {}),
    }),
    broken("StopMetrics needs a start", ["MET-03"], { "MetricsCollector.StopMetrics": refuse }),
    broken(
      "the value is no base64",
      ["SEC-01", "SEC-03", "SEC-05"],
      gives(() => ({ Value: "hush!" })),
    ),
    broken(
      "the value is empty",
      ["SEC-01", "SEC-03", "SEC-05"],
      gives(() => ({ Value: "" })),
    ),
    broken(
      "the value is too large",
      ["SEC-01", "SEC-03", "SEC-05"],
      gives(() => ({ Value: value(512_000) })),
    ),
    broken("an unknown secret is empty", ["SEC-02"], { "SecretProvider.GetSecret": () => ({ Value: value(4) }) }),
    broken(
      "a service is demanded",
      ["SEC-03"],
      gives(({ ServiceID }) => (ServiceID === undefined ? refuse() : { Value: value(4) })),
    ),
    broken(
      "DoNotReuse is a text",
      ["SEC-04"],
      gives(() => ({ Value: value(4), DoNotReuse: "true" })),
    ),
    broken(
      "the same is not given again",
      ["SEC-05"],
      gives(() => ((given += 1) === 5 ? refuse() : { Value: value(4) })),
    ),
    broken(
      "the value takes its time",
      ["SEC-06"],
      gives(() => wait((asked += 1) > 6 ? 1010 : 0, { Value: value(4) })),
    ),
  ]);
});
