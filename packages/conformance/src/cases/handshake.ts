// HS: the handshake, which the engine sends to every plugin it sees.
import { protocols, type Protocol } from "@outrigger/protocol";
import type { ConformanceCase } from "../case.ts";
import type { Trial } from "../trial.ts";
import { Violation } from "../violation.ts";
import { atOnce } from "./at-once.ts";
import { implemented, kindsOf } from "./kinds.ts";
import { probeOf } from "./probes.ts";
import { restartQuietly } from "./quiet-restart.ts";

const activate = "Plugin.Activate";
const client = "moby/moby pkg/plugins/client.go";

const shared = { protocol: "handshake", severity: "MUST", rule: "moby/moby pkg/plugins/plugins.go" } as const;

/** The cases of the handshake. */
export const handshakeCases: readonly ConformanceCase[] = [
  {
    ...shared,
    id: "HS-01",
    title: "Activate with an empty body is answered with 200 and a list Implements",
    judge: async (trial) => void (await implemented(trial)),
  },
  {
    ...shared,
    id: "HS-02",
    title: "Implements names at least one protocol of Docker, in its exact case",
    judge: async (trial) => {
      const names = await implemented(trial);
      if (names.some((name) => typeof name === "string" && Object.hasOwn(protocols, name))) return;
      throw new Violation(`Implements is ${JSON.stringify(names)}; none of these is one of ${protocolNames()}`);
    },
  },
  {
    ...shared,
    id: "HS-03",
    title: "Entries of Implements are strings, and no protocol stands there in another case",
    judge: async (trial) => {
      for (const name of await implemented(trial)) {
        if (typeof name !== "string") throw new Violation(`an entry of Implements is ${JSON.stringify(name)}`);
        const meant = Object.keys(protocols).find((one) => one.toLowerCase() === name.toLowerCase());
        if (meant !== undefined && meant !== name) throw new Violation(`Implements has "${name}"; write "${meant}"`);
      }
    },
  },
  {
    ...shared,
    id: "HS-04",
    title: "Activate needs no Content-Type",
    rule: client,
    judge: async (trial) => void (await trial.ok(activate, "", { headers: { "Content-Type": undefined } })),
  },
  {
    ...shared,
    id: "HS-05",
    severity: "SHOULD",
    title: "Activate is answered within a second",
    judge: async (trial) => {
      const limitMs = 1000;
      const times: number[] = [];
      // A busy machine is not the plugin's fault: the best of three counts.
      for (let attempt = 0; attempt < 3; attempt++) {
        const { reply } = await trial.send(activate);
        if (reply.milliseconds < limitMs) return;
        times.push(Math.round(reply.milliseconds));
      }
      throw new Violation(`took ${times.join(", ")} ms; \`docker volume ls\` waits for it, for every user`);
    },
  },
  {
    ...shared,
    id: "HS-06",
    title: "Activate gives the same answer each time",
    judge: async (trial) => {
      const first = JSON.stringify(await implemented(trial));
      for (const turn of ["second", "third"]) {
        const again = JSON.stringify(await implemented(trial));
        if (again !== first) throw new Violation(`the ${turn} Activate names ${again}, the first ${first}`);
      }
    },
  },
  {
    ...shared,
    id: "HS-07",
    severity: "SHOULD",
    title: "Ten Activates at once are all answered",
    judge: async (trial) => void (await atOnce(10, () => implemented(trial))),
  },
  {
    ...shared,
    id: "HS-08",
    title: "After a restart of the plugin, calls work without a new handshake",
    needs: ["restart"],
    judge: async (trial) => {
      const { quiet } = await probeOf(trial);
      await restartQuietly(trial, { how: "SIGKILL", call: quiet });
    },
  },
  {
    ...shared,
    id: "HS-09",
    title: "Each protocol of Implements answers the first call that the engine sends it",
    rule: client,
    judge: async (trial) => {
      for (const kind of await kindsOf(trial)) await answersFirstCall(trial, kind);
    },
  },
  {
    ...shared,
    id: "HS-10",
    severity: "MAY",
    title: "Activate with a body is answered as without one",
    judge: async (trial) => {
      for (const body of ["{}", '{"Unknown":["field"]}']) await trial.ok(activate, body);
    },
  },
];

/** The calls by which an engine finds out what a driver can; a log, a secret or metrics are not asked for on a whim. */
const firstCalls: Readonly<Record<string, { method: string; request?: object }>> = {
  VolumeDriver: { method: "VolumeDriver.Capabilities" },
  NetworkDriver: { method: "NetworkDriver.GetCapabilities" },
  IpamDriver: { method: "IpamDriver.GetDefaultAddressSpaces" },
  LogDriver: { method: "LogDriver.Capabilities" },
  authz: { method: "AuthZPlugin.AuthZReq", request: { RequestMethod: "GET", RequestUri: "/_ping" } },
};

async function answersFirstCall(trial: Trial, kind: string): Promise<void> {
  const call = firstCalls[kind];
  if (call === undefined) return;
  const known: Protocol | undefined = Object.values(protocols).find(({ name }) => name === kind);
  const described = Object.values(known?.methods ?? {}).find(({ path }) => path === call.method);
  const answer = await trial.send(call.method, call.request);
  if (answer.failure === undefined || described?.optional === "any-error") return;
  throw new Violation(`Implements names ${kind}, but ${call.method} was refused: ${answer.failure}`);
}

function protocolNames(): string {
  return Object.keys(protocols).join(", ");
}
