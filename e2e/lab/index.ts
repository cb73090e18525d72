import { engineRoots, unavailable } from "./engine-root.ts";
import { createHost, type Host, type HostOptions } from "./host.ts";

export type { Engine, EngineOptions } from "./engine.ts";
export type { Host, HostOptions } from "./host.ts";

/** Private hosts with real engines, for stories. */
export const lab = {
  /** Why there can be no host here, with the way out; undefined where there can. */
  unavailable,
  /** The engines at hand, by version. */
  engines: (): string[] => engineRoots().map((root) => root.version),
  /** A host with a running engine. */
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
