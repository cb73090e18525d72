// How a volume comes and goes: for the engine's calls and for our own verbs alike.
import { RequestError } from "@outrigger/protocol";
import { findVolume, volumeOf, type House } from "./house.ts";
import type { GivenOptions } from "./option-rules.ts";
import { Caller } from "./turns.ts";
import { checkVolumeName } from "./volume-name.ts";
import type { VolumeStorage } from "./volume-storage.ts";
import type { VolumeWork } from "./volume-work.ts";
import type { RemovePolicy } from "./volume-verbs.ts";

/** Makes a volume, or succeeds if one with these options is there. */
export async function createVolume(
  house: House,
  request: { readonly name: string; readonly options: GivenOptions },
  caller: Caller,
): Promise<void> {
  const { name } = request;
  checkVolumeName(name);
  const { rules } = house;
  const work = async (storage: VolumeStorage): Promise<void> => {
    const options = rules.translate(request.options);
    const first = storage.record?.options;
    if (first !== undefined) return rules.refuseOther(storage.backend, { name, first, second: options });
    await createNew(house, storage, options);
  };
  await volumeOf(house, name).turn({ what: "created", action: "create", work }, caller);
}

async function createNew(house: House, storage: VolumeStorage, given: GivenOptions): Promise<void> {
  const { rules, around } = house;
  const from = rules.readFrom(given);
  if (from === undefined) {
    await around.ready(rules.read(given).backend);
    return await storage.create(given);
  }
  const source = findVolume(house, from.volume);
  const work = async (origin: VolumeStorage, work: VolumeWork): Promise<void> => {
    const { backend, existing } = origin;
    if ((given["backend"] ?? backend.name) !== backend.name) {
      throw new RequestError(
        `volume ${from.volume} is on backend ${backend.name}, and a clone stays there; leave "backend" out`,
      );
    }
    const options = {
      ...inherited(existing.options),
      ...(existing.size !== undefined && { size: String(existing.size) }),
      ...(rules.backends.length > 1 && { backend: backend.name }),
      ...given,
    };
    rules.read(options, backend);
    await storage.create(options, work.cloneSource(from.snapshot));
  };
  // In the source's turn, so that it is not removed meanwhile. Only a volume that is still being made waits for another
  // one's turn, and none waits for it: it is not found. So there is no circle. The wait has no end of its own, for the
  // work would go on behind this turn's back.
  await source.turn({ what: "cloned", work }, Caller.patient());
}

/** Taken over from the source where a clone is asked for nothing else. */
function inherited(source: GivenOptions): GivenOptions {
  const own = new Set(["from", "source", "readonly"]);
  return Object.fromEntries(Object.entries(source).filter(([name]) => !own.has(name)));
}

/** Removes a volume, by its own policy unless told. Unless somebody has it. */
export async function removeVolume(
  house: House,
  request: { readonly name: string; readonly policy?: RemovePolicy | undefined },
  caller: Caller,
): Promise<void> {
  const volume = findVolume(house, request.name);
  const work = async (storage: VolumeStorage): Promise<void> => {
    // An earlier call removed it while this one waited.
    if (storage.record === undefined) return;
    await volume.free();
    volume.refuseOpened();
    const policy = request.policy ?? storage.options.core.onRemove;
    if (policy === "delete") return await storage.remove();
    const until = policy === "keep" ? undefined : new Date(house.around.now() + house.trashKeepMs);
    await house.removed.setAside(storage, until);
  };
  await volume.turn({ what: "removed", action: "remove", work }, caller);
}
