// What `outrigger dev` says: lines for people, or one JSON object a line.
import { relative } from "node:path";
import { formatCall } from "./call-line.ts";
import { paint, print, printable } from "./output.ts";
import type { ServeEvent } from "./serve-log.ts";

/** What there is to say. */
export interface DevTalk {
  /** A call, or a line of the plugin's log. */
  readonly event: (event: ServeEvent) => void;
  /** A line that the plugin printed itself. */
  readonly line: (line: string) => void;
  readonly serving: (plugin: string, what: { protocols: readonly string[]; address: string }) => void;
  readonly changed: (files: readonly string[]) => void;
  /** It did not come up, or ended; `next` is what happens now. */
  readonly failed: (text: string, next: string) => void;
}

/** Says it on standard output. */
export function createDevTalk(options: { json: boolean }): DevTalk {
  return options.json ? jsonTalk : textTalk;
}

const textTalk: DevTalk = {
  event(event) {
    if (event.event === "call") print(formatCall(event));
    else if (event.event === "log") {
      const error = event.error === undefined ? "" : `: ${event.error}`;
      print(printable(`${event.plugin}: ${event.message}${error}`));
    }
  },
  line: (line) => print(printable(line)),
  serving(plugin, { protocols, address }) {
    print(paint("green", `${plugin} serves ${protocols.join(", ")} at ${address}`));
  },
  changed: (files) => print(paint("dim", `changed: ${printable(files.map(fromHere).join(", "))}`)),
  failed: (text, next) => print(...text.split("\n").map((line) => paint("red", printable(line))), paint("dim", next)),
};

const jsonTalk: DevTalk = {
  event: (event) => {
    if (event.event === "call" || event.event === "log") print(JSON.stringify(event));
  },
  line: (text) => say("line", { text }),
  serving: (plugin, what) => say("serving", { plugin, ...what }),
  changed: (files) => say("changed", { files }),
  failed: (text, next) => say("failed", { text, next }),
};

function say(event: string, fields: object): void {
  print(JSON.stringify({ time: new Date().toISOString(), event, ...fields }));
}

function fromHere(file: string): string {
  return relative(process.cwd(), file);
}
