// What stands in the place of calls while there are none to show.
/** @import { About, AboutPlugin } from "../src/web/serve-web-page.ts" */
import { copyButton } from "./copy-button.js";
import { button, element } from "./dom.js";
import { oneLine } from "./wire-text.js";

/**
 * @param {object} given
 * @param {About | undefined} given.about undefined until the command has said it
 * @param {boolean} given.filtered whether there are calls, and the filter lets none through
 * @param {() => void} given.onClear
 * @returns {HTMLElement[]}
 */
export function emptyState({ about, filtered, onClear }) {
  if (filtered) {
    return [
      element("h3", {}, "No call is like that"),
      element("p", {}, "The filter lets none of the calls through."),
      element("div", { class: "command" }, button("Clear the filter", onClear)),
    ];
  }
  if (about === undefined) return [];
  if (about.recording !== null) return [element("h3", {}, "The recording has no calls")];
  const command = commandToTry(about.plugins[0]);
  return [
    element("h3", {}, "Waiting for the first call"),
    element("p", {}, "Calls appear here as the engine makes them. Try this in a terminal:"),
    element("div", { class: "command" }, element("code", {}, oneLine(command, 200)), copyButton("Copy", { command })),
  ];
}

/**
 * A command that makes the engine call a plugin.
 *
 * @param {Pick<AboutPlugin, "name" | "implements"> | undefined} plugin
 */
export function commandToTry({ name, implements: protocols } = { name: "", implements: [] }) {
  // A name with anything else in it is not put into a shell.
  if (!/^[\w.:/-]+$/.test(name)) return "docker volume ls";
  /** @type {Record<string, string>} */
  const commands = {
    VolumeDriver: `docker volume create -d ${name} data`,
    NetworkDriver: `docker network create -d ${name} net`,
    IpamDriver: `docker network create --ipam-driver ${name} net`,
    authz: "docker ps",
    LogDriver: `docker run --rm --log-driver ${name} busybox echo hello`,
  };
  const known = protocols.find((protocol) => Object.hasOwn(commands, protocol)) ?? "";
  return commands[known] ?? "docker volume ls";
}
