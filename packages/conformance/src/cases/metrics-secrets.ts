// MET and SEC: the two small protocols.
import type { ConformanceCase } from "../case.ts";
import { fieldOf } from "../json-field.ts";
import type { Trial } from "../trial.ts";
import { Violation } from "../violation.ts";

const metrics = {
  protocol: "MetricsCollector",
  severity: "SHOULD",
  rule: "moby/moby daemon/internal/metrics/plugin_unix.go",
} as const;
const secrets = {
  protocol: "secretprovider",
  severity: "MUST",
  rule: "moby/swarmkit manager/drivers/secrets.go",
} as const;

const startMetrics = "MetricsCollector.StartMetrics";
const stopMetrics = "MetricsCollector.StopMetrics";
const getSecret = "SecretProvider.GetSecret";

/** Swarm's limit. Source: moby/swarmkit api/validation/secrets.go. */
const mostSecretBytes = 511_999;

/** The cases of metrics and secrets. */
export const metricsAndSecretsCases: readonly ConformanceCase[] = [
  {
    ...metrics,
    id: "MET-01",
    severity: "MUST",
    title: "StartMetrics with an empty body is answered with 200 and an object without error",
    judge: async (trial) => void (await trial.ok(startMetrics)),
  },
  {
    ...metrics,
    id: "MET-02",
    title: "StartMetrics is answered within a second, the metrics being there or not",
    judge: (trial) => answersWithin(trial, { method: startMetrics, why: "the engine's start waits for it" }),
  },
  {
    ...metrics,
    id: "MET-03",
    title: "StopMetrics may come first, and both may come twice",
    judge: async (trial) => {
      for (const method of [stopMetrics, startMetrics, startMetrics, stopMetrics, stopMetrics]) await trial.ok(method);
    },
  },
  {
    ...secrets,
    id: "SEC-01",
    title: "The value is base64 of 1 to 511,999 bytes",
    needs: ["secret"],
    judge: (trial) => valueOf(trial, fullRequest(trial)),
  },
  {
    ...secrets,
    id: "SEC-02",
    title: "A secret that is not there is refused, and not given as empty",
    judge: async (trial) => {
      const { failure, fields } = await trial.send(getSecret, { SecretName: trial.name("none") });
      if (failure === undefined)
        throw new Violation(
          `a secret that is not there has the value ${JSON.stringify(fieldOf(fields, "Value") ?? null)}; answer Err`,
        );
    },
  },
  {
    ...secrets,
    id: "SEC-03",
    title: "All that the engine knows is the secret's name, and that is enough",
    needs: ["secret"],
    judge: (trial) => valueOf(trial, { SecretName: trial.setting.secret }),
  },
  {
    ...secrets,
    id: "SEC-04",
    title: "DoNotReuse is true, false or left out",
    needs: ["secret"],
    judge: async (trial) => {
      const reuse = fieldOf((await trial.send(getSecret, fullRequest(trial))).fields, "DoNotReuse");
      if (reuse !== undefined && typeof reuse !== "boolean")
        throw new Violation(`DoNotReuse is ${JSON.stringify(reuse)}`);
    },
  },
  {
    ...secrets,
    id: "SEC-05",
    title: "The same is asked again for each task, and answered each time",
    rule: "moby/swarmkit manager/dispatcher/assignments.go",
    needs: ["secret"],
    judge: async (trial) => {
      const request = fullRequest(trial);
      for (let turn = 0; turn < 3; turn++) await valueOf(trial, request);
    },
  },
  {
    ...secrets,
    id: "SEC-06",
    severity: "SHOULD",
    title: "A secret is given within a second",
    rule: "moby/swarmkit manager/dispatcher/assignments.go",
    needs: ["secret"],
    judge: (trial) =>
      answersWithin(trial, {
        method: getSecret,
        request: fullRequest(trial),
        why: "all tasks of the node wait for it",
      }),
  },
];

/** What a manager says of a task. */
function fullRequest(trial: Trial): object {
  return {
    SecretName: trial.setting.secret,
    SecretLabels: { stage: "test" },
    ServiceHostname: "h-{{.Task.Slot}}",
    ServiceID: trial.id().slice(0, 25),
    ServiceName: "web",
    ServiceLabels: {},
    TaskID: trial.id().slice(0, 25),
    TaskName: `web.1.${trial.id().slice(0, 25)}`,
    TaskImage: "busybox",
    NodeID: trial.id().slice(0, 25),
    ServiceEndpointSpec: { Mode: 0, Ports: [{ Protocol: 0, TargetPort: 80, PublishedPort: 8080, PublishMode: 0 }] },
  };
}

async function valueOf(trial: Trial, request: object): Promise<void> {
  const value = fieldOf(await trial.ok(getSecret, request), "Value");
  // The value itself is no business of a report's.
  if (typeof value !== "string" || !/^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/.test(value))
    throw new Violation("Value is no base64 text");
  const size = Buffer.from(value, "base64").length;
  if (size < 1 || size > mostSecretBytes)
    throw new Violation(`Value has ${size} bytes; 1 to ${mostSecretBytes} are taken`);
}

async function answersWithin(
  trial: Trial,
  { method, request, why }: { method: string; request?: object; why: string },
): Promise<void> {
  const times: number[] = [];
  // A busy machine is not the plugin's fault: the best of three counts.
  for (let attempt = 0; attempt < 3; attempt++) {
    const { reply } = await trial.send(method, request);
    if (reply.milliseconds < 1000) return;
    times.push(Math.round(reply.milliseconds));
  }
  throw new Violation(`${method} took ${times.join(", ")} ms, and ${why}`);
}
