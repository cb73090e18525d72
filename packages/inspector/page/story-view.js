// The story of one object, as it is told.
/** @import { CallRecord } from "../src/call-record.ts" */
/** @import { CallObject } from "./call-objects.js" */
/** @import { Change, Step } from "./call-story.js" */
import { isFailure, outcomeLine, outcomeWord } from "./call-outcome.js";
import { clockText } from "./call-row.js";
import { tellStory } from "./call-story.js";
import { button, element } from "./dom.js";
import { countText, timeText } from "./figures.js";
import { oneLine } from "./wire-text.js";

/** The most steps that are shown; the latest are. */
const mostSteps = 300;

/**
 * The children of the panel.
 *
 * @param {readonly CallRecord[]} calls
 * @param {CallObject} object
 * @param {object} on
 * @param {(call: CallRecord) => void} on.onCall
 * @param {() => void} on.onClose
 * @returns {HTMLElement[]}
 */
export function storyView(calls, object, { onCall, onClose }) {
  const { steps, known } = tellStory(calls, object);
  const failures = steps.filter(({ call }) => isFailure(call)).length;
  const head = element(
    "div",
    { class: "panel-head" },
    element(
      "h2",
      { id: "panel-title", tabindex: -1 },
      element("span", { class: "kind" }, `${object.kind} `),
      element("span", { class: "wire" }, oneLine(object.name, 200)),
    ),
    element("p", {}, [countText(steps.length, "call"), ...(failures > 0 ? [`${failures} failed`] : [])].join(" · ")),
    element("div", { class: "buttons" }, button("Close", onClose)),
  );
  const facts = [...known].flatMap(([what, value]) => [
    element("dt", {}, oneLine(what, 60)),
    element("dd", { class: "wire" }, oneLine(value, 300)),
  ]);
  const shown = steps.slice(-mostSteps);
  const earlier =
    shown.length < steps.length ? [element("li", {}, countText(steps.length - shown.length, "earlier call"))] : [];
  const story = element(
    "div",
    { class: "story", tabindex: 0, role: "region", "aria-label": "Story" },
    ...(facts.length > 0 ? [element("dl", { class: "known" }, ...facts)] : []),
    element("ol", { class: "steps" }, ...earlier, ...shown.map((step) => stepItem(step, onCall))),
  );
  return [head, story];
}

/**
 * @param {Step} step
 * @param {(call: CallRecord) => void} onCall
 */
function stepItem({ call, changes }, onCall) {
  const failed = isFailure(call);
  const word = call.method.slice(call.method.indexOf(".") + 1);
  const told = changes.map(changeText);
  const else_ = failed || told.length === 0 ? [element("p", { class: "before" }, oneLine(outcomeLine(call), 400))] : [];
  return element(
    "li",
    { class: failed ? "failed" : changes.length > 0 ? "changed" : "same" },
    element("span", { class: "time" }, clockText(call.at)),
    element("span", { class: failed ? "outcome failed" : "outcome" }, outcomeWord(call)),
    button(oneLine(word, 60), () => onCall(call), { class: "link wire" }),
    element("div", { class: "what" }, ...told, ...else_),
    element("span", { class: "figure" }, timeText(call.milliseconds)),
  );
}

/** @param {Change} change */
function changeText({ what, before, after }) {
  const words = [element("span", { class: "label" }, `${oneLine(what, 60)} `)];
  if (before !== undefined) words.push(element("span", { class: "before wire" }, `${oneLine(before, 200)} → `));
  words.push(element("span", { class: "wire" }, after === undefined ? "no longer" : oneLine(after, 200)));
  return element("p", {}, ...words);
}
