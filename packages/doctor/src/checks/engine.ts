// The engine itself: whether it answers, what it is told, and what its release is known for.
import { quoted, type Check } from "../check.ts";
import { hazards, parseVersion } from "../hazards.ts";

const engineHung: Check = {
  id: "engine-hung",
  title: "An engine that runs and does not answer.",
  find: ({ engine, plugins }) => {
    if (engine?.process === undefined || engine.api.state === "answers" || engine.api.state === "forbidden") return [];
    const { process: owner, stopped, api } = engine;
    const how = stopped
      ? "is stopped by a signal"
      : api.state === "silent"
        ? "does not answer"
        : `cannot be asked: ${api.why}`;
    const suspects = plugins.filter(({ state }) => state === "silent").map(({ name }) => name);
    const suspicion = suspects.length === 0 ? "" : `; plugin ${suspects.join(", ")} is silent, restart that first`;
    return [
      {
        severity: "error",
        object: "dockerd",
        what: `the engine ${how}`,
        owner,
        cost: "no docker command works; containers go on",
        remedy: stopped
          ? `kill -CONT ${owner.pid}`
          : `see where it waits: kill -USR1 ${owner.pid} writes its stacks to a file and the path to its log${suspicion}`,
      },
    ];
  },
};

const badConfig: Check = {
  id: "bad-daemon-json",
  title: "A daemon.json that the engine cannot read, with the place of the fault.",
  find: ({ engine }) =>
    engine?.config.problem === undefined
      ? []
      : [
          {
            severity: "error",
            object: engine.config.file,
            what: engine.config.problem,
            cost: "the engine does not start, and a running one keeps what it had",
            remedy: `mend ${quoted(engine.config.file)}; dockerd --validate --config-file ${quoted(engine.config.file)} says whether it is right`,
          },
        ],
};

const unreadState: Check = {
  id: "unread-state",
  title: "State of the engine that could not be read, so that some checks did not run.",
  find: ({ engine }) =>
    (engine?.state.unread ?? []).map((why) => ({
      severity: "note",
      object: engine?.dataRoot ?? "",
      what: `could not be read: ${why}`,
      cost: "who needs which driver is not known in full",
      remedy: "run outrigger doctor as root; if it was, try again, for the engine may have been writing",
    })),
};

const knownHazard: Check = {
  id: "engine-hazard",
  title: "A release of the engine with a known fault that concerns the plugins in use.",
  find: (facts) => {
    const { engine } = facts;
    if (engine?.api.state !== "answers") return [];
    const version = parseVersion(engine.api.version);
    if (version === undefined) return [];
    return hazards
      .filter((hazard) => hazard.affects(version) && hazard.concerns(facts))
      .map(({ id, severity, what, cost, remedy }) => ({
        severity,
        object: `engine ${engine.api.state === "answers" ? engine.api.version : ""}`,
        what: `${id}: ${what}`,
        cost,
        remedy,
      }));
  },
};

/** The checks of this theme. */
export const engineChecks: readonly Check[] = [engineHung, badConfig, unreadState, knownHazard];
