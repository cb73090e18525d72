// How stories are told: each on every engine at hand, each time on a host of its own.
import { test } from "node:test";
import { lab, type Host } from "@outrigger/e2e/lab";

/** Declares one test per engine. Where no host can be made it is skipped with the reason, and fails with CI=true. */
export function story(title: string, tell: (host: Host) => Promise<void>): void {
  const reason = lab.unavailable();
  if (reason !== undefined) {
    test(title, { skip: process.env.CI === "true" ? false : reason }, () => {
      throw new Error(reason);
    });
    return;
  }
  for (const engine of lab.engines()) {
    test(`${title} (engine ${engine})`, async (t) => {
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
