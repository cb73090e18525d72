// The page: calls come in, and everything shown follows from them.
/** @import { CallRecord } from "../src/call-record.ts" */
/** @import { About } from "../src/web/serve-web-page.ts" */
/** @import { ConnectionState } from "./call-stream.js" */
import { matcherOf } from "./call-filter.js";
import { CallList } from "./call-list.js";
import { objectsOf } from "./call-objects.js";
import { isFailure } from "./call-outcome.js";
import { followCalls } from "./call-stream.js";
import { byId, setText } from "./dom.js";
import { emptyState } from "./empty-state.js";
import { countText } from "./figures.js";
import { FilterForm } from "./filter-form.js";
import { listenForKeys } from "./keyboard.js";
import { methodItems, objectItems } from "./overview.js";
import { Panel } from "./panel.js";
import { Timeline } from "./timeline.js";
import { oneLine } from "./wire-text.js";

// The token is a cookie by now; the address bar need not show it.
history.replaceState(null, "", "/");

const list = new CallList(2000);
/** @type {{ about: About | undefined, came: number, paused: readonly CallRecord[] | undefined, pausedAt: number }} */
const state = { about: undefined, came: 0, paused: undefined, pausedAt: 0 };

const grid = byId("grid", HTMLElement);
const overview = byId("overview", HTMLElement);
const pauseButton = byId("pause", HTMLButtonElement);
const overviewButton = byId("overview-button", HTMLButtonElement);
const newestButton = byId("newest", HTMLButtonElement);
const keys = byId("keys", HTMLDialogElement);

const filterForm = new FilterForm(() => {
  refresh();
  drawOverview();
});
const panel = new Panel({
  calls: () => list.calls,
  address: (name) => state.about?.plugins.find((plugin) => plugin.name === name)?.address ?? null,
  severalPlugins: () => filterForm.severalPlugins,
  onCall: (call) => {
    panel.showCall(call);
    timeline.select(call);
    panel.focus();
  },
  onClose: () => grid.focus(),
});
const timeline = new Timeline({
  grid,
  rows: byId("rows", HTMLElement),
  onSelect: (call) => {
    if (panel.showing?.kind === "call") panel.showCall(call);
  },
  onOpen: (call) => open(call),
  onObject: (object) => panel.showStory(object),
  onFollow: () => (newestButton.hidden = timeline.following),
});

followCalls({
  about: showAbout,
  call: (call, place) => {
    list.add(call);
    state.came = place;
    filterForm.learn(call);
    later.refresh();
  },
  state: showConnection,
});

/** Drawing waits for the next picture, the overview a little longer: calls may come by the thousand. */
const later = {
  picture: 0,
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  timer: undefined,
  refresh() {
    this.picture ||= requestAnimationFrame(() => {
      this.picture = 0;
      refresh();
    });
    this.timer ??= setTimeout(() => {
      this.timer = undefined;
      drawOverview();
      announce();
    }, 400);
  },
};

/** The calls that the filter lets through. */
function shownCalls() {
  const calls = state.paused ?? list.calls;
  return calls.filter(matcherOf(filterForm.filter));
}

function refresh() {
  const shown = shownCalls();
  timeline.show(shown, { severalPlugins: filterForm.severalPlugins });
  drawCounts(shown);
  drawEmpty(shown.length);
  panel.refresh();
}

/** @param {readonly CallRecord[]} shown */
function drawCounts(shown) {
  const kept = (state.paused ?? list.calls).length;
  const failed = shown.filter(isFailure).length;
  const parts = [
    shown.length === kept ? countText(kept, "call") : `${shown.length} of ${countText(kept, "call")}`,
    ...(failed > 0 ? [`${failed} failed`] : []),
    ...(state.came > list.calls.length ? [`${state.came.toLocaleString("en")} in all`] : []),
  ];
  setText(byId("counts", HTMLElement), parts.join(" · "));
  const waiting = state.paused === undefined ? 0 : state.came - state.pausedAt;
  setText(pauseButton, state.paused === undefined ? "Pause" : waiting === 0 ? "Go on" : `Go on (${waiting})`);
}

/** @param {number} shown */
function drawEmpty(shown) {
  const empty = byId("empty", HTMLElement);
  empty.hidden = shown > 0;
  const filtered = shown === 0 && list.calls.length > 0;
  const key = `${empty.hidden} ${filtered} ${state.about !== undefined}`;
  // What is there may have the keyboard.
  if (empty.dataset["key"] === key) return;
  empty.dataset["key"] = key;
  const onClear = () => {
    filterForm.clear();
    grid.focus();
  };
  empty.replaceChildren(...(empty.hidden ? [] : emptyState({ about: state.about, filtered, onClear })));
}

function drawOverview() {
  // Drawn anew under the keyboard it would take the keyboard away.
  if (overview.contains(document.activeElement) && document.activeElement?.matches(":focus-visible")) return;
  const shown = shownCalls();
  byId("methods", HTMLElement).replaceChildren(...methodItems(shown, (method) => filterForm.toggleMethod(method)));
  byId("objects", HTMLElement).replaceChildren(
    ...objectItems(shown, (object) => {
      setOverview(false);
      panel.showStory(object);
    }),
  );
}

/** For those who do not see the counts; the timer above keeps it from talking all the time. */
function announce() {
  setText(byId("announcement", HTMLElement), byId("counts", HTMLElement).textContent ?? "");
}

/** @param {About} about */
function showAbout(about) {
  state.about = about;
  const names = about.plugins.map(({ name }) => oneLine(name, 60)).join(", ");
  const what = about.recording === null ? names : `${oneLine(about.recording, 120)} · ${names}`;
  setText(byId("subject", HTMLElement), what);
  document.title = `${what} – Outrigger trace`;
  pauseButton.hidden = about.recording !== null;
  if (about.recording !== null) showConnection("live");
  refresh();
}

/** @param {ConnectionState} connection */
function showConnection(connection) {
  const place = byId("connection", HTMLElement);
  place.dataset["state"] = connection === "ended" ? "lost" : connection;
  const live = state.about?.recording ? "recording" : "live";
  const texts = {
    connecting: "connecting",
    live,
    lost: "the command has ended or cannot be reached; trying again",
    ended: "the command has ended; open the address that the next one prints",
  };
  setText(place, texts[connection]);
}

/** @param {CallRecord} call */
function open(call) {
  panel.showCall(call);
  // On a small screen the panel covers the calls.
  if (getComputedStyle(byId("panel", HTMLElement)).position === "fixed") panel.focus();
}

function togglePause() {
  const pausing = state.paused === undefined;
  state.paused = pausing ? [...list.calls] : undefined;
  state.pausedAt = state.came;
  pauseButton.setAttribute("aria-pressed", String(pausing));
  refresh();
}

/** @param {boolean} isOpen */
function setOverview(isOpen) {
  overview.classList.toggle("open", isOpen);
  overviewButton.setAttribute("aria-expanded", String(isOpen));
}

function openSelected() {
  const { selected } = timeline;
  if (selected === undefined) return;
  if (panel.showing?.kind === "call" && panel.showing.call === selected) panel.focus();
  else open(selected);
}

function copySelected() {
  if (timeline.selected === undefined) return;
  panel.showCall(timeline.selected);
  byId("panel", HTMLElement).querySelector("[data-command]")?.dispatchEvent(new MouseEvent("click"));
}

function storyOfSelected() {
  const [object] = timeline.selected === undefined ? [] : objectsOf(timeline.selected);
  if (object !== undefined) panel.showStory(object);
}

pauseButton.addEventListener("click", togglePause);
newestButton.addEventListener("click", () => {
  timeline.follow();
  grid.focus();
});
overviewButton.addEventListener("click", () => setOverview(!overview.classList.contains("open")));
byId("keys-button", HTMLButtonElement).addEventListener("click", () => keys.showModal());

listenForKeys({
  calls: byId("calls", HTMLElement),
  anywhere: {
    "/": () => filterForm.focus(),
    "?": () => keys.showModal(),
    p: () => {
      if (!pauseButton.hidden) togglePause();
    },
  },
  amongCalls: {
    j: () => timeline.move(1),
    k: () => timeline.move(-1),
    ArrowDown: () => timeline.move(1),
    ArrowUp: () => timeline.move(-1),
    PageDown: () => timeline.move(timeline.pageRows),
    PageUp: () => timeline.move(-timeline.pageRows),
    Home: () => timeline.move(-Infinity),
    End: () => {
      timeline.move(Infinity);
      timeline.follow();
    },
    Enter: openSelected,
    s: storyOfSelected,
    c: copySelected,
  },
  escape: () => {
    if (overview.classList.contains("open")) return setOverview(false);
    if (panel.showing !== undefined) return panel.back();
    grid.focus();
  },
});
