// The cases with an engine, judged: faults of volume plugins that a real engine uses are found.
import { rm, symlink } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { lab, type Host } from "@outrigger/e2e/lab";
import { assertFails, judgeOnHost } from "../../../e2e/conform-story.ts";
import { countOf, serveVolumeModel, type Fault, type ServedVolumeModel, type VolumeRequest } from "./volume-model.ts";

interface Broken extends Fault {
  readonly fails: Readonly<Record<string, RegExp>>;
  /** A case near to these that it passes. */
  readonly passes: string;
  /** Ends the engine, under which no other plugin can be judged meanwhile. */
  readonly alone?: true;
}

const broken: Readonly<Record<string, Broken>> = {
  "names are answered in capitals": {
    fails: { "VOL-E01": /the engine shows .* for the volume "or-/ },
    passes: "VOL-E08",
    handlers: (volumes) => ({
      "VolumeDriver.Get": ({ Name }: VolumeRequest) => ({
        Volume: { ...volumes.describe(volumes.existing(Name)), Name: Name.toUpperCase() },
      }),
    }),
  },
  "times are of now, and List is empty": {
    fails: {
      "VOL-E02": /Get says that .* is of 20/,
      "VOL-E08": /the engine warns of broken-1: .*cannot unmarshal object/,
    },
    passes: "VOL-E01",
    handlers: (volumes) => {
      let year = 2000;
      return {
        "VolumeDriver.Get": ({ Name }: VolumeRequest) => ({
          Volume: { ...volumes.describe(volumes.existing(Name)), CreatedAt: `${(year += 1)}-01-01T00:00:00Z` },
        }),
        "VolumeDriver.List": () => ({ Volumes: {} }),
      };
    },
  },
  "one ID mounts once": {
    // The copy into the container fails; after a crash of the engine the container would not start.
    fails: { "VOL-E05": /mounted by this ID already/ },
    passes: "VOL-E06",
    handlers: (volumes) => ({
      "VolumeDriver.Mount": (request: VolumeRequest) => {
        const { holds } = volumes.existing(request.Name);
        if ((holds[request.ID] ?? 0) > 0) throw new Error("mounted by this ID already");
        return volumes.mount(request);
      },
    }),
  },
  "a volume has one user": {
    fails: { "VOL-E04": /mounted by another ID/, "VOL-E10": /mounted by another ID/ },
    passes: "VOL-E03",
    handlers: (volumes) => ({
      "VolumeDriver.Mount": (request: VolumeRequest) =>
        volumes.turn(request.Name, () => {
          const { holds } = volumes.existing(request.Name);
          if (Object.entries(holds).some(([id, held]) => id !== request.ID && held > 0))
            throw new Error("mounted by another ID");
          return volumes.mount(request);
        }),
    }),
  },
  "a volume is emptied with its last Unmount": {
    fails: { "VOL-E03": /ended with 1: cat:/, "VOL-E06": /answered GET .*archive.* with 404/ },
    passes: "VOL-E04",
    handlers: (volumes) => ({
      "VolumeDriver.Unmount": (request: VolumeRequest) =>
        volumes.turn(request.Name, async () => {
          await volumes.unmount(request);
          if (countOf(volumes.existing(request.Name)) === 0)
            await rm(join(volumes.dataOf(request.Name), "file"), { force: true });
          return {};
        }),
    }),
  },
  "Remove does nothing": {
    fails: { "VOL-E07": /Get still knows/, "VOL-E09": /the anonymous volume .* is still there/ },
    passes: "VOL-E01",
    handlers: () => ({ "VolumeDriver.Remove": () => ({}) }),
  },
  "what was made is gone after a restart": {
    fails: { "VOL-E11": /the volume was not found in the driver/ },
    passes: "VOL-E01",
    onStart: (volumes) => volumes.all.clear(),
  },
  // An engine asks for the capabilities once in its life.
  "what was made is gone for another engine": {
    fails: { "VOL-E12": /GET .* with 404/, "VOL-E13": /GET .* with 404/ },
    passes: "VOL-E01",
    handlers: (volumes) => {
      let engines = 0;
      return {
        "VolumeDriver.Capabilities": () => {
          if ((engines += 1) > 1) volumes.all.clear();
          return { Capabilities: { Scope: "local" } };
        },
      };
    },
    alone: true,
  },
};

test(
  "broken volume plugins fail their own cases, through a real engine",
  { skip: lab.skip(), concurrency: true },
  async (t) => {
    await using host = await lab.host();
    await host.image("busybox");
    // All are served to the end: of a plugin that is gone, the engine waits for an answer at every turn.
    await using plugins = new AsyncDisposableStack();
    const all = await Promise.all(
      Object.entries(broken).map(async ([title, one], index) => {
        const name = `broken-${index}`;
        const served = plugins.use(await serveVolumeModel(one, host.share));
        const socket = served.address.replace("unix://", "");
        await symlink(socket, host.path(`/run/docker/plugins/${name}.sock`));
        return { title, one, judge: () => judgeBroken(host, { name, served, one }) };
      }),
    );
    const [alone, together] = [true, undefined].map((how) => all.filter(({ one }) => one.alone === how));
    await Promise.all(together?.map(({ title, judge }) => t.test(title, judge)) ?? []);
    for (const { title, judge } of alone ?? []) await t.test(title, judge);
  },
);

async function judgeBroken(
  host: Host,
  { name, served, one }: { name: string; served: ServedVolumeModel; one: Broken },
): Promise<void> {
  const { address, restart } = served;
  const only = [...Object.keys(one.fails), one.passes];
  assertFails(await judgeOnHost(host, { name, address, restart, only }), one.fails);
}
