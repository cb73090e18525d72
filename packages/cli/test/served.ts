import { createLogger, serve, type Serving } from "@outrigger/plugin";
import { PassThrough } from "node:stream";
import type { Scratch } from "./scratch.ts";
import { plugin as shelf } from "./shelf.ts";

/** Serves the test plugin in this process, under a name. */
export async function serveShelf(place: Scratch, name: string): Promise<Serving> {
  const quiet = createLogger({ out: new PassThrough().resume(), err: new PassThrough().resume() });
  const { signal } = new AbortController();
  const plugin = await shelf.open({ root: "/shelf", wood: "oak" }, { name, log: quiet, signal });
  return serve(plugin, { pluginsDir: place.plugins, signals: false });
}
