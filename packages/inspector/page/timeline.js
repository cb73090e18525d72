// The list of calls. Only the rows in sight are in the document, so that thousands cost no more than a screenful.
/** @import { CallRecord } from "../src/call-record.ts" */
/** @import { CallObject } from "./call-objects.js" */
import { callRow } from "./call-row.js";

/** Rows beyond the edges, so that a quick scroll shows no gap. */
const spare = 8;

/**
 * What the timeline stands in, and whom it tells.
 *
 * @typedef {object} TimelineOptions
 * @property {HTMLElement} grid scrolls
 * @property {HTMLElement} rows is as high as all rows together
 * @property {(call: CallRecord) => void} onSelect
 * @property {(call: CallRecord) => void} onOpen
 * @property {(object: CallObject) => void} onObject
 * @property {() => void} onFollow whether the newest call is kept in sight has changed
 */

/** Calls as rows, one of them selected. */
export class Timeline {
  /** @type {readonly CallRecord[]} */
  #calls = [];
  /** @type {CallRecord | undefined} */
  #selected;
  #following = true;
  #severalPlugins = false;
  /** @type {Map<CallRecord, HTMLElement>} */
  #made = new Map();
  #options;

  /** @param {TimelineOptions} options */
  constructor(options) {
    this.#options = options;
    options.grid.addEventListener("scroll", () => this.#onScroll());
    new ResizeObserver(() => this.#onResize()).observe(options.grid);
    options.rows.addEventListener("click", (event) => this.#onClick(event));
  }

  /** The call that keys are about. */
  get selected() {
    return this.#selected;
  }

  /** Whether the newest call is kept in sight. */
  get following() {
    return this.#following;
  }

  /**
   * Shows calls. What is in sight stays where it is, unless the newest is followed.
   *
   * @param {readonly CallRecord[]} calls
   * @param {{ severalPlugins: boolean }} options
   */
  show(calls, { severalPlugins }) {
    const anchor = this.#calls[Math.floor(this.#top / this.#rowHeight)];
    const offset = this.#top % this.#rowHeight;
    if (severalPlugins !== this.#severalPlugins) this.#made.clear();
    this.#severalPlugins = severalPlugins;
    this.#calls = calls;
    this.#options.rows.style.height = `${calls.length * this.#rowHeight}px`;
    this.#options.grid.setAttribute("aria-rowcount", String(calls.length + 1));
    if (this.#following) this.#options.grid.scrollTop = this.#options.grid.scrollHeight;
    else if (anchor !== undefined) {
      const at = indexOf(calls, anchor);
      this.#options.grid.scrollTop = at * this.#rowHeight + (calls[at] === anchor ? offset : 0);
    }
    this.#draw();
  }

  /** Shows the newest call, and goes on doing so. */
  follow() {
    this.#setFollowing(true);
    this.#options.grid.scrollTop = this.#options.grid.scrollHeight;
    this.#draw();
  }

  /**
   * Selects the call so many rows further; the first or last where there are not so many.
   *
   * @param {number} rows
   */
  move(rows) {
    const last = this.#calls.length - 1;
    // With none selected, the first step goes to where one looks.
    const inSight = this.#following ? last : Math.ceil(this.#top / this.#rowHeight);
    const from = this.#selected === undefined ? 0 : indexOf(this.#calls, this.#selected);
    const at = this.#selected === undefined && Number.isFinite(rows) ? inSight : from + rows;
    const call = this.#calls[Math.min(last, Math.max(0, at))];
    if (call !== undefined) this.select(call);
  }

  /** How many rows are in sight. */
  get pageRows() {
    return Math.max(1, Math.floor(this.#options.grid.clientHeight / this.#rowHeight) - 2);
  }

  /**
   * Selects a call and brings it in sight.
   *
   * @param {CallRecord} call
   */
  select(call) {
    this.#selected = call;
    this.#bringInSight(this.#calls.indexOf(call));
    this.#draw();
    this.#options.onSelect(call);
  }

  /** @param {number} at */
  #bringInSight(at) {
    if (at < 0) return;
    const { grid } = this.#options;
    const head = this.#headHeight;
    const [above, below] = [at * this.#rowHeight, (at + 1) * this.#rowHeight + head - grid.clientHeight];
    if (grid.scrollTop > above) grid.scrollTop = above;
    else if (grid.scrollTop < below) grid.scrollTop = below;
    this.#setFollowing(at === this.#calls.length - 1);
  }

  #draw() {
    const { grid, rows } = this.#options;
    const height = this.#rowHeight;
    const first = Math.max(0, Math.floor(this.#top / height) - spare);
    const inSight = this.#calls.slice(first, Math.ceil((this.#top + grid.clientHeight) / height) + spare);
    /** @type {Map<CallRecord, HTMLElement>} */
    const made = new Map();
    for (const [index, call] of inSight.entries()) {
      const row = this.#made.get(call) ?? this.#makeRow(call);
      row.style.top = `${(first + index) * height}px`;
      row.setAttribute("aria-rowindex", String(first + index + 2));
      row.setAttribute("aria-selected", String(call === this.#selected));
      made.set(call, row);
    }
    this.#made = made;
    const wanted = [...made.values()];
    if (wanted.length !== rows.children.length || wanted.some((row, index) => rows.children[index] !== row))
      rows.replaceChildren(...wanted);
    const active = this.#selected === undefined ? undefined : made.get(this.#selected);
    if (active === undefined) grid.removeAttribute("aria-activedescendant");
    else grid.setAttribute("aria-activedescendant", active.id);
  }

  /** @param {CallRecord} call */
  #makeRow(call) {
    return callRow(call, { showPlugin: this.#severalPlugins, onObject: this.#options.onObject });
  }

  /** @param {MouseEvent} event */
  #onClick({ target }) {
    if (!(target instanceof Node)) return;
    for (const [call, row] of this.#made) {
      if (!row.contains(target)) continue;
      this.select(call);
      return this.#options.onOpen(call);
    }
  }

  #onScroll() {
    const { grid } = this.#options;
    this.#setFollowing(grid.scrollTop + grid.clientHeight >= grid.scrollHeight - this.#rowHeight / 2);
    this.#draw();
  }

  #onResize() {
    this.show(this.#calls, { severalPlugins: this.#severalPlugins });
    // The panel that opened under the calls is about the selected one.
    if (this.#selected !== undefined && !this.#following) this.#bringInSight(this.#calls.indexOf(this.#selected));
    this.#draw();
  }

  /** @param {boolean} following */
  #setFollowing(following) {
    if (following === this.#following) return;
    this.#following = following;
    this.#options.onFollow();
  }

  get #top() {
    return this.#options.grid.scrollTop;
  }

  get #rowHeight() {
    return Number.parseFloat(getComputedStyle(document.documentElement).getPropertyValue("--row"));
  }

  get #headHeight() {
    return this.#options.rows.offsetTop;
  }
}

/**
 * Where a call is; where it is not there, where it would be.
 *
 * @param {readonly CallRecord[]} calls
 * @param {CallRecord} call
 */
function indexOf(calls, call) {
  const at = calls.indexOf(call);
  if (at >= 0) return at;
  const next = calls.findIndex(({ number }) => number > call.number);
  return next >= 0 ? next : calls.length;
}
