// What one call tells about an object; a call that failed changes nothing, save what its failure tells.
/** @import { CallRecord } from "../src/call-record.ts" */
/** @import { CallObject } from "./call-objects.js" */
/** @import { Known } from "./call-story.js" */
import { isFailure } from "./call-outcome.js";
import { field, fields, textField } from "./json-fields.js";
import { shortId, shortIds } from "./wire-text.js";

/**
 * A call, what it is looked at for, and what was known before it.
 *
 * @typedef {object} Given
 * @property {CallRecord} call
 * @property {CallObject} object
 * @property {Known} known
 */

/** @typedef {(given: Given) => Iterable<readonly [string, string]>} Effect what is known afterwards */

/**
 * What is known of an object after a call.
 *
 * @param {Given} given
 * @returns {Known}
 */
export function effectOf(given) {
  const { call, object, known } = given;
  if (isFailure(call)) {
    // The engine takes any error of Get for "there is no such volume".
    return call.method === "VolumeDriver.Get" && call.status !== null ? new Map([["exists", "no"]]) : known;
  }
  const effect = effects.get(`${object.kind} ${call.method}`);
  return effect === undefined ? known : new Map(effect(given));
}

/** @type {Effect} */
const exists = ({ known }) => [...known, ["exists", "yes"]];

/** @type {Effect} */
const isGone = () => [["exists", "no"]];

/** Adds to a list, and takes from it: `held by`, `endpoints`. */
const list = {
  /**
   * @param {string} what
   * @param {(call: CallRecord) => string | undefined} name
   * @returns {Effect}
   */
  adds: (what, name) => (given) => withList(given, what, (names) => [...names, shortId(name(given.call) ?? "")]),
  /**
   * @param {string} what
   * @param {(call: CallRecord) => string | undefined} name
   * @returns {Effect}
   */
  takes: (what, name) => (given) => {
    const gone = shortId(name(given.call) ?? "");
    return withList(given, what, (names) => {
      const at = names.indexOf(gone);
      return names.filter((_, index) => index !== at);
    });
  },
};

/** @param {string} key */
const requested = (key) => (/** @type {CallRecord} */ call) => textField(call.request.json, key);

/** @type {ReadonlyMap<string, Effect>} */
const effects = new Map(
  Object.entries({
    "volume VolumeDriver.Create": (given) => [
      ...exists(given),
      ...facts("option ", field(given.call.request.json, "Opts")),
    ],
    "volume VolumeDriver.Remove": isGone,
    "volume VolumeDriver.Get": (given) => described(given, field(given.call.reply?.json, "Volume")),
    "volume VolumeDriver.Path": (given) => mountedAt(given, textField(given.call.reply?.json, "Mountpoint")),
    "volume VolumeDriver.Mount": (given) =>
      mountedAt(
        { ...given, known: new Map(list.adds("held by", requested("ID"))(given)) },
        textField(given.call.reply?.json, "Mountpoint"),
      ),
    "volume VolumeDriver.Unmount": list.takes("held by", requested("ID")),
    "mount VolumeDriver.Mount": list.adds("holds", requested("Name")),
    "mount VolumeDriver.Unmount": list.takes("holds", requested("Name")),
    "network NetworkDriver.CreateNetwork": (given) => [
      ...exists(given),
      ...["IPv4Data", "IPv6Data"].flatMap((key) => addressesOf(field(given.call.request.json, key))),
    ],
    "network NetworkDriver.DeleteNetwork": isGone,
    "network NetworkDriver.CreateEndpoint": list.adds("endpoints", requested("EndpointID")),
    "network NetworkDriver.DeleteEndpoint": list.takes("endpoints", requested("EndpointID")),
    "network NetworkDriver.Join": list.adds("joined", requested("EndpointID")),
    "network NetworkDriver.Leave": list.takes("joined", requested("EndpointID")),
    "endpoint NetworkDriver.CreateEndpoint": (given) => [
      ...exists(given),
      ...facts("", field(given.call.request.json, "Interface")),
      ...facts("", field(given.call.reply?.json, "Interface")),
    ],
    "endpoint NetworkDriver.DeleteEndpoint": isGone,
    "endpoint NetworkDriver.Join": (given) => [
      ...given.known,
      ...facts("", { sandbox: field(given.call.request.json, "SandboxKey") }),
      ...facts("interface ", field(given.call.reply?.json, "InterfaceName")),
    ],
    "endpoint NetworkDriver.Leave": ({ known }) =>
      [...known].filter(([what]) => what !== "sandbox" && !what.startsWith("interface ")),
    "sandbox NetworkDriver.Join": list.adds("endpoints", requested("EndpointID")),
    "pool IpamDriver.RequestPool": (given) => [
      ...exists(given),
      ...facts("", { subnet: field(given.call.reply?.json, "Pool") }),
    ],
    "pool IpamDriver.ReleasePool": isGone,
    "pool IpamDriver.RequestAddress": list.adds("addresses", ({ reply }) =>
      textField(reply?.json, "Address")?.replace(/\/\d+$/, ""),
    ),
    "pool IpamDriver.ReleaseAddress": list.takes("addresses", requested("Address")),
    "container LogDriver.StartLogging": ({ call, known }) => [
      ...known,
      ...facts("", { "logs to": field(call.request.json, "File") }),
    ],
    "log LogDriver.StartLogging": ({ known }) => [...known, ["open", "yes"]],
    "log LogDriver.StopLogging": ({ known }) => [...known, ["open", "no"]],
  }),
);

/**
 * @param {Given} given
 * @param {string} what
 * @param {(names: readonly string[]) => readonly string[]} change
 * @returns {Iterable<readonly [string, string]>}
 */
function withList({ known }, what, change) {
  const names = change((known.get(what) ?? "").split(", ").filter((name) => name !== "" && name !== nobody));
  return [...known, [what, names.length === 0 ? nobody : names.join(", ")]];
}

const nobody = "none";

/**
 * @param {Given} given
 * @param {string | undefined} place
 * @returns {Iterable<readonly [string, string]>}
 */
function mountedAt({ known }, place) {
  const others = [...known].filter(([what]) => what !== "mountpoint");
  return place === undefined ? others : [...others, ["mountpoint", place]];
}

/**
 * What Get said, in place of what it said before.
 *
 * @param {Given} given
 * @param {unknown} volume
 * @returns {Iterable<readonly [string, string]>}
 */
function described(given, volume) {
  if (volume === undefined || volume === null) return isGone(given);
  const kept = [...mountedAt(given, textField(volume, "Mountpoint"))].filter(([what]) => !what.startsWith("status "));
  return [...kept, ["exists", "yes"], ...facts("status ", field(volume, "Status"))];
}

/**
 * @param {unknown} data a list of pools, as in CreateNetwork
 * @returns {(readonly [string, string])[]}
 */
function addressesOf(data) {
  if (!Array.isArray(data)) return [];
  return data.flatMap((one) => facts("", { subnet: field(one, "Pool"), gateway: field(one, "Gateway") }));
}

/**
 * The fields of an object that say something.
 *
 * @param {string} prefix
 * @param {unknown} object
 * @returns {(readonly [string, string])[]}
 */
function facts(prefix, object) {
  return fields(object)
    .filter(([, value]) => value !== undefined && value !== null && value !== "")
    .map(([key, value]) => [`${prefix}${key}`, shortIds(typeof value === "string" ? value : JSON.stringify(value))]);
}
