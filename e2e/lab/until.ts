import { setTimeout as wait } from "node:timers/promises";

/** Waits for a condition. Throws where it has not come after half a minute, with what was waited for. */
export async function until(what: string, condition: () => boolean | Promise<boolean>): Promise<void> {
  const limit = performance.now() + 30_000;
  while (!(await condition())) {
    if (performance.now() > limit) throw new Error(`waited in vain for half a minute: ${what}`);
    await wait(20);
  }
}
