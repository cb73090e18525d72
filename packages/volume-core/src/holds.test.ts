import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { addHold, carryHolds, dropCarriedHolds, dropHold, hasCarriedHolds, type Holds } from "./holds.ts";

test("docker cp on a running container leaves the container's hold", () => {
  const running = addHold(new Map(), "a");
  assert.deepEqual(dropHold(addHold(running, "a"), "a"), running);
});

test("the last Unmount of an id leaves no hold, and an unknown id changes nothing", () => {
  const holds = addHold(new Map(), "a");
  assert.deepEqual(dropHold(holds, "a"), new Map());
  assert.equal(dropHold(holds, "b"), holds);
});

test("the Unmount of a container that outlived the engine gives its hold back", () => {
  assert.deepEqual(dropHold(carryHolds(addHold(new Map(), "a")), "a"), new Map());
});

/** What can happen to the holds of one volume. */
const event = fc.oneof(
  fc.record({
    kind: fc.constantFrom("mount" as const, "unmount" as const),
    id: fc.constantFrom("a", "b", "__proto__"),
  }),
  fc.record({ kind: fc.constantFrom("engine starts" as const, "nobody is seen" as const) }),
);

test("holds are the mounts that were not given back, as a plain list of them says", () => {
  fc.assert(
    fc.property(fc.array(event, { maxLength: 60 }), (events) => {
      let holds: Holds = new Map();
      let list: { id: string; carried: boolean }[] = [];
      for (const event of events) {
        switch (event.kind) {
          case "mount":
            holds = addHold(holds, event.id);
            list.push({ id: event.id, carried: false });
            break;
          case "unmount": {
            holds = dropHold(holds, event.id);
            const at = list.findLastIndex(({ id, carried }) => id === event.id && !carried);
            const given = at >= 0 ? at : list.findIndex(({ id }) => id === event.id);
            list = list.filter((_, index) => index !== given);
            break;
          }
          case "engine starts":
            holds = carryHolds(holds);
            list = list.map(({ id }) => ({ id, carried: true }));
            break;
          case "nobody is seen":
            holds = dropCarriedHolds(holds);
            list = list.filter(({ carried }) => !carried);
            break;
        }
        const expected = new Map(
          [...new Set(list.map(({ id }) => id))].map((id) => {
            const ofId = list.filter((one) => one.id === id);
            const carried = ofId.filter((one) => one.carried).length;
            return [id, { current: ofId.length - carried, carried }];
          }),
        );
        assert.deepEqual(holds, expected);
        assert.equal(
          hasCarriedHolds(holds),
          list.some(({ carried }) => carried),
        );
      }
    }),
    { numRuns: 500 },
  );
});

/**
 * An engine with its containers as contract and notes describe it. The volume's side follows every Mount and Unmount
 * the way `Volume` does: what was carried goes when the kernel shows that no container has the volume.
 */
class World {
  holds: Holds = new Map();
  readonly running = new Set<string>();
  readonly stopped = new Set<string>();
  #nextId = 0;

  start(): void {
    const id = `c${this.#nextId++}`;
    this.#mount(id);
    this.running.add(id);
  }

  /** After a crash of the engine a container starts with its old id, for no Unmount was sent. */
  startAgain(): void {
    const [id] = this.stopped;
    if (id === undefined) return;
    this.stopped.delete(id);
    this.#mount(id);
    this.running.add(id);
  }

  stop(heard: boolean): void {
    const [id] = this.running;
    if (id === undefined) return;
    this.running.delete(id);
    if (heard) this.#unmount(id);
  }

  copy(ends: boolean): void {
    const [id] = this.running;
    if (id === undefined) return;
    this.#mount(id);
    if (ends) this.#unmount(id);
    else this.engineRestarts(true);
  }

  engineRestarts(containersLive: boolean): void {
    if (!containersLive) {
      for (const id of this.running) this.stopped.add(id);
      this.running.clear();
    }
    this.carry();
  }

  carry(): void {
    this.holds = carryHolds(this.holds);
  }

  /** Somebody who is none of the engine's, such as a tool, asks the plugin to activate. */
  activateFromElsewhere(): void {
    this.carry();
  }

  stopAll(): void {
    while (this.running.size > 0) this.stop(true);
  }

  #mount(id: string): void {
    this.#reap();
    this.holds = addHold(this.holds, id);
  }

  #unmount(id: string): void {
    this.holds = dropHold(this.holds, id);
    this.#reap();
  }

  #reap(): void {
    if (this.running.size === 0) this.holds = dropCarriedHolds(this.holds);
  }
}

const happenings: Record<string, (world: World) => void> = {
  "container starts": (world) => world.start(),
  "container starts again after the engine crashed": (world) => world.startAgain(),
  "container stops": (world) => world.stop(true),
  "container stops while the plugin is down": (world) => {
    world.stop(false);
    world.carry();
  },
  "docker cp": (world) => world.copy(true),
  "engine dies within docker cp, container lives": (world) => world.copy(false),
  "engine crashes": (world) => world.engineRestarts(false),
  "engine restarts, containers live": (world) => world.engineRestarts(true),
  "plugin restarts": (world) => world.carry(),
  "a tool activates the plugin": (world) => world.activateFromElsewhere(),
};

test("a running container always holds its volume, and when the last one stops nothing is held", () => {
  fc.assert(
    fc.property(fc.array(fc.constantFrom(...Object.keys(happenings)), { maxLength: 40 }), (story) => {
      const world = new World();
      for (const name of story) {
        happenings[name]?.(world);
        for (const id of world.running) assert.ok(world.holds.has(id), `${id} runs and holds nothing`);
      }
      world.start();
      world.stopAll();
      assert.deepEqual(world.holds, new Map());
    }),
    { numRuns: 1000 },
  );
});
