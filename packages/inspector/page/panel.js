// The panel under the calls: one call, or one story.
/** @import { CallRecord } from "../src/call-record.ts" */
/** @import { CallObject } from "./call-objects.js" */
import { callDetail } from "./call-detail.js";
import { isAbout } from "./call-objects.js";
import { byId } from "./dom.js";
import { storyView } from "./story-view.js";

/** @typedef {{ kind: "call", call: CallRecord } | { kind: "story", object: CallObject, from: CallRecord | undefined }} Showing */

/** Shows one thing at a time, and gives the keyboard back when it closes. */
export class Panel {
  #place = byId("panel", HTMLElement);
  /** @type {Showing | undefined} */
  #showing;
  #toldCalls = -1;
  #options;

  /**
   * @param {object} options
   * @param {() => readonly CallRecord[]} options.calls
   * @param {(plugin: string) => string | null} options.address
   * @param {() => boolean} options.severalPlugins whether a call is to name its plugin
   * @param {(call: CallRecord) => void} options.onCall a call of a story was chosen
   * @param {() => void} options.onClose
   */
  constructor(options) {
    this.#options = options;
  }

  /** What is shown. */
  get showing() {
    return this.#showing;
  }

  /** @param {CallRecord} call */
  showCall(call) {
    this.#show({ kind: "call", call });
  }

  /** @param {CallObject} object */
  showStory(object) {
    const from = this.#showing?.kind === "call" ? this.#showing.call : undefined;
    this.#show({ kind: "story", object, from });
    this.focus();
  }

  /** A story goes on as calls come; a call is what it is. */
  refresh() {
    if (this.#showing?.kind !== "story") return;
    const { object } = this.#showing;
    const count = this.#options.calls().filter((call) => isAbout(call, object)).length;
    if (count !== this.#toldCalls && !this.#place.contains(document.activeElement)) this.#draw();
  }

  /** Puts the keyboard into the panel. */
  focus() {
    document.getElementById("panel-title")?.focus();
  }

  /** From a story back to the call it was opened from; else closes. */
  back() {
    if (this.#showing?.kind === "story" && this.#showing.from !== undefined) {
      this.showCall(this.#showing.from);
      return this.focus();
    }
    this.close();
  }

  /** Closes the panel. */
  close() {
    if (this.#showing === undefined) return;
    this.#showing = undefined;
    this.#place.hidden = true;
    this.#place.replaceChildren();
    this.#options.onClose();
  }

  /** @param {Showing} showing */
  #show(showing) {
    this.#showing = showing;
    this.#place.hidden = false;
    this.#place.setAttribute("aria-labelledby", "panel-title");
    this.#draw();
  }

  #draw() {
    if (this.#showing === undefined) return;
    const onClose = () => this.close();
    if (this.#showing.kind === "call") {
      const { call } = this.#showing;
      const address = this.#options.address(call.plugin);
      const showPlugin = this.#options.severalPlugins();
      const onObject = (/** @type {CallObject} */ object) => this.showStory(object);
      return this.#place.replaceChildren(...callDetail(call, { address, showPlugin, onObject, onClose }));
    }
    const calls = this.#options.calls();
    const { object } = this.#showing;
    this.#toldCalls = calls.filter((call) => isAbout(call, object)).length;
    const scrolled = this.#place.querySelector(".story")?.scrollTop ?? 0;
    this.#place.replaceChildren(...storyView(calls, object, { onCall: this.#options.onCall, onClose }));
    this.#place.querySelector(".story")?.scrollTo({ top: scrolled });
  }
}
