// volume-local, with what can be done to volumes beside the engine's calls on a socket of its own, with a clock and a death that
// stories set.
import { rm } from "node:fs/promises";
import { createServer, request, type IncomingMessage } from "node:http";
import { join } from "node:path";
import { definePlugin, definePluginModule, defineOptions } from "@outrigger/plugin";
import { openVolumes, type Volumes } from "@outrigger/volume-core";
import { backendsFor } from "../plugins/volume-local/src/backends.ts";
import { foreignOptions } from "../plugins/volume-local/src/foreign-options.ts";

/** What `outrigger serve` loads. */
export const plugin = definePluginModule({
  name: "volume-local-with-verbs",
  doc: "volume-local, with its verbs on a socket in its root.",
  options: defineOptions({
    root: { type: "path", required: true, doc: "As volume-local's." },
    "pool-size": { type: "size", doc: "As volume-local's; no pool where left out." },
    "upkeep-ms": { type: "integer", min: 1, max: 60_000, doc: "Between two rounds of upkeep.", default: 60_000 },
  }),
  async open({ root, "pool-size": poolSize, "upkeep-ms": upkeepMs }, { name, log }) {
    await using opening = new AsyncDisposableStack();
    let dieAt: string | undefined;
    let ahead = 0;
    const volumes = opening.use(
      await openVolumes({
        root,
        backend: backendsFor({ root, poolSize }),
        standardBackend: poolSize === undefined ? "dir" : "btrfs",
        foreignOptions,
        upkeepMs,
        seldomMs: upkeepMs,
        now: () => Date.now() + ahead,
        log,
        onStep: (step) => {
          if (step === dieAt) process.kill(process.pid, "SIGKILL");
        },
      }),
    );
    const settings = {
      dieAt: (step: string) => void (dieAt = step),
      /** Sets the clock forward that schedules go by. */
      putForward: (ms: number) => void (ahead = ms),
    };
    opening.use(await serveVerbs(join(root, "verbs.sock"), { ...verbsOf(volumes), ...settings }));
    const opened = opening.move();
    return {
      ...definePlugin({ name, drivers: { VolumeDriver: volumes.driver }, hooks: volumes.hooks }),
      [Symbol.asyncDispose]: () => opened.disposeAsync(),
    };
  },
});

/** Has a verb done by the plugin whose root this is; throws what it throws. */
export async function callVerb(root: string, verb: string, ...args: readonly unknown[]): Promise<unknown> {
  const calling = request({ socketPath: join(root, "verbs.sock"), method: "POST", path: "/" });
  const answered = new Promise<IncomingMessage>((resolve, reject) => {
    calling.once("response", resolve).once("error", reject);
  });
  calling.end(JSON.stringify({ verb, args }));
  // Written by `serveVerbs`.
  const { done, error } = JSON.parse(await textFrom(await answered)) as { done?: unknown; error?: string };
  if (error !== undefined) throw new Error(error);
  return done;
}

type Verbs = Readonly<Record<string, (...args: never[]) => unknown>>;

function verbsOf(volumes: Volumes): Verbs {
  const events: string[] = [];
  void (async () => {
    for await (const { volume, action, outcome } of volumes.events()) events.push(`${volume} ${action} ${outcome}`);
  })();
  return {
    snapshot: (name: string, snapshot: string) => volumes.snapshot(name, snapshot),
    restore: (name: string, snapshot: string) => volumes.restore(name, snapshot),
    resize: (name: string, size: number) => volumes.resize(name, size),
    send: (name: string, snapshot: string, file: string) => volumes.send(name, { snapshot, file }),
    receive: (name: string, snapshot: string, file: string) => volumes.receive(name, { snapshot, file }),
    stats: (name: string) => volumes.stats(name),
    snapshots: (name: string) => volumes.snapshots(name).map((snapshot) => snapshot.name),
    removed: () => volumes.removed(),
    bringBack: (id: string) => volumes.bringBack(id),
    purge: (id: string) => volumes.purge(id),
    check: () => volumes.check(),
    events: () => events,
  };
}

async function serveVerbs(file: string, verbs: Verbs): Promise<AsyncDisposable> {
  await rm(file, { force: true });
  const server = createServer((incoming, reply) => {
    void textFrom(incoming)
      .then(async (body) => {
        // Written by `callVerb`.
        const { verb, args } = JSON.parse(body) as { verb: string; args: never[] };
        const known = verbs[verb];
        if (known === undefined) throw new Error(`there is no verb "${verb}"`);
        return { done: await known(...args) };
      })
      .catch((error: unknown) => ({ error: error instanceof Error ? error.message : String(error) }))
      .then((answer) => reply.end(JSON.stringify(answer)));
  });
  await new Promise<void>((resolve, reject) => server.once("error", reject).listen(file, resolve));
  return {
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

async function textFrom(message: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of message) chunks.push(Buffer.from(chunk as Uint8Array));
  return Buffer.concat(chunks).toString();
}
