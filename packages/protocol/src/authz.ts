import { defineProtocol } from "./descriptor.ts";

const api = "moby/moby pkg/authorization/api.go";

const request = {
  User: { type: "string", optional: true, doc: "Common name of the client's certificate; missing on the unix socket." },
  UserAuthNMethod: { type: "string", optional: true, doc: "`TLS`, or missing." },
  RequestMethod: { type: "string", nonEmpty: true, doc: "The HTTP method." },
  RequestUri: {
    type: "string",
    nonEmpty: true,
    doc: "The request target as sent: version prefix or none, query included, possibly in absolute form. Not `RequestURI`.",
  },
  RequestBody: {
    type: "bytes",
    optional: true,
    secret: true,
    doc: "The body, if JSON and within the engine's limit. Missing does not mean empty: older engines hide large and chunked bodies.",
  },
  RequestHeaders: {
    type: "map",
    of: { type: "string" },
    optional: true,
    secret: true,
    doc: "The last value of each header, without `Host`, `Authorization`, `X-Registry-Auth` and `X-Registry-Config`.",
  },
  RequestPeerCertificates: {
    type: "list",
    of: { type: "bytes" },
    optional: true,
    since: "1.13",
    doc: "The client's certificate chain, each one PEM.",
  },
} as const;

const reply = {
  Allow: { type: "boolean", doc: "The decision. Missing counts as no." },
  Msg: { type: "string", optional: true, doc: "Shown to the user when denied." },
} as const;

/** Authorization: every Docker API request, asked before and shown after. */
export const authz = defineProtocol({
  name: "authz",
  managedType: "docker.authz/1.0",
  errorKey: "Err",
  errorKeyIgnored: true,
  doc: "Decides on each request to the Docker API. In a 200 reply only `Allow` counts, so a failure is answered with another status, which the engine takes for no.",
  methods: {
    authZReq: {
      path: "AuthZPlugin.AuthZReq",
      doc: "May this request be carried out? Asked before the engine acts.",
      request,
      reply,
      since: "1.10",
      source: api,
    },
    authZRes: {
      path: "AuthZPlugin.AuthZRes",
      doc: "May this response be shown? The engine has acted already; status, headers and body are missing for errors, streams and answers over 64 KiB.",
      request: {
        ...request,
        ResponseStatusCode: { type: "integer", optional: true, doc: "The HTTP status." },
        ResponseBody: { type: "bytes", optional: true, secret: true, doc: "The body, if JSON and not yet sent." },
        ResponseHeaders: {
          type: "map",
          of: { type: "string" },
          optional: true,
          secret: true,
          doc: "The last value of each header.",
        },
      },
      reply,
      since: "1.10",
      source: api,
    },
  },
});
