import assert from "node:assert/strict";
import { test } from "node:test";
import { setTimeout as wait } from "node:timers/promises";
import { authzModel, soundSteps, type Asked, type AuthzSteps } from "./authz-model.ts";
import { assertFaults, type Fault } from "./faults.ts";
import { idsOf, judge, serveModel, type Handlers, type Intercept } from "./model.ts";

test("a plugin that denies what is risky however it is written passes all cases of authz", async () => {
  await using model = await serveModel(authzModel());
  const result = await judge(model.address, { only: ["AZ"], setting: { patienceMs: 5000 } });
  assert.deepEqual(
    result.cases.filter(({ status }) => status === "failed").map(({ id, message }) => `${id} ${message}`),
    [],
  );
  assert.deepEqual(idsOf(result, "skipped"), engineCases);
});

test("a plugin that allows everything is not judged by a policy it does not have", async () => {
  await using model = await serveModel(authzModel({ known: () => true, forbids: () => undefined }));
  const result = await judge(model.address, { only: ["AZ"], except: ["AZ-08", "AZ-20", "AZ-24", "AZ-30"] });
  assert.deepEqual(idsOf(result, "failed"), []);
  const policy = ["AZ-10", "AZ-11", "AZ-12", "AZ-13", "AZ-14", "AZ-15", "AZ-16", "AZ-17", "AZ-19", "AZ-27"];
  assert.deepEqual(idsOf(result, "skipped"), ["AZ-04", ...policy, ...engineCases]);
});

const engineCases: readonly string[] = ["AZ-E01", "AZ-E02", "AZ-E03", "AZ-E04", "AZ-E05"];

function broken(title: string, fails: readonly string[], how: Handlers | Intercept): Fault {
  const [handlers, intercept] = typeof how === "function" ? [authzModel(), how] : [how, undefined];
  return {
    title,
    fails,
    judge: async () => {
      await using model = await serveModel(handlers, intercept === undefined ? {} : { intercept });
      return await judge(model.address, { only: ["AZ"], setting: { patienceMs: 1000 } });
    },
  };
}

const steps = (changed: Partial<AuthzSteps>): Handlers => authzModel(changed);

/** Allows what is guarded where something holds. */
const unguarded = (when: (body: string | undefined, request: Asked) => boolean): Handlers =>
  steps({ forbids: (body, request) => (when(body, request) ? undefined : soundSteps.forbids(body, request)) });

/** Fails on a response where something holds. */
const failsOn = (when: (request: Asked) => boolean): Handlers =>
  steps({
    response: (request) => {
      if (when(request)) throw new Error("cannot do that");
    },
  });

const ping = (answer: () => unknown): Handlers => {
  const sound = authzModel();
  return {
    ...sound,
    "AuthZPlugin.AuthZReq": (request: Asked, incoming) =>
      request.RequestUri === "/_ping" && request.RequestBody === undefined
        ? answer()
        : sound["AuthZPlugin.AuthZReq"]?.(request as never, incoming),
  };
};

/** Changes the answer to a denied request. */
const denials = (change: object): Handlers => {
  const sound = authzModel();
  return {
    ...sound,
    "AuthZPlugin.AuthZReq": (request: Asked, incoming) => {
      // The model's own answer.
      const answer = sound["AuthZPlugin.AuthZReq"]?.(request as never, incoming) as { Allow: boolean };
      return answer.Allow ? answer : { ...answer, ...change };
    },
  };
};

const demands = (when: (request: Asked) => boolean): Handlers =>
  steps({
    target: (request) => {
      if (when(request)) throw new Error("cannot do that");
      return soundSteps.target(request);
    },
  });

test("each fault of an authorization plugin fails its own cases", async () => {
  let listed = 0;
  await assertFaults(
    [
      broken(
        "ping is answered without Allow",
        ["AZ-01"],
        ping(() => ({})),
      ),
      broken(
        "a plain response is not decided",
        ["AZ-02"],
        failsOn(({ RequestUri }) => RequestUri === "/_ping"),
      ),
      broken("Allow is a number", ["AZ-03"], denials({ Allow: 0 })),
      broken("a denial has no Msg", ["AZ-04"], denials({ Msg: "" })),
      broken("an error is answered with Allow", ["AZ-05"], (_, response, body) => {
        const isBad = body.includes('"RequestHeaders":"none"');
        if (isBad) response.writeHead(200).end('{"Allow":true,"Err":"no map"}');
        return isBad;
      }),
      // AZ-21 and AZ-24 send the same request, as a response and a hundred times.
      broken(
        "a user is demanded",
        ["AZ-06", "AZ-21", "AZ-24"],
        demands(
          ({ User, RequestUri, ResponseStatusCode }) =>
            User === undefined && RequestUri === "/v1.41/containers/json" && ResponseStatusCode === undefined,
        ),
      ),
      broken(
        "RequestURI is read",
        ["AZ-07"],
        steps({
          target: (request) => {
            soundSteps.target(request);
            return request.RequestURI?.replace("/v1.41", "") ?? "/none";
          },
        }),
      ),
      broken(
        "RequestBody is not decoded",
        ["AZ-08"],
        steps({
          body: ({ RequestBody }) => RequestBody,
          forbids: (body = "") => (body.startsWith("{") ? soundSteps.forbids(body, {}) : undefined),
        }),
      ),
      broken(
        "a chain of certificates is refused",
        ["AZ-09"],
        demands(({ RequestPeerCertificates = [] }) => RequestPeerCertificates.length > 1),
      ),
      broken(
        "an old version is not guarded",
        ["AZ-10"],
        unguarded((_, { RequestUri }) => RequestUri?.startsWith("/v1.24/") === true),
      ),
      broken(
        "a query is not guarded",
        ["AZ-10"],
        unguarded((_, { RequestUri }) => RequestUri?.includes("?") === true),
      ),
      broken(
        "an absolute target is not guarded",
        ["AZ-11"],
        unguarded((_, { RequestUri }) => RequestUri?.startsWith("http:") === true),
      ),
      broken(
        "percent signs are not guarded",
        ["AZ-12"],
        unguarded((_, { RequestUri }) => RequestUri?.includes("%") === true),
      ),
      broken(
        "keys in lower case are not guarded",
        ["AZ-13"],
        unguarded((body) => body?.includes("hostconfig") === true),
      ),
      broken(
        "a key that stands twice is not guarded",
        ["AZ-14"],
        unguarded((body) => body?.split("HostConfig").length === 3),
      ),
      broken(
        "a large body that is not shown is allowed",
        ["AZ-15"],
        unguarded((body, { RequestHeaders }) => body === undefined && RequestHeaders?.["Content-Length"] !== undefined),
      ),
      broken(
        "a chunked body that is not shown is allowed",
        ["AZ-16"],
        unguarded((body, { RequestHeaders }) => body === undefined && RequestHeaders?.["Content-Length"] === undefined),
      ),
      broken(
        "half a body is allowed",
        ["AZ-17"],
        unguarded((body) => body?.endsWith("{") === true),
      ),
      broken(
        "POST /auth is not decided",
        ["AZ-18"],
        demands(({ RequestUri }) => RequestUri === "/v1.41/auth"),
      ),
      broken("unknown routes are allowed", ["AZ-19"], steps({ known: () => true })),
      broken(
        "4 MiB are too much",
        ["AZ-20"],
        demands(({ RequestBody = "" }) => RequestBody.length > 5_000_000),
      ),
      broken(
        "a response needs a status",
        ["AZ-21"],
        failsOn(({ ResponseStatusCode }) => ResponseStatusCode === undefined),
      ),
      broken(
        "a large response is not decided",
        ["AZ-22"],
        failsOn(({ ResponseBody = "" }) => ResponseBody.length > 65_536),
      ),
      broken(
        "a response needs its request",
        ["AZ-23"],
        failsOn(({ RequestUri = "" }) => RequestUri.length > 64),
      ),
      broken(
        "of a hundred some are refused",
        ["AZ-24"],
        demands(({ RequestUri, ResponseStatusCode }) => {
          if (RequestUri === "/v1.41/containers/json" && ResponseStatusCode === undefined) listed += 1;
          return listed > 50;
        }),
      ),
      broken("an empty body is allowed", ["AZ-25"], (_, response, body) => {
        const isEmpty = body.length === 0 && _.url !== "/Plugin.Activate";
        if (isEmpty) response.writeHead(200).end('{"Allow":true}');
        return isEmpty;
      }),
      broken(
        "a privileged exec is allowed",
        ["AZ-27"],
        unguarded((_, { RequestUri }) => RequestUri?.endsWith("/exec") === true),
      ),
      broken(
        "a bind mount as a volume is allowed",
        ["AZ-27"],
        unguarded((_, { RequestUri }) => RequestUri?.endsWith("/volumes/create") === true),
      ),
      broken(
        "answers take their time",
        ["AZ-30"],
        ping(() => wait(110, { Allow: true })),
      ),
    ],
    6,
  );
});
