// Folders as volumes: `docker volume create -d folders data`. What survives a crash, who holds a volume and what a name
// may be is the core's business; a backend says where the data lives.
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { definePlugin, definePluginModule } from "@outrigger/plugin";
import { openVolumes } from "@outrigger/volume-core";

export const plugin = definePluginModule({
  name: "folders",
  doc: "A folder for each volume.",
  options: { root: { type: "path", default: "/var/lib/folders", doc: "Where all of it is kept." } },
  async open({ root }, { name, log }) {
    const volumes = await openVolumes({
      root,
      log,
      backend: {
        name: "folder",
        options: {},
        provision: async ({ folder }) => void (await mkdir(join(folder, "data"), { recursive: true })),
        attach: async ({ folder }) => join(folder, "data"),
        detach: async () => {},
        destroy: async () => {},
      },
    });
    return {
      ...definePlugin({ name, drivers: { VolumeDriver: volumes.driver }, hooks: volumes.hooks }),
      [Symbol.asyncDispose]: () => volumes[Symbol.asyncDispose](),
    };
  },
});
