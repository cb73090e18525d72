// Volumes and containers on them, by a Docker Engine's API.
import { engineOf, type TrialEngine } from "../engine-api.ts";
import type { Trial } from "../trial.ts";
import { Violation } from "../violation.ts";
import { optionsOf, show } from "./volume-steps.ts";

/** A volume made through the engine, and what containers do with it at /data. */
export interface EngineVolume {
  readonly engine: TrialEngine;
  readonly name: string;
  /** Makes it, for the second time or after it was removed. */
  make(): Promise<void>;
  /** Makes a container, and returns its name. */
  create(script: string): Promise<string>;
  /** Runs a script in a container of its own. */
  run(script: string): Promise<string>;
  /** Has a container write a file. */
  write(text: string): Promise<void>;
  /** Has a container read what `write` wrote. */
  assertReads(text: string, when: string): Promise<void>;
  /** Starts a container that waits for the text "late", and prints it. */
  startWaiting(): Promise<string>;
  assertWaiterReads(container: string, text: string): Promise<void>;
}

/** Makes a volume that goes away at the trial's end. */
export async function withVolume(trial: Trial): Promise<EngineVolume> {
  const engine = engineOf(trial);
  const name = trial.name();
  const host = { Binds: [`${name}:/data`] };
  const make = async (): Promise<void> => {
    const DriverOpts = optionsOf(trial);
    await engine.ok("POST", "/volumes/create", { Name: name, Driver: engine.driver, DriverOpts });
  };
  const assertIs = (printed: string, { text, when }: { text: string; when: string }): void => {
    if (printed.trim() !== text)
      throw new Violation(`a container read ${show(printed)} from a volume with "${text}", when ${when}`);
  };
  // A container that is still there holds the volume; it was made later, and so goes first.
  engine.deleteLater(`/volumes/${name}`);
  await make();
  const volume: EngineVolume = {
    engine,
    name,
    make,
    create: (script) => engine.createContainer({ script, host }),
    run: (script) => engine.run({ script, host }),
    write: async (text) => void (await volume.run(`echo ${text} >/data/file`)),
    assertReads: async (text, when) => assertIs(await volume.run("cat /data/file"), { text, when }),
    startWaiting: async () => {
      const script = "until grep -q late /data/file; do sleep 0.1 || sleep 1; done 2>/dev/null; cat /data/file";
      const container = await volume.create(script);
      await engine.start(container);
      return container;
    },
    assertWaiterReads: async (container, text) => {
      await engine.wait(container);
      assertIs(await engine.logs(container), { text, when: "the container ran meanwhile" });
    },
  };
  return volume;
}
