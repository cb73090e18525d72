import { DriverError } from "@outrigger/protocol";
import type { BackendVolume, CloneSource, Usage } from "./backend.ts";
import type { OptionRules } from "./option-rules.ts";
import { findSnapshot, newSnapshot, snapshotsOf, toBackend } from "./snapshots.ts";
import type { Step } from "./steps.ts";
import type { Intent, SnapshotRecord } from "./volume-record.ts";
import type { StorageSurroundings, VolumeStorage } from "./volume-storage.ts";

/**
 * What is done to a volume beside its phases: an intent is recorded, the backend works, the outcome is recorded. Whoever
 * calls sees to it that one method runs at a time.
 */
export class VolumeWork {
  readonly #storage: VolumeStorage;
  readonly #rules: OptionRules;
  readonly #now: () => number;
  readonly #step: (step: Step) => void;

  constructor(storage: VolumeStorage, around: Pick<StorageSurroundings, "rules" | "now" | "step">) {
    this.#storage = storage;
    this.#rules = around.rules;
    this.#now = around.now;
    this.#step = around.step;
  }

  /** Finishes or undoes what stopped in the middle. What cannot be is given up and noted: the volume stays usable. */
  async settle(): Promise<void> {
    const intent = this.#storage.record?.intent;
    if (intent === undefined) return;
    try {
      await this.#finish(intent);
    } catch (error) {
      const failure = this.#giveUp(
        `stopped in the middle of "${intent.kind}", which could not be brought in order`,
        error,
      );
      if (this.#storage.existing.intent !== undefined) throw failure;
    }
  }

  /** Makes a snapshot of what the volume holds now. */
  async snapshot(wanted: { readonly name?: string; readonly scheduled?: boolean }): Promise<SnapshotRecord> {
    const { backend } = this.#storage;
    this.#rules.demand(backend, "snapshot", `a snapshot of volume ${this.#storage.name}`);
    return await this.#addSnapshot(wanted, (volume, snapshot, signal) => backend.snapshot(volume, snapshot, signal));
  }

  /** Makes a snapshot out of a file. */
  async receive(name: string, file: string): Promise<SnapshotRecord> {
    const { backend } = this.#storage;
    this.#rules.demand(backend, "receive", `receiving into volume ${this.#storage.name}`);
    return await this.#addSnapshot({ name }, (volume, snapshot, signal) =>
      backend.receive(volume, { snapshot, file }, signal),
    );
  }

  /** Writes a snapshot to a file. */
  async send(request: { readonly snapshot: string; readonly since?: string | undefined; file: string }): Promise<void> {
    const { backend, existing, name } = this.#storage;
    this.#rules.demand(backend, "send", `sending volume ${name}`);
    const { file, since } = request;
    const snapshot = toBackend(findSnapshot(name, existing, request.snapshot).name);
    const earlier = since === undefined ? undefined : toBackend(findSnapshot(name, existing, since).name);
    await backend.send(this.#storage.view(), { snapshot, since: earlier, file }, this.#storage.signal());
  }

  /** Deletes a snapshot. */
  async drop(name: string): Promise<void> {
    const snapshot = findSnapshot(this.#storage.name, this.#storage.existing, name).name;
    this.#begin({ kind: "drop", snapshot }, "drop: intent recorded");
    try {
      await this.#finishDrop(snapshot);
    } catch (error) {
      throw this.#giveUp(`could not lose its snapshot ${name}`, error);
    }
  }

  /** Brings a volume that is idle back to a snapshot. */
  async restore(name: string): Promise<void> {
    const { backend } = this.#storage;
    this.#rules.demand(backend, "restore", `restoring volume ${this.#storage.name}`);
    const snapshot = findSnapshot(this.#storage.name, this.#storage.existing, name).name;
    this.#begin({ kind: "restore", snapshot }, "restore: intent recorded");
    try {
      await this.#finishRestore(snapshot);
    } catch (error) {
      throw this.#giveUp(`could not be restored to ${name}`, error);
    }
  }

  /** Changes the size, in bytes. */
  async resize(size: number): Promise<void> {
    const { backend, name, existing } = this.#storage;
    this.#rules.demand(backend, "resize", `changing the size of volume ${name}`);
    if (this.#storage.view().options["size"] === size) return;
    this.#begin({ kind: "resize", size }, "resize: intent recorded");
    try {
      await this.#finishResize(size);
    } catch (error) {
      const before = existing.size;
      throw this.#giveUp(
        `could not be made ${size} bytes large${before === undefined ? "" : `, from ${before}`}`,
        error,
      );
    }
  }

  /** How full the volume is. */
  async stats(options: { readonly thorough: boolean }): Promise<Usage | undefined> {
    const { backend, existing } = this.#storage;
    this.#rules.demand(backend, "stats", `measuring volume ${this.#storage.name}`);
    const attached = existing.phase === "attached";
    return await backend.stats(this.#storage.view(), { attached, ...options }, this.#storage.signal());
  }

  /** Makes a snapshot readable, and returns where. */
  async show(name: string): Promise<string> {
    const { backend, existing } = this.#storage;
    const snapshot = toBackend(findSnapshot(this.#storage.name, existing, name).name);
    const path = await backend.showSnapshot?.(this.#storage.view(), snapshot, this.#storage.signal());
    if (path === undefined) throw new DriverError(`backend ${backend.name} cannot show its snapshots`);
    return path;
  }

  /** Takes that back. */
  async hide(name: string): Promise<void> {
    const { backend } = this.#storage;
    await backend.hideSnapshot?.(this.#storage.view(), toBackend(name), this.#storage.signal());
  }

  /** Takes back what a run that was killed left readable. */
  async hideAll(): Promise<void> {
    const { record } = this.#storage;
    for (const { name } of record === undefined ? [] : snapshotsOf(record)) await this.hide(name);
  }

  /** What a clone of this volume begins with. */
  cloneSource(snapshot: string | undefined): CloneSource {
    const { name, existing } = this.#storage;
    const from = snapshot === undefined ? undefined : toBackend(findSnapshot(name, existing, snapshot).name);
    return { volume: this.#storage.view(), snapshot: from };
  }

  async #addSnapshot(
    wanted: { readonly name?: string; readonly scheduled?: boolean },
    make: (volume: BackendVolume, snapshot: ReturnType<typeof toBackend>, signal: AbortSignal) => Promise<void>,
  ): Promise<SnapshotRecord> {
    const snapshot = newSnapshot(this.#storage.name, this.#storage.existing, { ...wanted, now: this.#now() });
    this.#begin({ kind: "snapshot", snapshot }, "snapshot: intent recorded");
    try {
      await make(this.#storage.view(), toBackend(snapshot.name), this.#storage.signal());
      this.#step("snapshot: taken");
      const snapshots = [...snapshotsOf(this.#storage.existing), snapshot];
      await this.#storage.describe({ snapshots, intent: undefined }, "snapshot: labelled");
    } catch (error) {
      const failure = this.#storage.failed(`could not get snapshot ${snapshot.name}`, error);
      if (!this.#storage.signal().aborted) await this.settle();
      throw failure;
    }
    this.#step("snapshot: done");
    return snapshot;
  }

  async #finish(intent: Intent): Promise<void> {
    switch (intent.kind) {
      case "snapshot": {
        const { backend } = this.#storage;
        await backend.dropSnapshot?.(this.#storage.view(), toBackend(intent.snapshot.name), this.#storage.signal());
        // The label may have it already.
        return await this.#storage.describe({ intent: undefined });
      }
      case "set aside":
        // The label may call it removed already.
        return await this.#storage.describe({ intent: undefined });
      case "drop":
        return await this.#finishDrop(intent.snapshot);
      case "restore":
        return await this.#finishRestore(intent.snapshot);
      case "resize":
        return await this.#finishResize(intent.size);
    }
  }

  async #finishDrop(name: string): Promise<void> {
    const { backend, existing } = this.#storage;
    await backend.dropSnapshot?.(this.#storage.view(), toBackend(name), this.#storage.signal());
    this.#step("drop: dropped");
    const snapshots = snapshotsOf(existing).filter((snapshot) => snapshot.name !== name);
    await this.#storage.describe({ snapshots, intent: undefined }, "drop: labelled");
    this.#step("drop: done");
  }

  async #finishRestore(name: string): Promise<void> {
    const { backend } = this.#storage;
    await backend.restore?.(this.#storage.view(), toBackend(name), this.#storage.signal());
    this.#step("restore: restored");
    this.#storage.change({ intent: undefined });
    this.#step("restore: done");
  }

  async #finishResize(size: number): Promise<void> {
    const { backend, existing } = this.#storage;
    const before = this.#storage.view().options["size"];
    const from = typeof before === "number" ? before : undefined;
    const attached = existing.phase === "attached" || existing.phase === "detaching";
    await backend.resize?.(this.#storage.view(size), { from, attached }, this.#storage.signal());
    this.#step("resize: resized");
    await this.#storage.describe({ size, intent: undefined }, "resize: labelled");
    this.#step("resize: done");
  }

  #begin(intent: Intent, step: Step): void {
    this.#storage.change({ intent });
    this.#step(step);
  }

  /** After an error the caller takes it for not done, so the next start must not finish it; unless the plugin stops. */
  #giveUp(what: string, error: unknown): Error {
    if (!this.#storage.signal().aborted) this.#storage.change({ intent: undefined });
    return this.#storage.failed(what, error);
  }
}
