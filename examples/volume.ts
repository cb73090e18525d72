// Folders as volumes: `docker volume create -d folders data`. What survives a crash, who holds a volume and what a name
// may be is the core's business; a backend says where the data lives.
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { definePlugin, serve } from "@outrigger/plugin";
import { openVolumes } from "@outrigger/volume-core";

await using volumes = await openVolumes({
  root: "/var/lib/folders",
  backend: {
    name: "folders",
    options: {},
    provision: async ({ folder }) => void (await mkdir(join(folder, "data"), { recursive: true })),
    attach: async ({ folder }) => join(folder, "data"),
    detach: async () => {},
    destroy: async () => {},
  },
});
const plugin = definePlugin({ name: "folders", drivers: { VolumeDriver: volumes.driver }, hooks: volumes.hooks });
const serving = await serve(plugin);
await serving.closed;
