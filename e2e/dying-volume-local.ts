// volume-local in a process that is killed at one point of its work, for stories about crashes.
import { definePlugin, definePluginModule, defineOptions } from "@outrigger/plugin";
import { openVolumes, type Step } from "@outrigger/volume-core";
import { dir } from "../plugins/volume-local/src/dir.ts";

/** Where it can die: when a call has come in, and after each step of the core's. */
export type DeathPoint = Step | `${"create" | "mount" | "unmount" | "remove"}: arrived`;

/** What `outrigger serve` loads. */
export const plugin = definePluginModule({
  name: "dying-volume-local",
  doc: "volume-local in a process that is killed at one point of its work.",
  options: defineOptions({
    root: { type: "path", required: true, doc: "As volume-local's." },
    at: { type: "string", required: true, doc: "The point at which the process is killed." },
  }),
  async open({ root, at }, { name, log }) {
    const reach = (point: DeathPoint): void => {
      if (point === at) process.kill(process.pid, "SIGKILL");
    };
    const volumes = await openVolumes({ root, backend: dir, log, onStep: reach });
    const { driver, hooks } = volumes;
    const VolumeDriver: typeof driver = {
      ...driver,
      create: (...given) => (reach("create: arrived"), driver.create(...given)),
      mount: (...given) => (reach("mount: arrived"), driver.mount(...given)),
      unmount: (...given) => (reach("unmount: arrived"), driver.unmount(...given)),
      remove: (...given) => (reach("remove: arrived"), driver.remove(...given)),
    };
    return {
      ...definePlugin({ name, drivers: { VolumeDriver }, hooks }),
      [Symbol.asyncDispose]: () => volumes[Symbol.asyncDispose](),
    };
  },
});
