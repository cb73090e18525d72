import { engineVersions, unavailable } from "./engine-root.ts";
import { createHost, type Host, type HostOptions } from "./host.ts";
import { connectHosts, type Hosts } from "./network.ts";

export { skipWithoutBrowser, startBrowser } from "./browser.ts";
export type { Engine, EngineOptions } from "./engine.ts";
export type { Host, HostOptions } from "./host.ts";
export type { ConnectedHost, Hosts } from "./network.ts";

/** Private hosts with real engines, for stories. */
export const lab = {
  /** Why there can be no host with this engine here, or with any, and the way out; undefined where there can. */
  unavailable,
  /** What a story gives node:test as `skip`: the reason where there is no lab. On CI nothing is skipped, it fails. */
  skip: (engine?: string): string | false => (process.env.CI === "true" ? false : (unavailable(engine) ?? false)),
  /** The versions that every story is told on, whether they are at hand or not. */
  engines: engineVersions,
  /** A host with a running engine. Throws where there can be none, with the reason. */
  host,
  /** Hosts with running engines on one bridge, as many as asked for. */
  hosts,
};

async function host(options?: HostOptions): Promise<Host> {
  await using opening = new AsyncDisposableStack();
  const made = opening.use(await createHost(options));
  await made.engine.start();
  opening.move();
  return made;
}

async function hosts(count: number, options?: HostOptions): Promise<Hosts> {
  await using opening = new AsyncDisposableStack();
  const making = Array.from({ length: count }, async () => opening.use(await host(options)));
  const made = (await Promise.allSettled(making)).map((one) => {
    if (one.status === "rejected") throw one.reason;
    return one.value;
  });
  const connected = opening.use(await connectHosts(made));
  const opened = opening.move();
  return { ...connected, [Symbol.asyncDispose]: () => opened.disposeAsync() };
}
