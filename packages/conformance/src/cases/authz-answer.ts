// AZ: how an authorization plugin answers, whatever its policy is.
import type { ConformanceCase } from "../case.ts";
import { fieldOf } from "../json-field.ts";
import { Violation } from "../violation.ts";
import { atOnce } from "./at-once.ts";
import {
  authZReq,
  authZRes,
  createContainer,
  decide,
  decided,
  risks,
  shownToPlugin,
  type ApiRequest,
} from "./authz-steps.ts";

const authorization = "moby/moby pkg/authorization/authz.go";
const plugin = "moby/moby pkg/authorization/plugin.go";
const api = "moby/moby pkg/authorization/api.go";

const shared = { protocol: "authz", severity: "MUST", rule: authorization } as const;

const ping = { RequestMethod: "GET", RequestUri: "/_ping" };
const list: ApiRequest = { verb: "GET", uri: "/v1.41/containers/json" };

/** The cases about answers. */
export const authzAnswerCases: readonly ConformanceCase[] = [
  {
    ...shared,
    id: "AZ-01",
    title: "A request is answered with 200 and a boolean Allow",
    judge: async (trial) => void (await decided(trial, ping)),
  },
  {
    ...shared,
    id: "AZ-02",
    title: "A response is answered with 200 and a boolean Allow",
    judge: async (trial) => {
      const response = { ResponseStatusCode: 200, ResponseHeaders: { "Content-Type": "text/plain" } };
      await decided(trial, { ...ping, ...response }, authZRes);
    },
  },
  {
    ...shared,
    id: "AZ-03",
    title: "Allow is true or false for every kind of request, never a text or a number",
    rule: api,
    judge: async (trial) => {
      const requests = [
        list,
        ...risks.flatMap((risk) => [createContainer(risk, "good"), createContainer(risk, "bad")]),
      ];
      for (const request of requests) {
        const { status, fields } = await trial.send(authZReq, shownToPlugin(request));
        const allow = fieldOf(fields, "Allow");
        if (status === 200 && allow !== undefined && typeof allow !== "boolean")
          throw new Violation(
            `Allow is ${JSON.stringify(allow)} for ${request.verb} ${request.uri}; write true or false`,
          );
      }
    },
  },
  {
    ...shared,
    id: "AZ-04",
    severity: "SHOULD",
    title: "A denial says why under Msg",
    judge: async (trial) => {
      let denials = 0;
      for (const risk of risks) {
        const { status, fields } = await trial.send(authZReq, shownToPlugin(createContainer(risk, "bad")));
        if (status !== 200 || fieldOf(fields, "Allow") === true) continue;
        denials += 1;
        const text = fieldOf(fields, "Msg");
        if (typeof text !== "string" || text.trim() === "")
          throw new Violation(
            `${risk.what} is denied without a Msg; the user sees "authorization denied" and no reason`,
          );
      }
      if (denials === 0) trial.skip("the plugin denies none of what was tried");
    },
  },
  {
    ...shared,
    id: "AZ-05",
    title: "A failure is never answered with Allow true and an Err, which the engine does not read",
    judge: async (trial) => {
      for (const request of [
        { ...ping, RequestBody: "%%%" },
        { ...ping, RequestHeaders: "none" },
        { RequestMethod: 1, RequestUri: "/_ping" },
        { RequestMethod: "GET", RequestUri: "http://[bad/%zz" },
        {},
      ]) {
        const { status, fields } = await trial.send(authZReq, JSON.stringify(request));
        const error = fieldOf(fields, "Err");
        if (status === 200 && fieldOf(fields, "Allow") === true && typeof error === "string" && error !== "")
          throw new Violation(
            `${JSON.stringify(request)} was answered with Allow true and "${error}": the engine carries it out`,
          );
      }
    },
  },
  {
    ...shared,
    id: "AZ-06",
    title: "A request without a user is decided, as all of the unix socket are",
    judge: async (trial) => void (await decided(trial, shownToPlugin(list))),
  },
  {
    ...shared,
    id: "AZ-07",
    title: "The target is read from RequestUri, and from no other key",
    rule: api,
    judge: async (trial) => {
      for (const request of [list, createContainer(firstRisk, "bad"), { verb: "DELETE", uri: "/v1.41/containers/x" }]) {
        const engines = shownToPlugin(request);
        const alone = await decide(trial, engines);
        const both = await decide(trial, JSON.parse(JSON.stringify({ ...encoded(engines), RequestURI: request.uri })));
        if (alone !== both)
          throw new Violation(
            `${request.verb} ${request.uri} is ${alone} as the engine sends it, with RequestUri, and ${both} with RequestURI besides`,
          );
      }
    },
  },
  {
    ...shared,
    id: "AZ-08",
    title: "RequestBody is decoded from base64",
    rule: api,
    judge: async (trial) => {
      await decided(trial, shownToPlugin(createContainer(firstRisk, "good")));
      for (const risk of risks) {
        const [bad, good] = (["bad", "good"] as const).map((how) => createContainer(risk, how));
        if (bad === undefined || good === undefined || (await decide(trial, shownToPlugin(bad))) !== "allowed")
          continue;
        // One that reads the text as it stands would see the risk only where no engine puts it.
        const [rawBad, rawGood] = [await decide(trial, undecoded(bad)), await decide(trial, undecoded(good))];
        if (rawBad !== "allowed" && rawGood === "allowed")
          throw new Violation(`${risk.what} is denied only where RequestBody is plain text; the engine sends base64`);
      }
    },
  },
  {
    ...shared,
    id: "AZ-09",
    severity: "SHOULD",
    title: "A request with a chain of three certificates is decided",
    judge: async (trial) => {
      const chain = Array.from({ length: 3 }, () => Buffer.from(certificate));
      const caller = { User: "outrigger", UserAuthNMethod: "TLS", RequestPeerCertificates: chain };
      await decided(trial, { ...shownToPlugin(list), ...caller });
    },
  },
  {
    ...shared,
    id: "AZ-18",
    title: "POST /auth is decided though its body is not shown",
    judge: async (trial) => {
      const RequestHeaders = { "Content-Type": "application/json", "Content-Length": "80" };
      await decided(trial, { RequestMethod: "POST", RequestUri: "/v1.41/auth", RequestHeaders });
    },
  },
  {
    ...shared,
    id: "AZ-20",
    title: "A body of 4 MiB is decided within 5 s",
    judge: async (trial) => {
      const body = { Image: "busybox", Labels: { padding: "x".repeat(4 * 1024 * 1024 - 200) } };
      const request = shownToPlugin({ verb: "POST", uri: "/v1.41/containers/create", body });
      const { reply, fields, failure } = await trial.send(authZReq, request);
      if (failure !== undefined || typeof fieldOf(fields, "Allow") !== "boolean")
        throw new Violation(
          `a body of 4 MiB, which engines show since 29.3.1, is not decided: ${failure ?? reply.body.toString()}`,
        );
      if (reply.milliseconds > 5000)
        throw new Violation(
          `a body of 4 MiB took ${Math.round(reply.milliseconds)} ms; no other limit ends the request`,
        );
    },
  },
  {
    ...shared,
    id: "AZ-21",
    title: "A response without status, headers and body is decided",
    judge: async (trial) => void (await decided(trial, shownToPlugin(list), authZRes)),
  },
  {
    ...shared,
    id: "AZ-22",
    title: "A response with a body of 64 KiB is decided",
    rule: "moby/moby pkg/authorization/response.go",
    judge: async (trial) => {
      const ResponseBody = Buffer.from(JSON.stringify([{ Id: "x".repeat(64 * 1024 - 20) }]));
      const ResponseHeaders = { "Content-Type": "application/json" };
      await decided(
        trial,
        { ...shownToPlugin(list), ResponseStatusCode: 200, ResponseHeaders, ResponseBody },
        authZRes,
      );
    },
  },
  {
    ...shared,
    id: "AZ-23",
    title: "A response is decided whose request the plugin has not seen, as after its restart",
    judge: async (trial) => {
      const unseen = { verb: "GET", uri: `/v1.41/containers/${trial.id()}/json` };
      await decided(trial, { ...shownToPlugin(unseen), ResponseStatusCode: 200 }, authZRes);
    },
  },
  {
    ...shared,
    id: "AZ-24",
    severity: "SHOULD",
    title: "A hundred requests at once are all decided",
    rule: plugin,
    judge: async (trial) => void (await atOnce(100, () => decided(trial, shownToPlugin(list)))),
  },
  {
    ...shared,
    id: "AZ-25",
    severity: "SHOULD",
    title: "An empty body, as a retry of the engine has, is not allowed",
    rule: "moby/moby pkg/plugins/client.go",
    judge: async (trial) => {
      for (const method of [authZReq, authZRes]) {
        const { status, fields } = await trial.send(method, "");
        if (status === 200 && fieldOf(fields, "Allow") === true)
          throw new Violation(`${method} allows an empty body: whatever was asked at first is carried out`);
      }
    },
  },
  {
    ...shared,
    id: "AZ-30",
    severity: "SHOULD",
    title: "The median answer takes under 100 ms",
    judge: async (trial) => {
      const medians: number[] = [];
      // A busy machine is not the plugin's fault: the best of five rounds counts.
      for (let round = 0; round < 5; round++) {
        const times: number[] = [];
        for (let turn = 0; turn < 5; turn++) times.push((await trial.send(authZReq, ping)).reply.milliseconds);
        const median = times.toSorted((a, b) => a - b)[2] ?? 0;
        if (median < 100) return;
        medians.push(Math.round(median));
      }
      throw new Violation(`medians of ${medians.join(", ")} ms; every request to the engine waits twice for it`);
    },
  },
];

const firstRisk = { what: "a privileged container", key: "Privileged", bad: true, good: false };

/** The request with its body in base64, as any JSON encoder may write it again. */
function encoded(request: { readonly [key: string]: unknown }): object {
  const { RequestBody: body } = request;
  return { ...request, ...(body instanceof Uint8Array && { RequestBody: Buffer.from(body).toString("base64") }) };
}

/** The request with its body as plain text, as no engine sends it. */
function undecoded(request: ApiRequest): object {
  return { ...shownToPlugin(request), RequestBody: JSON.stringify(request.body) };
}

/** Made for this purpose; nobody has its key. */
const certificate = `-----BEGIN CERTIFICATE-----
MIIBfjCCASWgAwIBAgIUQYxt75Jfd657ri7NAh6Ki3nZR5swCgYIKoZIzj0EAwIw
FDESMBAGA1UEAwwJb3V0cmlnZ2VyMCAXDTI2MTIwMTEwMDgyNloYDzIxMjYxMTA3
MTAwODI2WjAUMRIwEAYDVQQDDAlvdXRyaWdnZXIwWTATBgcqhkjOPQIBBggqhkjO
PQMBBwNCAAQRyoC2cmfjgepJEwXeMDUrJb5oiKTn0uwJjGJxBlqV3O/2QvaH6ABZ
MFzJou970Y9csKdo7hjRx0Vl9hMz7pFFo1MwUTAdBgNVHQ4EFgQUrURul0t26wbo
wOETWezawYLAbTswHwYDVR0jBBgwFoAUrURul0t26wbowOETWezawYLAbTswDwYD
VR0TAQH/BAUwAwEB/zAKBggqhkjOPQQDAgNHADBEAiB2NoRsL5gK7dia+ixOGlNk
Sbl7lNkmwOmVzVDsXvsyBQIgCFxTUBBYocCrMOl4RsGheOF8rpfZKlVVvvn8z+sA
lEo=
-----END CERTIFICATE-----
`;
