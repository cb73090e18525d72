import { setTimeout as wait } from "node:timers/promises";
import { backWithinMs, restartRemedy, type Trial } from "../trial.ts";
import { Skip, Violation } from "../violation.ts";
import type { Call } from "./probes.ts";

/** How a plugin is ended, and what is done while it is gone. */
export interface QuietRestart {
  readonly how: "SIGKILL" | "SIGTERM";
  /** Sent until it succeeds: all that the plugin gets, as an engine that knows it sends no handshake. */
  readonly call: Call;
  readonly whileDown?: () => Promise<void>;
}

/** Ends the plugin and starts it again without a handshake. Throws where it is not back in time. */
export async function restartQuietly(trial: Trial, { how, call, whileDown }: QuietRestart): Promise<void> {
  const { restart } = trial.setting;
  if (restart === undefined) throw new Skip(`the plugin cannot be restarted from here; ${restartRemedy}`);
  await restart(how, whileDown);
  const limit = performance.now() + backWithinMs(trial.setting);
  let why = "";
  while (performance.now() < limit) {
    try {
      const answer = await trial.send(call.method, call.request, { deadlineMs: 2000 });
      if (answer.failure === undefined) return;
      why = answer.failure;
    } catch (error) {
      if (!(error instanceof Violation)) throw error;
      why = error.message;
    }
    await wait(20, undefined, { signal: trial.signal });
  }
  throw new Violation(`${call.method} does not work soon after ${how} and a start, without a handshake: ${why}`);
}
