// The table of docs/volumes.md, on one host: each of its rows is a test of this name, through a real engine.
import { test } from "node:test";
import { lab } from "@outrigger/e2e/lab";
import { driver, assertNothingLeft, plantSentinel } from "./volume-story.ts";
import { abilityRows } from "./volume-table/ability-rows.ts";
import { adminRows } from "./volume-table/admin-rows.ts";
import { contractRows } from "./volume-table/contract-rows.ts";
import { lifeRows } from "./volume-table/life-rows.ts";
import { openStage } from "./volume-table/stage.ts";

const rows = [...contractRows, ...lifeRows, ...abilityRows, ...adminRows];

for (const engine of lab.engines()) {
  test(`volume-local keeps every row of the table (engine ${engine})`, { skip: lab.skip(engine) }, async (t) => {
    await using host = await lab.host({ engine });
    await plantSentinel(host);
    await host.image("busybox");
    await using stage = await openStage(host);
    for (const [row, shows] of rows) await t.test(row, () => shows(stage));
    await t.test("nothing is left of all of it", () =>
      assertNothingLeft(host, [{ plugin: stage.plugin, name: driver }]),
    );
  });
}
