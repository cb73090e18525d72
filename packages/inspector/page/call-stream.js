// Calls from the command, as they are answered.
/** @import { CallRecord } from "../src/call-record.ts" */
/** @import { About } from "../src/web/serve-web-page.ts" */

/** @typedef {"connecting" | "live" | "lost" | "ended"} ConnectionState */

/**
 * Follows the command's calls. The browser connects again by itself, and goes on after the call it saw last.
 *
 * @param {object} on
 * @param {(about: About) => void} on.about
 * @param {(call: CallRecord, place: number) => void} on.call place counts all calls, also those that are let go
 * @param {(state: ConnectionState) => void} on.state
 */
export function followCalls(on) {
  const source = new EventSource("events");
  source.addEventListener("open", () => on.state("live"));
  // A browser gives up where it is answered, but refused: another command has this port by now.
  source.addEventListener("error", () => on.state(source.readyState === EventSource.CLOSED ? "ended" : "lost"));
  source.addEventListener("about", ({ data }) => on.about(JSON.parse(data)));
  source.addEventListener("message", ({ data, lastEventId }) => on.call(JSON.parse(data), Number(lastEventId)));
}
