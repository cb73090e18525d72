import { mkdir, realpath } from "node:fs/promises";
import { definePlugin, definePluginModule } from "@outrigger/plugin";
import { openVolumes } from "@outrigger/volume-core";
import { backendsFor } from "./backends.ts";
import { config } from "./config.ts";
import { foreignOptions } from "./foreign-options.ts";
import { serveApi } from "./serve-api.ts";

/** Volumes on this host's own storage. */
export const plugin = definePluginModule({
  name: "volume-local",
  doc: "Volumes on this host's own storage: folders, btrfs subvolumes, file systems of a fixed size, or memory.",
  options: config,
  async open(options, { name, log }) {
    const wanted = options.root ?? `/var/lib/outrigger/${name}`;
    await mkdir(wanted, { recursive: true, mode: 0o700 });
    // As the kernel shows it in mountinfo.
    const root = await realpath(wanted);
    const poolSize = options.pool === "auto" ? (options["pool-size"] ?? 20 * 2 ** 30) : undefined;
    const volumes = await openVolumes({
      root,
      backend: backendsFor({ root, poolSize }),
      standardBackend: options.backend ?? (poolSize === undefined ? "dir" : "btrfs"),
      foreignOptions,
      trashKeepMs: (options["trash-days"] ?? 7) * 86_400_000,
      log,
    });
    const api = await serveApi(options, { name, root, verbs: volumes, log }).catch(async (error: unknown) => {
      await volumes[Symbol.asyncDispose]();
      throw error;
    });
    return {
      ...definePlugin({ name, drivers: { VolumeDriver: volumes.driver }, hooks: volumes.hooks }),
      [Symbol.asyncDispose]: async () => {
        await api?.[Symbol.asyncDispose]();
        await volumes[Symbol.asyncDispose]();
      },
    };
  },
});
