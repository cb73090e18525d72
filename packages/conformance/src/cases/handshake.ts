// HS: the handshake, which the engine sends to every plugin it sees.
import { protocols } from "@outrigger/protocol";
import type { ConformanceCase } from "../case.ts";
import { fieldOf } from "../json-field.ts";
import type { Trial } from "../trial.ts";
import { Violation } from "../violation.ts";

const activate = "Plugin.Activate";
const plugins = "moby/moby pkg/plugins/plugins.go";

const shared = { protocol: "handshake", severity: "MUST", rule: plugins } as const;

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
];

async function implemented(trial: Trial): Promise<readonly unknown[]> {
  const list = fieldOf(await trial.ok(activate), "Implements");
  if (!Array.isArray(list)) throw new Violation(`Implements has to be a list, and is ${JSON.stringify(list)}`);
  return list;
}

function protocolNames(): string {
  return Object.keys(protocols).join(", ");
}
