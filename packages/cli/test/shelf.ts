// A plugin for the tests: volumes in memory, options of every kind, and calls that go wrong.
import { setTimeout as sleep } from "node:timers/promises";
import { definePlugin, definePluginModule } from "@outrigger/plugin";
import { DriverError, encodeLogEntry } from "@outrigger/protocol";

export const plugin = definePluginModule({
  name: "shelf",
  doc: "Volumes that exist only as long as the process.",
  options: {
    root: { type: "path", default: "/shelf", doc: "Where the volumes claim to be." },
    size: { type: "size", doc: "How much fits." },
    dark: { type: "boolean", doc: "No light." },
    wood: { type: "choice", of: ["oak", "pine"], default: "oak", doc: "What it is made of." },
    token: { type: "string", secret: true, doc: "Opens the glass door." },
    group: { type: "string", doc: "Named like a flag of serve." },
    failToOpen: { type: "boolean", doc: "Do not open." },
    waitToOpen: { type: "boolean", doc: "Do not open before it is too late." },
  },
  async open(config, { name, log, signal }) {
    if (config.failToOpen) throw new Error("the shelf is nailed up");
    if (config.waitToOpen) {
      log.info("waiting");
      await sleep(2 ** 31 - 1, undefined, { signal });
    }
    log.info(`made of ${config.wood}${config.token === undefined ? "" : ", locked"}`);
    const volumes = new Map<string, Record<string, unknown>>();
    return {
      ...definePlugin({
        name,
        drivers: {
          VolumeDriver: {
            async create({ Name, Opts }) {
              if (Name === "forever") {
                log.info(Name);
                await new Promise(() => {});
              }
              volumes.set(Name, Opts ?? {});
            },
            remove: ({ Name }) => void volumes.delete(Name),
            path: ({ Name }) => ({ Mountpoint: `${config.root}/${Name}` }),
            mount: ({ Name }) => ({ Mountpoint: `${config.root}/${Name}` }),
            unmount: ({ Name }) => {
              // Outside of the call's promise: nobody is there to catch it.
              setImmediate(() => {
                throw new Error(`${Name} fell off the shelf`);
              });
              return new Promise(() => {});
            },
            get: ({ Name }) => {
              if (!volumes.has(Name)) throw new DriverError(`no volume "${Name}"; create it first`);
              return { Volume: { Name } };
            },
            list: () => ({ Volumes: [...volumes.keys()].map((Name) => ({ Name })) }),
          },
          secretprovider: { getSecret: () => ({ Value: Buffer.from("hunter2") }) },
          LogDriver: {
            startLogging: () => {},
            stopLogging: () => {},
            capabilities: () => ({ Cap: { ReadLogs: true } }),
            async *readLogs() {
              for (const line of ["one\n", "t\u001b[31mwo\n"]) {
                yield encodeLogEntry({ source: "stdout", timeNano: 0n, line: Buffer.from(line), partial: false });
              }
            },
          },
        },
      }),
      [Symbol.asyncDispose]: async () => log.info("taken down"),
    };
  },
});
