// One call whole: what was asked beside what was answered.
/** @import { CallRecord, Content } from "../src/call-record.ts" */
/** @import { CallObject } from "./call-objects.js" */
import { objectsOf } from "./call-objects.js";
import { isFailure, outcomeWord } from "./call-outcome.js";
import { clockText, methodParts, objectButton } from "./call-row.js";
import { copyButton } from "./copy-button.js";
import { curlCommand } from "./curl-command.js";
import { button, element } from "./dom.js";
import { shareText, sizeText, timeText } from "./figures.js";
import { bodyKind, bodyText, oneLine, visible } from "./wire-text.js";

/**
 * The children of the panel.
 *
 * @param {CallRecord} call
 * @param {object} options
 * @param {string | null} options.address where the call can be sent again
 * @param {boolean} options.showPlugin
 * @param {(object: CallObject) => void} options.onObject
 * @param {() => void} options.onClose
 * @returns {HTMLElement[]}
 */
export function callDetail(call, { address, showPlugin, onObject, onClose }) {
  const curl = curlCommand(call, address);
  const figures = [timeText(call.milliseconds), shareText(call.milliseconds, call.deadlineMs)];
  const head = element(
    "div",
    { class: "panel-head" },
    element("h2", { id: "panel-title", class: "wire", tabindex: -1 }, ...methodParts(call.method)),
    element("p", { class: isFailure(call) ? "outcome failed" : "outcome" }, outcomeWord(call)),
    ...objectsOf(call).map((object) => objectButton(object, { onObject })),
    element("p", {}, [clockText(call.at), ...figures, ...(showPlugin ? [oneLine(call.plugin, 60)] : [])].join(" · ")),
    element("div", { class: "buttons" }, copyButton("Copy as curl", curl), button("Close", onClose)),
  );
  return [head, element("div", { class: "bodies" }, requestOf(call), replyOf(call))];
}

/** @param {CallRecord} call */
function requestOf({ request }) {
  return element("section", { class: "body", "aria-label": "Request" }, ...bodyParts("Request", request));
}

/** @param {CallRecord} call */
function replyOf({ reply, status, error }) {
  const made = element("section", { class: "body", "aria-label": "Reply" });
  const title = status === null ? "Reply" : `Reply ${status}`;
  const why = error === null ? [] : [element("p", { class: "why" }, oneLine(error, 2000))];
  const [heading = "", ...rest] = reply === null ? [element("h3", {}, "No reply")] : bodyParts(title, reply);
  made.append(heading, ...why, ...rest);
  return made;
}

/**
 * @param {string} title
 * @param {Content} content
 * @returns {HTMLElement[]}
 */
function bodyParts(title, content) {
  const cut = content.cut === true ? ", the rest was left out" : "";
  const about = content.bytes === 0 ? "empty" : `${sizeText(content.bytes)} of ${bodyKind(content)}${cut}`;
  return [
    element("h3", {}, title, element("span", {}, about)),
    element("pre", { tabindex: 0, role: "region", "aria-label": `${title} body` }, visible(bodyText(content))),
  ];
}
