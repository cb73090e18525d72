import { connect, createClient, type Client } from "@outrigger/engine";
import { definePlugin, serve } from "@outrigger/plugin";
import { volumeDriver } from "@outrigger/protocol";
import { openVolumes, type Step, type Volumes } from "@outrigger/volume-core";
import { dir } from "../src/dir.ts";

/** Where a plugin keeps its volumes and its socket. */
export interface Place {
  readonly root: string;
  readonly pluginsDir: string;
}

/** Volumes on folders, served on a socket. */
export interface ServedVolumes extends AsyncDisposable {
  readonly volumes: Volumes;
}

/** Serves volumes in this process. */
export async function serveVolumes({ root, pluginsDir }: Place, onStep?: (step: Step) => void): Promise<ServedVolumes> {
  const volumes = await openVolumes({ root, backend: dir, ...(onStep && { onStep }) });
  const serving = await serve(
    definePlugin({ name: "volume-local", drivers: { VolumeDriver: volumes.driver }, hooks: volumes.hooks }),
    { pluginsDir, signals: false, containCrashes: false },
  );
  return {
    volumes,
    async [Symbol.asyncDispose]() {
      await serving[Symbol.asyncDispose]();
      await volumes[Symbol.asyncDispose]();
    },
  };
}

/** Calls that go to whoever serves at a place. */
export interface VolumeClient extends AsyncDisposable {
  readonly driver: Client<typeof volumeDriver>;
}

/** Calls the plugin as the engine does. */
export async function connectVolumes({ pluginsDir }: Place): Promise<VolumeClient> {
  const connection = await connect(`unix://${pluginsDir}/volume-local.sock`);
  return {
    driver: createClient(volumeDriver, connection),
    [Symbol.asyncDispose]: () => connection[Symbol.asyncDispose](),
  };
}
