// The cases with an engine, judged: faults of a plugin that a real engine uses are found.
import assert from "node:assert/strict";
import { writeFile } from "node:fs/promises";
import { test } from "node:test";
import { lab, type Host } from "@outrigger/e2e/lab";
import { messagesOf } from "./judge-volumes.ts";
import { idsOf, judge } from "./model.ts";
import { serveVolumeModel, type KnownFault, type ServedVolumeModel, type VolumeRequest } from "./volume-model.ts";

const faults: Readonly<Record<string, KnownFault>> = {
  none: { fails: [] },
  // The copy into the container fails; after a crash of the engine the container would not start.
  "collects-ids": {
    fails: ["VOL-E05"],
    handlers: (volumes) => ({
      "VolumeDriver.Mount": (request: VolumeRequest) => {
        if ((volumes.existing(request.Name).holds[request.ID] ?? 0) > 0) throw new Error("mounted by this id already");
        return volumes.mount(request);
      },
    }),
  },
  // The time is of this moment, whoever asks.
  lies: {
    fails: ["VOL-E02", "VOL-E08"],
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
};

test("a plugin's faults are found through a real engine", { skip: lab.skip(), concurrency: true }, async (t) => {
  await using host = await lab.host();
  await host.image("busybox");
  // All are served to the end: of a plugin that is gone, the engine waits for an answer at every turn.
  await using plugins = new AsyncDisposableStack();
  const judged: Promise<void>[] = [];
  for (const [driver, fault] of Object.entries(faults)) {
    const served = plugins.use(await serveVolumeModel(fault, host.share));
    await writeFile(host.path(`/etc/docker/plugins/${driver}.spec`), served.address);
    const { fails } = fault;
    judged.push(t.test(driver, () => judgeOn(host, { driver, fails, served })));
  }
  await Promise.all(judged);
});

interface Judged {
  readonly driver: string;
  readonly fails: readonly string[];
  readonly served: ServedVolumeModel;
}

async function judgeOn(host: Host, { driver, fails, served }: Judged): Promise<void> {
  const engine = { socket: host.engine.socket, driver, image: "busybox" };
  const setting = { engine, restart: served.restart, callLimitMs: 60_000 };
  const result = await judge(served.address, { only: engineCases, setting });
  assert.deepEqual(idsOf(result, "failed"), fails, messagesOf(result).join("\n"));
  assert.deepEqual(idsOf(result, "skipped"), ["VOL-E12", "VOL-E13"]);
}

const engineCases = Array.from({ length: 13 }, (_, index) => `VOL-E${`${index + 1}`.padStart(2, "0")}`);
