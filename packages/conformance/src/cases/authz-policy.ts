// AZ: whatever an authorization plugin denies it denies in every form in which the engine would carry it out. The kit
// knows no policy, so it first looks for something that the plugin denies.
import type { ConformanceCase } from "../case.ts";
import type { Trial } from "../trial.ts";
import { Violation } from "../violation.ts";
import {
  createContainer,
  decide,
  deniedRisk,
  risks,
  shownToPlugin,
  staysDenied,
  type ApiRequest,
  type Risk,
} from "./authz-steps.ts";

const docs = "docker/cli docs/extend/plugins_authorization.md";
const authorization = "moby/moby pkg/authorization/authz.go";
const decoder = "golang/go src/encoding/json/decode.go";

const shared = { protocol: "authz", severity: "SHOULD", rule: docs } as const;

/** A case for other forms of a request that the plugin denies. */
function deniesToo(
  about: Pick<ConformanceCase, "id" | "title"> & { readonly rule?: string },
  forms: (denied: ApiRequest, risk: Risk) => readonly (readonly [how: string, request: object])[],
): ConformanceCase {
  return {
    ...shared,
    ...about,
    judge: async (trial) => {
      const risk = await deniedRisk(trial);
      for (const [how, request] of forms(createContainer(risk, "bad"), risk)) await staysDenied(trial, request, how);
    },
  };
}

/** A form with another target, or another body. */
function changed(how: string, denied: ApiRequest, change: Partial<ApiRequest>): readonly [string, object] {
  return [how, shownToPlugin({ ...denied, ...change })];
}

/** The cases about policies. */
export const authzPolicyCases: readonly ConformanceCase[] = [
  deniesToo(
    { id: "AZ-10", title: "What is denied is denied under every version of the API, under none, and with a query" },
    (denied) =>
      ["/containers/create", "/v1.24/containers/create", "/v1.56/containers/create", `${denied.uri}?name=x`].map(
        (uri) => changed(`at ${uri}`, denied, { uri }),
      ),
  ),
  deniesToo({ id: "AZ-11", title: "What is denied is denied with an absolute target" }, (denied) => [
    changed("with an absolute target", denied, { uri: `http://docker${denied.uri}` }),
  ]),
  deniesToo({ id: "AZ-12", title: "What is denied is denied with percent signs in the path" }, (denied) =>
    ["/v1.41/%63ontainers/create", "/v1.41/containers%2Fcreate"].map((uri) =>
      changed("with percent signs", denied, { uri }),
    ),
  ),
  deniesToo(
    { id: "AZ-13", title: "What is denied is denied with keys in another case", rule: decoder },
    (denied, { key, bad }) => [
      changed("with keys in lower case", denied, {
        body: { Image: "busybox", hostconfig: { [key.toLowerCase()]: bad } },
      }),
      changed("with keys in upper case", denied, {
        body: { Image: "busybox", HOSTCONFIG: { [key.toUpperCase()]: bad } },
      }),
    ],
  ),
  deniesToo(
    { id: "AZ-14", title: "What is denied is denied where a key stands twice", rule: decoder },
    (denied, risk) => {
      const [bad, good] = [risk.bad, risk.good].map((value) => JSON.stringify({ [risk.key]: value }));
      return [
        changed("behind a harmless value of the key", denied, { body: `{"HostConfig":${good},"HostConfig":${bad}}` }),
        changed("before an empty object of the key, which the engine adds to it", denied, {
          body: `{"HostConfig":${bad},"HostConfig":{}}`,
        }),
      ];
    },
  ),
  deniesToo(
    {
      id: "AZ-15",
      title: "A route whose body matters is denied where the engine hides a large body",
      rule: authorization,
    },
    ({ verb, uri }) => [
      [
        "with a body that is not shown",
        { RequestMethod: verb, RequestUri: uri, RequestHeaders: { ...json, "Content-Length": "1100000" } },
      ],
    ],
  ),
  deniesToo(
    {
      id: "AZ-16",
      title: "A route whose body matters is denied where the engine hides a chunked body",
      rule: authorization,
    },
    ({ verb, uri }) => [
      ["with a body that is not shown", { RequestMethod: verb, RequestUri: uri, RequestHeaders: json }],
    ],
  ),
  deniesToo(
    { id: "AZ-17", title: "A route whose body matters is denied with a body that cannot be read" },
    (denied) => [
      changed("with half of a JSON object", denied, { body: '{"Image":"busybox","HostConfig":{' }),
      changed("with bytes that are no JSON", denied, { body: Buffer.from([0xff, 0x00, 0x7b]) }),
    ],
  ),
  {
    ...shared,
    id: "AZ-19",
    title: "A plugin that denies anything denies routes and methods that it does not know",
    judge: async (trial) => {
      await deniedRisk(trial);
      for (const request of [
        { verb: "POST", uri: "/v1.41/outrigger/none" },
        { verb: "OUTRIGGER", uri: "/v1.41/containers/json" },
      ]) {
        if ((await decide(trial, shownToPlugin(request))) === "allowed")
          throw new Violation(
            `${request.verb} ${request.uri} is allowed; what a newer engine adds would be, too: deny what is not known`,
          );
      }
    },
  },
  {
    ...shared,
    id: "AZ-27",
    title: "What is denied to a container is denied by the other ways to the same effect",
    judge: async (trial) => {
      await deniedRisk(trial);
      for (const { key, ways } of otherWays) {
        const risk = risks.find((one) => one.key === key);
        if (risk === undefined || (await isAllowed(trial, risk))) continue;
        for (const [what, request] of ways) await staysDenied(trial, shownToPlugin(request), `as ${what}`);
      }
    },
  },
];

const json = { "Content-Type": "application/json" };

async function isAllowed(trial: Trial, risk: Risk): Promise<boolean> {
  return (await decide(trial, shownToPlugin(createContainer(risk, "bad")))) === "allowed";
}

function post(uri: string, body: object): ApiRequest {
  return { verb: "POST", uri: `/v1.41${uri}`, body };
}

function service(container: object, rest: object = {}): ApiRequest {
  return post("/services/create", { TaskTemplate: { ContainerSpec: { Image: "busybox", ...container }, ...rest } });
}

const root = { Type: "bind", Source: "/", Target: "/host" };

/** What else of the API has the effect of a key of HostConfig. */
const otherWays: readonly {
  readonly key: string;
  readonly ways: readonly (readonly [what: string, request: ApiRequest])[];
}[] = [
  { key: "Privileged", ways: [["a privileged exec", post("/containers/x/exec", { Cmd: ["sh"], Privileged: true })]] },
  {
    key: "Binds",
    ways: [
      ["a mount", post("/containers/create", { Image: "busybox", HostConfig: { Mounts: [root] } })],
      [
        "a volume that is a bind mount",
        post("/volumes/create", { Name: "x", Driver: "local", DriverOpts: { type: "none", o: "bind", device: "/" } }),
      ],
      ["a service's mount", service({ Mounts: [root] })],
    ],
  },
  { key: "CapAdd", ways: [["a service's capability", service({ CapabilityAdd: ["ALL"] })]] },
  { key: "NetworkMode", ways: [["a service's network", service({}, { Networks: [{ Target: "host" }] })]] },
];
