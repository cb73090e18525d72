// One call as a row of the timeline, and the parts that other places show too.
/** @import { CallRecord } from "../src/call-record.ts" */
/** @import { CallObject } from "./call-objects.js" */
import { objectsOf } from "./call-objects.js";
import { isFailure, outcomeLine, outcomeWord } from "./call-outcome.js";
import { button, element } from "./dom.js";
import { placeOnScale, shareText, timeText } from "./figures.js";
import { oneLine, shortId } from "./wire-text.js";

/**
 * A row.
 *
 * @param {CallRecord} call
 * @param {{ showPlugin: boolean, onObject: (object: CallObject) => void }} options
 */
export function callRow(call, { showPlugin, onObject }) {
  const cell = { role: "gridcell" };
  const [object] = objectsOf(call);
  const about = [
    ...(showPlugin ? [element("span", { class: "kind" }, `${oneLine(call.plugin, 40)} `)] : []),
    ...(object === undefined ? [] : [objectButton(object, { onObject, inRow: true })]),
    element("span", { class: "line" }, oneLine(outcomeLine(call), 200)),
  ];
  return element(
    "div",
    { class: isFailure(call) ? "row failed" : "row", role: "row", id: `call-${rowIds.next(call)}` },
    element("span", { ...cell, class: "outcome" }, outcomeWord(call)),
    element("span", { ...cell, class: "time" }, clockText(call.at)),
    element("span", { ...cell, class: "method wire" }, ...methodParts(call.method)),
    element("span", { ...cell, class: "about" }, ...about),
    bar(call),
    element("span", { ...cell, class: "took figure" }, timeText(call.milliseconds)),
    element("span", { ...cell, class: "share figure" }, shareText(call.milliseconds, call.deadlineMs)),
  );
}

/**
 * A button that opens the story of an object.
 *
 * @param {CallObject} object
 * @param {{ onObject: (object: CallObject) => void, inRow?: boolean }} options in a row the method says what kind it is
 */
export function objectButton(object, { onObject, inRow = false }) {
  const made = button(oneLine(shortId(object.name), 80), () => onObject(object), {
    class: "link wire",
    tabindex: inRow ? -1 : undefined,
    "aria-label": `Story of ${object.kind} ${oneLine(object.name, 80)}`,
  });
  if (!inRow) made.prepend(element("span", { class: "kind" }, `${object.kind} `));
  return made;
}

/**
 * A method with its protocol held back.
 *
 * @param {string} method
 * @returns {HTMLElement[]}
 */
export function methodParts(method) {
  const shown = oneLine(method === "" ? "(no HTTP)" : method, 80);
  const dot = shown.indexOf(".") + 1;
  return [element("span", { class: "protocol" }, shown.slice(0, dot)), element("span", {}, shown.slice(dot))];
}

/**
 * The time of day with milliseconds, where the reader is.
 *
 * @param {string} at
 */
export function clockText(at) {
  const time = new Date(at);
  if (Number.isNaN(time.getTime())) return oneLine(at, 12);
  const parts = [time.getHours(), time.getMinutes(), time.getSeconds()].map((part) => String(part).padStart(2, "0"));
  return `${parts.join(":")}.${String(time.getMilliseconds()).padStart(3, "0")}`;
}

/** @param {CallRecord} call */
function bar({ milliseconds, deadlineMs }) {
  const fill = element("span", { class: "fill" });
  fill.style.width = `${Math.max(0.02, placeOnScale(milliseconds)) * 100}%`;
  const made = element("span", { class: "bar", role: "gridcell" }, fill);
  if (deadlineMs === null) return made;
  const deadline = element("span", { class: "deadline" });
  deadline.style.left = `calc(${placeOnScale(deadlineMs) * 100}% - 2px)`;
  made.append(deadline);
  return made;
}

/** Ids that are our own, whatever number a recording gives. */
const rowIds = {
  last: 0,
  /** @type {WeakMap<CallRecord, number>} */
  known: new WeakMap(),
  /** @param {CallRecord} call */
  next(call) {
    const id = this.known.get(call) ?? (this.last += 1);
    this.known.set(call, id);
    return id;
  },
};
