// How stories are told: each on every engine at hand, each time on a host of its own.
import { test } from "node:test";
import { lab, type Host } from "@outrigger/e2e/lab";

/** Declares one test per engine. */
export function story(title: string, tell: (host: Host) => Promise<void>): void {
  for (const engine of lab.engines()) {
    test(`${title} (engine ${engine})`, { skip: lab.skip(engine) }, async (t) => {
      await using host = await lab.host({ engine });
      try {
        await tell(host);
      } catch (error) {
        t.diagnostic(`the engine's log ends: ${host.engine.log().slice(-2000)}`);
        throw error;
      }
    });
  }
}
