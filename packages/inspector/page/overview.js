// Beside the calls: how long each method takes, and what there are stories of.
/** @import { CallRecord } from "../src/call-record.ts" */
/** @import { CallObject } from "./call-objects.js" */
/** @import { MethodLatency } from "./latency.js" */
import { objectsOf } from "./call-objects.js";
import { methodParts, objectButton } from "./call-row.js";
import { button, element } from "./dom.js";
import { countText, timeText } from "./figures.js";
import { latencyOf } from "./latency.js";
import { oneLine } from "./wire-text.js";

/** The most of each list; what a plugin can make up has no end. */
const [mostMethods, mostObjects] = [40, 60];

/**
 * One item for each method of these calls.
 *
 * @param {readonly CallRecord[]} calls
 * @param {(method: string) => void} onMethod
 * @returns {HTMLElement[]}
 */
export function methodItems(calls, onMethod) {
  const all = latencyOf(calls);
  return [...all.slice(0, mostMethods).map((one) => methodItem(one, onMethod)), ...moreItem(all.length - mostMethods)];
}

/**
 * One item for each object of these calls, the latest first.
 *
 * @param {readonly CallRecord[]} calls
 * @param {(object: CallObject) => void} onObject
 * @returns {HTMLElement[]}
 */
export function objectItems(calls, onObject) {
  /** @type {Map<string, { object: CallObject, count: number }>} */
  const found = new Map();
  for (const call of calls.toReversed()) {
    for (const object of objectsOf(call)) {
      const key = `${object.kind} ${object.name}`;
      const entry = found.get(key) ?? { object, count: 0 };
      entry.count += 1;
      found.set(key, entry);
    }
  }
  const items = [...found.values()]
    .slice(0, mostObjects)
    .map(({ object, count }) =>
      element(
        "li",
        { class: "object-line" },
        objectButton(object, { onObject }),
        element("span", {}, countText(count, "call")),
      ),
    );
  return [...items, ...moreItem(found.size - mostObjects)];
}

/** @param {number} more */
function moreItem(more) {
  return more > 0 ? [element("li", { class: "more" }, `and ${more} more; filter to see them`)] : [];
}

/**
 * @param {MethodLatency} latency
 * @param {(method: string) => void} onMethod
 */
function methodItem({ method, count, failures, median, p95, slowest, columns }, onMethod) {
  const name = button("", () => onMethod(method), { class: "link wire" });
  name.setAttribute("aria-label", `Only ${oneLine(method, 80)}`);
  name.append(...methodParts(method));
  const highest = Math.max(...columns);
  const bars = columns.map((column) => {
    const made = element("i");
    made.style.height = `${column === 0 ? 0 : Math.max(8, (column / highest) * 100)}%`;
    return made;
  });
  const said = `half within ${timeText(median)}, 95 % within ${timeText(p95)}, slowest ${timeText(slowest)}`;
  const calls = countText(count, "call");
  const counts = failures === 0 ? calls : failures === count ? `${calls} failed` : `${failures} of ${count} failed`;
  return element(
    "li",
    {},
    element("div", { class: "method-line" }, name, element("span", { class: failures > 0 ? "failed" : "" }, counts)),
    element("div", { class: "histogram", role: "img", "aria-label": `${oneLine(method, 80)}: ${said}` }, ...bars),
    element(
      "p",
      { class: "method-figures" },
      element("span", {}, `p50 ${timeText(median)}`),
      element("span", {}, `p95 ${timeText(p95)}`),
      element("span", {}, `max ${timeText(slowest)}`),
    ),
  );
}
