// A plugin that does what the name of a volume says; started by the tests that end it.
import { setTimeout as sleep } from "node:timers/promises";
import { serve, type Call, type ServeOptions } from "../src/index.ts";
import { volumePlugin } from "./fixture.ts";

const deeds: Record<string, (call: Call) => unknown> = {
  throw: () => {
    throw new Error("thrown");
  },
  "throw-later": () => {
    setTimeout(() => {
      throw new Error("thrown later");
    }, 1);
    return new Promise(() => {});
  },
  "reject-later": () => {
    void sleep(1).then(() => Promise.reject(new Error("rejected later")));
    return new Promise(() => {});
  },
  "reject-apart": async () => {
    void Promise.reject(new Error("rejected apart"));
    await sleep(10);
  },
  "wait-500": () => sleep(500),
  wait: () => new Promise(() => {}),
  "until-abort": ({ signal }) =>
    new Promise((_, reject) => signal.addEventListener("abort", () => reject(signal.reason))),
  "show-systemd": () => {
    throw new Error(`LISTEN_FDS is ${process.env["LISTEN_FDS"]}`);
  },
  exit: () => process.exit(7),
  "crash-outside": () => void outside.push("crash-outside"),
  "reject-outside": () => void outside.push("reject-outside"),
};

/** Deeds that belong to no call: the loop below does them. */
const outside: string[] = [];

const options = JSON.parse(process.argv[2] ?? "{}") as ServeOptions;
const serving = await serve(
  volumePlugin({ remove: async ({ Name }, call) => void (await deeds[Name]?.(call)) }),
  options,
);
process.stdout.write(`serving ${JSON.stringify(serving.addresses)}\n`);
const loop = setInterval(() => {
  const deed = outside.shift();
  if (deed === "crash-outside") throw new Error("crashed outside");
  if (deed === "reject-outside") void Promise.reject(new Error("rejected outside"));
}, 5);
await serving.closed;
clearInterval(loop);
process.stdout.write("closed\n");
