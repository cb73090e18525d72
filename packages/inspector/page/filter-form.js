// The form above the calls.
/** @import { CallFilter } from "./call-filter.js" */
import { byId, element } from "./dom.js";
import { oneLine } from "./wire-text.js";

/** The most choices of one list. */
const mostChoices = 200;

/** The filter as people set it. */
export class FilterForm {
  #form = byId("filter", HTMLFormElement);
  #text = byId("filter-text", HTMLInputElement);
  #method = byId("filter-method", HTMLSelectElement);
  #plugin = byId("filter-plugin", HTMLSelectElement);
  #pluginLabel = byId("filter-plugin-label", HTMLLabelElement);
  #slower = byId("filter-slower", HTMLInputElement);
  #failures = byId("filter-failures", HTMLInputElement);
  /** @type {ReadonlyMap<HTMLSelectElement, Set<string>>} */
  #choices = new Map([
    [this.#method, new Set()],
    [this.#plugin, new Set()],
  ]);

  /** @param {() => void} onChange */
  constructor(onChange) {
    this.#form.addEventListener("input", onChange);
    this.#form.addEventListener("submit", (event) => event.preventDefault());
    // Fields have their new values only afterwards.
    this.#form.addEventListener("reset", () => queueMicrotask(onChange));
  }

  /** @returns {CallFilter} */
  get filter() {
    return {
      text: this.#text.value,
      method: this.#method.value,
      plugin: this.#plugin.value,
      onlyFailures: this.#failures.checked,
      slowerThanMs: Number(this.#slower.value),
    };
  }

  /** Whether calls of several plugins came. */
  get severalPlugins() {
    return (this.#choices.get(this.#plugin)?.size ?? 0) > 1;
  }

  /**
   * Offers the method and plugin of a call as choices.
   *
   * @param {{ readonly method: string, readonly plugin: string }} call
   */
  learn({ method, plugin }) {
    this.#offer(this.#method, method);
    this.#offer(this.#plugin, plugin);
    this.#pluginLabel.hidden = !this.severalPlugins;
  }

  /** Puts the keyboard into the text. */
  focus() {
    this.#text.focus();
    this.#text.select();
  }

  /** Shows every call again. */
  clear() {
    this.#form.reset();
  }

  /**
   * Shows one method, or every one where it was that already.
   *
   * @param {string} method
   */
  toggleMethod(method) {
    this.#method.value = this.#method.value === method ? "" : method;
    this.#form.dispatchEvent(new Event("input"));
  }

  /**
   * @param {HTMLSelectElement} select
   * @param {string} value
   */
  #offer(select, value) {
    const choices = this.#choices.get(select);
    if (value === "" || choices === undefined || choices.has(value) || choices.size === mostChoices) return;
    choices.add(value);
    const next = [...select.options].slice(1).find((option) => option.value > value);
    select.add(element("option", { value }, oneLine(value, 80)), next ?? null);
  }
}
