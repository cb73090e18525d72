// The plugin that is measured: volumes in memory, like go-plugin, one process for any number of plugins.
//
//   node volume-plugin.ts SOCKET...
import { basename } from "node:path";
import { definePlugin, serve, type Plugin } from "@outrigger/plugin";
import { DriverError } from "@outrigger/protocol";

interface Volume {
  readonly mountpoint: string;
  readonly createdAt: string;
  readonly mounts: Map<string, number>;
}

function createPlugin(name: string): Plugin {
  const volumes = new Map<string, Volume>();

  const find = (name: string): Volume => {
    const volume = volumes.get(name);
    if (volume === undefined) throw new DriverError(`volume "${name}" does not exist`);
    return volume;
  };
  const describe = (Name: string, { createdAt: CreatedAt, mounts, mountpoint }: Volume) =>
    mounts.size === 0 ? { Name, CreatedAt } : { Name, CreatedAt, Mountpoint: mountpoint };

  return definePlugin({
    name,
    drivers: {
      VolumeDriver: {
        create({ Name }) {
          if (volumes.has(Name)) return;
          volumes.set(Name, {
            mountpoint: `/var/lib/volumes/${Name}`,
            createdAt: "2024-01-01T00:00:00Z",
            mounts: new Map(),
          });
        },
        remove({ Name }) {
          if (find(Name).mounts.size > 0) throw new DriverError(`volume "${Name}" is mounted`);
          volumes.delete(Name);
        },
        mount({ Name, ID }) {
          const { mounts, mountpoint } = find(Name);
          mounts.set(ID, (mounts.get(ID) ?? 0) + 1);
          return { Mountpoint: mountpoint };
        },
        unmount({ Name, ID }) {
          const { mounts } = find(Name);
          const left = (mounts.get(ID) ?? 0) - 1;
          if (left > 0) mounts.set(ID, left);
          else mounts.delete(ID);
        },
        path: ({ Name }) => ({ Mountpoint: find(Name).mountpoint }),
        get: ({ Name }) => ({ Volume: describe(Name, find(Name)) }),
        list: () => ({ Volumes: [...volumes].map(([name, volume]) => describe(name, volume)) }),
        capabilities: () => ({ Capabilities: { Scope: "local" } }),
      },
    },
  });
}

for (const unix of process.argv.slice(2)) await serve(createPlugin(basename(unix, ".sock")), { listen: { unix } });
