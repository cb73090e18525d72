// A volume plugin in memory: enough to judge how requests are taken.
import type { Handlers } from "./model.ts";

interface Named {
  readonly Name?: string;
}

/** Handlers over volumes of their own. */
export function transportModel(): Handlers {
  const volumes = new Set<string>();
  const known = ({ Name = "" }: Named): string => {
    if (!volumes.has(Name)) throw new Error(`there is no volume "${Name}"`);
    return Name;
  };
  return {
    "Plugin.Activate": () => ({ Implements: ["VolumeDriver"] }),
    "VolumeDriver.Capabilities": () => ({ Capabilities: { Scope: "local" } }),
    "VolumeDriver.List": () => ({ Volumes: Array.from(volumes, (Name) => ({ Name })) }),
    "VolumeDriver.Create": ({ Name }: Named) => {
      if (typeof Name !== "string" || Name === "") throw new Error("a volume needs a Name");
      volumes.add(Name);
      return { Err: "" };
    },
    "VolumeDriver.Get": (request: Named) => ({ Volume: { Name: known(request) } }),
    "VolumeDriver.Mount": (request: Named) => ({ Mountpoint: `/nowhere/${known(request)}` }),
    "VolumeDriver.Unmount": (request: Named) => (known(request), {}),
    "VolumeDriver.Remove": (request: Named) => (volumes.delete(known(request)), {}),
  };
}
