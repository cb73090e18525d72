// What authz cases share: requests to the Docker API as the engine shows them, and what a plugin decides.
import { fieldOf } from "../json-field.ts";
import type { Trial } from "../trial.ts";
import { Violation } from "../violation.ts";

/** The method that decides before the engine acts. */
export const authZReq = "AuthZPlugin.AuthZReq";

/** The method that decides whether an answer may be shown. */
export const authZRes = "AuthZPlugin.AuthZRes";

/** A request to the Docker API. */
export interface ApiRequest {
  readonly verb: string;
  readonly uri: string;
  /** Text and bytes go as they are, the rest as JSON. */
  readonly body?: object | string | Uint8Array;
}

/** What came of a request; `failed` is an error of the plugin, which the engine takes for no. */
export type Decision = "allowed" | "denied" | "failed";

/** A request as the engine shows it to the plugin. */
export function shownToPlugin({ verb, uri, body }: ApiRequest): { readonly [key: string]: unknown } {
  if (body === undefined) return { RequestMethod: verb, RequestUri: uri };
  const bytes = body instanceof Uint8Array ? body : Buffer.from(typeof body === "string" ? body : JSON.stringify(body));
  return {
    RequestMethod: verb,
    RequestUri: uri,
    RequestBody: bytes,
    RequestHeaders: { "Content-Length": String(bytes.length), "Content-Type": "application/json" },
  };
}

/** Asks as the engine does: only true under Allow is a yes. */
export async function decide(trial: Trial, request: object, method = authZReq): Promise<Decision> {
  const answer = await trial.send(method, request);
  if (answer.failure !== undefined || typeof fieldOf(answer.fields, "Allow") !== "boolean") return "failed";
  return fieldOf(answer.fields, "Allow") === true ? "allowed" : "denied";
}

/** Asks, and throws where the answer is no decision: 200 with a boolean under Allow. */
export async function decided(trial: Trial, request: object, method = authZReq): Promise<boolean> {
  const allow = fieldOf(await trial.ok(method, request), "Allow");
  if (typeof allow === "boolean") return allow;
  throw new Violation(`${method} was answered with ${JSON.stringify(allow)} for Allow; write true or false`);
}

/** Something in a container's HostConfig that a policy may forbid. */
export interface Risk {
  readonly what: string;
  readonly key: string;
  readonly bad: unknown;
  readonly good: unknown;
}

/** What policies commonly forbid. */
export const risks: readonly Risk[] = [
  { what: "a privileged container", key: "Privileged", bad: true, good: false },
  { what: "the host's root folder in a container", key: "Binds", bad: ["/:/host"], good: [] },
  { what: "every capability", key: "CapAdd", bad: ["ALL"], good: [] },
  { what: "the host's processes", key: "PidMode", bad: "host", good: "" },
  { what: "the host's network", key: "NetworkMode", bad: "host", good: "none" },
];

/** A container's creation with a risk, or without. */
export function createContainer({ key, bad, good }: Risk, how: "bad" | "good", image = "busybox"): ApiRequest {
  const HostConfig = { [key]: how === "bad" ? bad : good };
  return { verb: "POST", uri: "/v1.41/containers/create", body: { Image: image, Cmd: ["true"], HostConfig } };
}

/** A risk that the plugin does not allow; skips the case where it allows all of them. */
export async function deniedRisk(trial: Trial): Promise<Risk> {
  for (const risk of risks) {
    if ((await decide(trial, shownToPlugin(createContainer(risk, "bad")))) !== "allowed") return risk;
  }
  return trial.skip(`the plugin allows all of these: ${risks.map(({ what }) => what).join(", ")}`);
}

/** Throws where the plugin allows what it does not allow in another form; `how` says in which form. */
export async function staysDenied(trial: Trial, request: object, how: string): Promise<void> {
  if ((await decide(trial, request)) !== "allowed") return;
  throw new Violation(`the plugin denies this, and allows it ${how}: ${JSON.stringify(request).slice(0, 300)}`);
}
