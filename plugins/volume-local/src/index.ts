import { definePlugin, definePluginModule } from "@outrigger/plugin";
import { openVolumes } from "@outrigger/volume-core";
import { config } from "./config.ts";
import { dir } from "./dir.ts";

/** Volumes on this host's own storage. */
export const plugin = definePluginModule({
  name: "volume-local",
  doc: "Volumes on this host's own storage: each is a folder.",
  options: config,
  async open({ root }, { name, log }) {
    const volumes = await openVolumes({ root: root ?? `/var/lib/outrigger/${name}`, backend: dir, log });
    return {
      ...definePlugin({ name, drivers: { VolumeDriver: volumes.driver }, hooks: volumes.hooks }),
      [Symbol.asyncDispose]: () => volumes[Symbol.asyncDispose](),
    };
  },
});
