// AZ-E: an authorization plugin as users of a real engine meet it; the engine was started with it.
import { setTimeout as wait } from "node:timers/promises";
import type { ConformanceCase } from "../case.ts";
import { engineOf, type EngineAnswer, type TrialEngine } from "../engine-api.ts";
import { fieldOf } from "../json-field.ts";
import type { Trial } from "../trial.ts";
import { Violation } from "../violation.ts";
import { atOnce } from "./at-once.ts";
import { authZReq, createContainer, deniedRisk, shownToPlugin, type ApiRequest } from "./authz-steps.ts";
import { restartQuietly } from "./quiet-restart.ts";

const authorization = "moby/moby pkg/authorization/authz.go";

const shared = { protocol: "authz", severity: "MUST", rule: authorization, needs: ["engine"] } as const;

const harmless: ApiRequest = { verb: "GET", uri: "/version" };

/** The cases through an engine. */
export const authzEngineCases: readonly ConformanceCase[] = [
  {
    ...shared,
    id: "AZ-E01",
    title: "What the plugin allows the engine carries out",
    judge: async (trial) => {
      await demandAllowed(trial);
      carriedOut(await engineOf(trial).call("GET", "/version"));
    },
  },
  {
    ...shared,
    id: "AZ-E02",
    title: "What the plugin denies is not carried out, and its Msg reaches the user",
    judge: async (trial) => {
      const engine = engineOf(trial);
      const request = createContainer(await deniedRisk(trial), "bad", engine.image);
      const { fields } = await trial.send(authZReq, shownToPlugin(request));
      const answer = await notCarriedOut(trial, engine, request.body);
      const text = fieldOf(fields, "Msg");
      if (typeof text === "string" && answer?.text.includes(JSON.stringify(text).slice(1, -1)) === false)
        throw new Violation(`the plugin says "${text}", and the user gets ${answer.status}: ${answer.text.trim()}`);
    },
  },
  {
    ...shared,
    id: "AZ-E03",
    severity: "SHOULD",
    title: "What the plugin denies is not carried out in a large body, which old engines do not show",
    judge: async (trial) => {
      const engine = engineOf(trial);
      const request = createContainer(await deniedRisk(trial), "bad", engine.image);
      const Labels = { padding: "x".repeat(1024 * 1024 + 1) };
      await notCarriedOut(trial, engine, { ...Object(request.body), Labels });
    },
  },
  {
    ...shared,
    id: "AZ-E04",
    severity: "SHOULD",
    title: "Thirty requests to the engine at once are all carried out",
    judge: async (trial) => {
      await demandAllowed(trial);
      const engine = engineOf(trial);
      await atOnce(30, async () => carriedOut(await engine.call("GET", "/version")));
    },
  },
  {
    ...shared,
    id: "AZ-E05",
    title: "While the plugin is gone nothing is carried out, and after its restart all is as before",
    needs: ["engine", "restart"],
    judge: async (trial) => {
      await demandAllowed(trial);
      const engine = engineOf(trial);
      const denied = createContainer(await deniedRisk(trial), "bad", engine.image).body;
      let asked: Promise<EngineAnswer> | undefined;
      const whileDown = async (): Promise<void> => {
        asked = engine.call("GET", "/version");
        const early = await Promise.race([asked, wait(1000, undefined, { signal: trial.signal })]);
        if (early?.status === 200)
          throw new Violation("the plugin is gone, and the engine answers as if it had allowed");
      };
      await restartQuietly(trial, {
        how: "SIGKILL",
        call: { method: authZReq, request: shownToPlugin(harmless) },
        whileDown,
      });
      if (asked === undefined) return trial.skip("the restart command does not show the plugin's end");
      // The engine has gone on asking, perhaps without the body that it had sent already, and such a call is to be refused.
      if ((await asked).status !== 200) carriedOut(await engine.call("GET", "/version"));
      await notCarriedOut(trial, engine, denied);
    },
  },
];

async function demandAllowed(trial: Trial): Promise<void> {
  const { fields } = await trial.send(authZReq, shownToPlugin(harmless));
  if (fieldOf(fields, "Allow") !== true) trial.skip("the plugin does not allow GET /version to a user without a name");
}

function carriedOut({ status, text }: EngineAnswer): void {
  if (status !== 200)
    throw new Violation(`the plugin allows GET /version, and the engine answers ${status}: ${text.trim()}`);
}

/** Asks the engine for a container that is not to be; takes it away where it is. */
async function notCarriedOut(
  trial: Trial,
  engine: TrialEngine,
  body: object | string | undefined,
): Promise<EngineAnswer | undefined> {
  const name = trial.name("denied");
  trial.defer(() => engine.removeContainer(name).catch(() => {}));
  const answer = await engine.call("POST", `/containers/create?name=${name}`, Object(body)).catch(noAnswer);
  // An engine that says no before it has read all of a large body closes the connection; the answer may get lost.
  const isMade =
    answer === undefined
      ? (await engine.call("GET", `/containers/${name}/json`)).status === 200
      : answer.status !== 403 && answer.status < 500;
  if (!isMade) return answer;
  const how = answer === undefined ? "makes it" : `answers its creation with ${answer.status}: ${answer.text.trim()}`;
  throw new Violation(`the plugin denies this container, and the engine ${how}`);
}

function noAnswer(error: unknown): undefined {
  if (!(error instanceof Violation)) throw error;
}
