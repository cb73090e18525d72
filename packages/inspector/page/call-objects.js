// What a call is about: the volume, network, container it names.
/** @import { CallRecord } from "../src/call-record.ts" */
import { textField } from "./json-fields.js";

/**
 * Something that calls name.
 *
 * @typedef {object} CallObject
 * @property {string} kind `volume`, `endpoint`
 * @property {string} name as on the wire
 */

/** Where each protocol's requests name things; the most telling comes first. */
const requestFields = /** @type {const} */ ({
  VolumeDriver: [
    ["volume", "Name"],
    ["mount", "ID"],
  ],
  NetworkDriver: [
    ["endpoint", "EndpointID"],
    ["network", "NetworkID"],
    ["sandbox", "SandboxKey"],
  ],
  IpamDriver: [["pool", "PoolID"]],
  LogDriver: [
    ["container", "Info", "ContainerID"],
    ["log", "File"],
  ],
  SecretProvider: [["secret", "SecretName"]],
});

/** @type {WeakMap<CallRecord, readonly CallObject[]>} */
const known = new WeakMap();

/**
 * What a call is about, the most telling first.
 *
 * @param {CallRecord} call
 * @returns {readonly CallObject[]}
 */
export function objectsOf(call) {
  const found = known.get(call) ?? read(call);
  known.set(call, found);
  return found;
}

/**
 * Whether a call is about an object.
 *
 * @param {CallRecord} call
 * @param {CallObject} object
 */
export function isAbout(call, object) {
  return objectsOf(call).some(({ kind, name }) => kind === object.kind && name === object.name);
}

/**
 * @param {CallRecord} call
 * @returns {CallObject[]}
 */
function read({ method, request, reply }) {
  const [protocol = ""] = method.split(".");
  if (protocol === "AuthZPlugin") return fromUri(textField(request.json, "RequestUri") ?? "");
  if (!Object.hasOwn(requestFields, protocol)) return [];
  const places = requestFields[/** @type {keyof typeof requestFields} */ (protocol)];
  const named = places.flatMap(([kind, ...path]) => asObject(kind, textField(request.json, ...path)));
  // A pool has its name from the plugin.
  const made = method === "IpamDriver.RequestPool" ? asObject("pool", textField(reply?.json, "PoolID")) : [];
  return [...named, ...made];
}

/**
 * @param {string} kind
 * @param {string | undefined} name
 * @returns {CallObject[]}
 */
function asObject(kind, name) {
  return name === undefined ? [] : [{ kind, name }];
}

/**
 * What a call to the Docker API is about: `/v1.44/containers/web/start`, `/containers/create?name=web`.
 *
 * @param {string} uri
 * @returns {CallObject[]}
 */
function fromUri(uri) {
  const match = /^(?:\/v[\d.]+)?\/(container|volume|network)s\/([^/?#]+)/.exec(uri);
  if (match === null) return [];
  const [, kind = "", word = ""] = match;
  if (word === "create") return asObject(kind, new URLSearchParams(uri.split("?")[1]).get("name") ?? undefined);
  return ["json", "prune"].includes(word) ? [] : asObject(kind, decoded(word));
}

/** @param {string} word */
function decoded(word) {
  try {
    return decodeURIComponent(word);
  } catch {
    return word;
  }
}
