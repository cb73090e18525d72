// An authorization plugin that denies what is risky however it is written; a fault replaces one of its steps.
import type { Handlers } from "./model.ts";

/** What the model reads of a request. */
export interface Asked {
  readonly RequestMethod?: string;
  readonly RequestUri?: string;
  readonly RequestURI?: string;
  readonly RequestBody?: string;
  readonly RequestHeaders?: { readonly [name: string]: string };
  readonly RequestPeerCertificates?: readonly string[];
  readonly ResponseStatusCode?: number;
  readonly ResponseBody?: string;
  readonly User?: string;
}

/** The steps of a decision. */
export interface AuthzSteps {
  /** Throws on what cannot be read. */
  readonly target: (request: Asked) => string;
  readonly body: (request: Asked) => string | undefined;
  readonly known: (verb: string, path: string) => boolean;
  /** Why a route with this body is denied; undefined where it is not. */
  readonly forbids: (body: string | undefined, request: Asked) => string | undefined;
  /** Looks at an AuthZRes; throws on what it cannot do with. */
  readonly response: (request: Asked) => void;
}

/** The steps without a fault. */
export const soundSteps: AuthzSteps = {
  target: ({ RequestUri }) => {
    if (typeof RequestUri !== "string" || RequestUri === "") throw new Error("no RequestUri");
    const { pathname } = new URL(RequestUri, "http://engine");
    return decodeURIComponent(pathname).replace(/^\/v[\d.]+\//, "/");
  },
  body: ({ RequestBody }) => {
    if (RequestBody === undefined) return undefined;
    if (!/^[\w+/]*=*$/.test(RequestBody)) throw new Error("RequestBody is no base64");
    return Buffer.from(RequestBody, "base64").toString();
  },
  known: (verb, path) =>
    (verb === "GET" && /^\/(_ping|version|containers\/.*json)$/.test(path)) ||
    (verb === "DELETE" && /^\/containers\/\w+$/.test(path)) ||
    (verb === "POST" && (guarded.test(path) || path === "/auth")),
  forbids: (body) => {
    if (body === undefined) return "the body was not shown";
    try {
      JSON.parse(body);
    } catch {
      return "the body cannot be read";
    }
    return risky.find((risk) => risk.test(body))?.source;
  },
  response: () => {},
};

const guarded = /^\/(containers\/create|services\/create|volumes\/create|containers\/\w+\/exec)$/;
const risky = [
  /"privileged":true/i,
  /"binds":\["/i,
  /"type":"bind"/i,
  /"o":"bind"/,
  /"(capadd|capabilityadd)":\["/i,
  /"(pidmode|networkmode|target)":"host"/i,
];

/** Handlers by steps. */
export function authzModel(changed: Partial<AuthzSteps> = {}): Handlers {
  const steps = { ...soundSteps, ...changed };
  return {
    "Plugin.Activate": () => ({ Implements: ["authz"] }),
    "AuthZPlugin.AuthZReq": (request: Asked) => {
      if (typeof request.RequestMethod !== "string") throw new Error("no RequestMethod");
      if (typeof (request.RequestHeaders ?? {}) !== "object") throw new Error("RequestHeaders are no map");
      const path = steps.target(request);
      const body = steps.body(request);
      if (!steps.known(request.RequestMethod, path)) return { Allow: false, Msg: `${path} is not known here` };
      const why = guarded.test(path) ? steps.forbids(body, request) : undefined;
      return why === undefined ? { Allow: true } : { Allow: false, Msg: why };
    },
    "AuthZPlugin.AuthZRes": (request: Asked) => {
      steps.target(request);
      steps.response(request);
      return { Allow: true };
    },
  };
}
