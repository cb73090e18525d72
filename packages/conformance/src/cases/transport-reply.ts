// TR: which replies the engine can do with, and what a plugin must not take for a request.
import type { Answer } from "../answer.ts";
import type { ConformanceCase } from "../case.ts";
import { fieldOf, isObject } from "../json-field.ts";
import type { Trial } from "../trial.ts";
import { Violation } from "../violation.ts";
import { kindsOf } from "./kinds.ts";
import { probeOf, stillServes } from "./probes.ts";

const client = "moby/moby pkg/plugins/client.go";

const shared = { protocol: "transport", severity: "MUST", rule: client } as const;

/** The cases about replies. */
export const transportReplyCases: readonly ConformanceCase[] = [
  {
    ...shared,
    id: "TR-08",
    title: "Success is status 200, never another one below 300",
    judge: async (trial) => {
      for (const { method, status } of await successes(trial)) {
        if (status > 200 && status < 300)
          throw new Violation(`${method} was answered with ${status}; only 200 is success`);
      }
    },
  },
  {
    ...shared,
    id: "TR-09",
    title: "Success has a body",
    judge: async (trial) => {
      for (const { method, status, reply } of await successes(trial)) {
        if (status === 200 && reply.body.length === 0)
          throw new Violation(`${method} was answered with 200 and no body; write {} or {"Err":""}`);
      }
    },
  },
  {
    ...shared,
    id: "TR-10",
    title: "The body of success is a JSON object",
    judge: async (trial) => {
      for (const { method, status, reply, json } of await successes(trial)) {
        // null is Go's empty object.
        if (status !== 200 || reply.body.length === 0 || isObject(json) || json === null) continue;
        throw new Violation(`${method} was answered with ${shown(reply.body)}, which is no JSON object`);
      }
    },
  },
  {
    ...shared,
    id: "TR-11",
    title: "The error key of a reply is a string or null",
    judge: async (trial) => {
      for (const { method, fields } of await successes(trial)) {
        const error = fieldOf(fields, method.startsWith("IpamDriver.") ? "Error" : "Err");
        if (error !== undefined && typeof error !== "string")
          throw new Violation(`${method} was answered with ${JSON.stringify(error)} for the error; write a string`);
      }
    },
  },
  {
    ...shared,
    id: "TR-12",
    severity: "SHOULD",
    title: "Failure is a status of 400 or above, with the reason under Err",
    judge: async (trial) => {
      const { method, status, fields, reply } = await failure(trial);
      const text = fieldOf(fields, "Err");
      if (status >= 400 && typeof text === "string" && text !== "") return;
      throw new Violation(
        `${method} failed with ${status} and ${shown(reply.body)}; only a status of 500 with {"Err":"reason"} is read by every caller`,
      );
    },
  },
  {
    ...shared,
    id: "TR-13",
    severity: "SHOULD",
    title: "The reason of a failure can be read as it stands: no page, no stack trace",
    judge: async (trial) => {
      const { method, failure: text = "" } = await failure(trial);
      if (/^\s*<(!doctype|html)|\n\s+at .+:\d+|^goroutine \d+ \[|^Traceback /im.test(text))
        throw new Violation(`${method} failed with a text that is not for people: ${text.slice(0, 300)}`);
    },
  },
  {
    ...shared,
    id: "TR-14",
    title: "An unknown method is answered with 404",
    judge: async (trial) => {
      const [kind = "VolumeDriver"] = await kindsOf(trial);
      for (const method of [`${kind}.OutriggerNone`, "Outrigger.None"]) {
        const { status } = await trial.send(method, {});
        if (status !== 404)
          throw new Violation(`${method} was answered with ${status}; an engine takes only 404 for "no"`);
      }
    },
  },
  {
    ...shared,
    id: "TR-15",
    title: "A call that needs a body is refused without one, and changes nothing",
    judge: (trial) => refusesBody(trial, ""),
  },
  {
    ...shared,
    id: "TR-16",
    severity: "SHOULD",
    title: "A call is refused that lacks every field it needs, and changes nothing",
    judge: (trial) => refusesBody(trial, "{}"),
  },
  {
    ...shared,
    id: "TR-17",
    severity: "SHOULD",
    title: "A body that is no JSON is refused, and the plugin lives on",
    judge: async (trial) => {
      for (const body of ['{"Name": ', '{"Name" "x"}', "\u0000\u0001"]) await refusesBody(trial, body);
      await stillServes(trial, await probeOf(trial), "a body that is no JSON");
    },
  },
  {
    ...shared,
    id: "TR-27",
    severity: "SHOULD",
    title: "No call is redirected",
    rule: "golang/go src/net/http/client.go",
    judge: async (trial) => {
      for (const { method, status } of await successes(trial)) {
        if (status >= 300 && status < 400)
          throw new Violation(`${method} was answered with the redirection ${status}, which loses the body`);
      }
    },
  },
  {
    ...shared,
    id: "TR-28",
    severity: "MAY",
    title: "GET is not taken for a call",
    rule: "moby/moby pkg/plugins/transport/http.go",
    judge: async (trial) => {
      const { quiet } = await probeOf(trial);
      const { status } = await trial.send(quiet.method, quiet.request, { verb: "GET" });
      if (status < 400) throw new Violation(`GET /${quiet.method} was answered with ${status}; only POST is a call`);
    },
  },
  {
    ...shared,
    id: "TR-34",
    title: "A reply is not compressed unless the caller asks for it",
    rule: "golang/go src/net/http/transport.go",
    judge: async (trial) => {
      const probe = await probeOf(trial);
      const options = { headers: { "Accept-Encoding": undefined } };
      const { method, request } = probe.quiet;
      for (const { reply } of [
        await trial.send(method, request, options),
        await trial.send("Plugin.Activate", "", options),
      ]) {
        const encoding = reply.headers.get("content-encoding")?.join(", ") ?? "identity";
        if (encoding !== "identity") throw new Violation(`a reply is encoded as ${encoding}, which was not asked for`);
      }
    },
  },
];

/** Methods that do harm when they succeed without having been told what to do. */
const needBody: Readonly<Record<string, readonly string[]>> = {
  VolumeDriver: ["VolumeDriver.Create", "VolumeDriver.Remove", "VolumeDriver.Mount", "VolumeDriver.Unmount"],
  NetworkDriver: ["NetworkDriver.CreateNetwork", "NetworkDriver.CreateEndpoint", "NetworkDriver.Join"],
  IpamDriver: [
    "IpamDriver.RequestPool",
    "IpamDriver.ReleasePool",
    "IpamDriver.RequestAddress",
    "IpamDriver.ReleaseAddress",
  ],
  LogDriver: ["LogDriver.StartLogging", "LogDriver.StopLogging"],
  authz: ["AuthZPlugin.AuthZReq"],
  secretprovider: ["SecretProvider.GetSecret"],
};

async function refusesBody(trial: Trial, body: string): Promise<void> {
  const methods = (await kindsOf(trial)).flatMap((kind) => needBody[kind] ?? []);
  if (methods.length === 0) trial.skip("none of its calls needs a body");
  const probe = await probeOf(trial);
  const before = await probe.state();
  const what = body === "" ? "an empty body, as a retry of the engine has" : `the body ${JSON.stringify(body)}`;
  for (const method of methods) {
    const answer = await trial.send(method, body);
    // A no is as good: nothing is done.
    const denied = method.startsWith("AuthZPlugin.") && fieldOf(answer.fields, "Allow") !== true;
    if (answer.failure === undefined && !denied) throw new Violation(`${method} succeeds with ${what}; answer 400`);
  }
  const after = await probe.state();
  if (after !== before) throw new Violation(`a call with ${what} left: ${after}; there was: ${before || "nothing"}`);
}

/** Replies that mean success: the handshake, a call that changes nothing, one that does, and its undoing. */
async function successes(trial: Trial): Promise<readonly Answer[]> {
  const probe = await probeOf(trial);
  const { quiet, undo } = probe;
  const answers = [await trial.send("Plugin.Activate"), await trial.send(quiet.method, quiet.request)];
  answers.push(await trial.send(probe.act.method, probe.act.request));
  if (undo !== undefined) answers.push(await trial.send(undo.method, undo.request));
  return answers;
}

async function failure(trial: Trial): Promise<Answer> {
  const { failing } = await probeOf(trial);
  if (failing === undefined) return trial.skip("no call is known that this plugin has to fail");
  // As text, so that what fails is not taken for something made.
  const answer = await trial.send(failing.method, JSON.stringify(failing.request));
  if (answer.failure !== undefined) return answer;
  if (failing.undo !== undefined) await trial.send(failing.undo, failing.request);
  return trial.skip(`${failing.method} did not fail, so no failure is seen`);
}

function shown(body: Buffer): string {
  return body.length === 0 ? "no body" : body.toString("utf8", 0, 200);
}
