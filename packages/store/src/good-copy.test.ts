import assert from "node:assert/strict";
import { mkdtemp, readdir, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { openStore, type Store } from "./index.ts";

test("a new file says so until somebody has taken note", async () => {
  await using folder = await temporaryFolder();
  for (const origin of ["new", "new"]) {
    await using store = openStore({ file: folder.file });
    assert.equal(store.origin, origin);
  }
  {
    await using store = openStore({ file: folder.file });
    store.acceptOrigin();
  }
  await using store = openStore({ file: folder.file });
  assert.equal(store.origin, "kept");
});

for (const [damage, make] of Object.entries({
  damaged: (file: string) => writeFile(file, "no database at all, but long enough to look like one's header"),
  gone: (file: string) => rm(file),
})) {
  test(`in the place of a file that is ${damage} comes its last good copy, and says so at each opening`, async () => {
    await using folder = await temporaryFolder();
    {
      await using store = recovering(folder.file);
      store.acceptOrigin();
      names(store).set("before", "x");
      await store.keepCopy();
      names(store).set("after", "x");
    }
    await make(folder.file);
    for (let opening = 0; opening < 2; opening++) {
      await using store = recovering(folder.file);
      assert.equal(store.origin, "restored");
      assert.deepEqual(names(store).entries(), [["before", "x"]]);
    }
    const aside = (await readdir(folder.path)).filter((name) => name.startsWith("state.db.damaged-"));
    assert.equal(aside.length, damage === "damaged" ? 1 : 0);
  });
}

test("where the copy is damaged too, a new file is made and says so", async () => {
  await using folder = await temporaryFolder();
  {
    await using store = recovering(folder.file);
    names(store).set("a", "x");
    await store.keepCopy();
  }
  for (const file of [folder.file, `${folder.file}.good`]) await writeFile(file, "x".repeat(8192));
  await using store = recovering(folder.file);
  assert.equal(store.origin, "new");
  assert.deepEqual(names(store).entries(), []);
});

test("what is written while a copy is made is in the next one; a copy is the owner's alone and leaves nothing beside it", async () => {
  await using folder = await temporaryFolder();
  {
    await using store = recovering(folder.file);
    store.transaction(() => {
      for (let i = 0; i < 20_000; i++) names(store).set(`key ${i}`, "value ".repeat(20));
    });
    const copying = store.keepCopy();
    await new Promise(setImmediate);
    names(store).set("meanwhile", "x");
    await copying;
    await store.keepCopy();
  }
  assert.equal((await stat(`${folder.file}.good`)).mode & 0o777, 0o600);
  assert.deepEqual((await readdir(folder.path)).sort(), ["state.db", "state.db.good"]);
  await rm(folder.file);
  await using store = recovering(folder.file);
  assert.equal(names(store).get("meanwhile"), "x");
  assert.equal(names(store).entries().length, 20_001);
});

test("without a change no copy is made anew", async () => {
  await using folder = await temporaryFolder();
  await using store = recovering(folder.file);
  await store.keepCopy();
  const { ino } = await stat(`${folder.file}.good`);
  await store.keepCopy();
  assert.equal((await stat(`${folder.file}.good`)).ino, ino);
  names(store).set("a", "x");
  await store.keepCopy();
  assert.notEqual((await stat(`${folder.file}.good`)).ino, ino);
});

function recovering(file: string): Store {
  return openStore({ file, onDamage: "recover" });
}

function names(store: Store) {
  return store.table("names", String);
}

async function temporaryFolder() {
  const path = await mkdtemp(join(tmpdir(), "outrigger-store-"));
  return {
    path,
    file: join(path, "state.db"),
    [Symbol.asyncDispose]: () => rm(path, { recursive: true, force: true }),
  };
}
