import { engineVersions, unavailable } from "./engine-root.ts";
import { createHost, type Host, type HostOptions } from "./host.ts";

export type { Engine, EngineOptions } from "./engine.ts";
export type { Host, HostOptions } from "./host.ts";

/** Private hosts with real engines, for stories. */
export const lab = {
  /** Why there can be no host with this engine here, or with any, and the way out; undefined where there can. */
  unavailable,
  /** What a story gives node:test as `skip`: the reason where there is no lab. On CI nothing is skipped, it fails. */
  skip: (engine?: string): string | false => (process.env.CI === "true" ? false : (unavailable(engine) ?? false)),
  /** The versions that every story is told on, whether they are at hand or not. */
  engines: engineVersions,
  /** A host with a running engine. Throws where there can be none, with the reason. */
  host: async (options?: HostOptions): Promise<Host> => {
    const host = await createHost(options);
    try {
      await host.engine.start();
      return host;
    } catch (error) {
      await host[Symbol.asyncDispose]();
      throw error;
    }
  },
};
