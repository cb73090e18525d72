import type { ConformanceCase, Need } from "./case.ts";
import type { Setting } from "./setting.ts";
import { restartRemedy } from "./trial.ts";

/** Why a case cannot be judged in a setting, with the way out; undefined where it can. */
export function missing(one: ConformanceCase, setting: Setting): string | undefined {
  return (one.needs ?? []).map((need) => lacks[need](setting)).find((why) => why !== undefined);
}

const lacks: Readonly<Record<Need, (setting: Setting) => string | undefined>> = {
  mountpoints: ({ hostRoot }) =>
    hostRoot === false
      ? "the plugin's mountpoints are not seen from here; run on its host, or name its root folder with --host-root"
      : process.getuid?.() === 0
        ? undefined
        : "needs root to write to the plugin's mountpoints; run as root",
  links: ({ hostRoot }) =>
    hostRoot === false ? "the plugin's network interfaces are not seen from here; run on its host" : undefined,
  restart: ({ restart }) =>
    restart === undefined ? `the plugin cannot be restarted from here; ${restartRemedy}` : undefined,
  engine: ({ engine }) =>
    engine === undefined
      ? "no Docker Engine was given; name the socket of one that has the plugin with --engine"
      : undefined,
  slow: ({ slow }) => (slow === true ? undefined : "takes long; ask for it with --slow"),
  chaos: ({ chaos }) => (chaos === true ? undefined : "kills the plugin; ask for it with --chaos"),
  fifo: ({ makeFifo, hostRoot }) => {
    if (hostRoot === false) return "the plugin's files are not seen from here; run on its host";
    return makeFifo === undefined ? "pipes cannot be made from here" : undefined;
  },
  secret: ({ secret }) =>
    secret === undefined ? "no secret of the plugin is known; name one that it has with --secret" : undefined,
};
