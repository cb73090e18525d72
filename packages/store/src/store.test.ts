import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { chmod, chown, mkdtemp, open, readdir, readFile, rm, stat, truncate, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { text as readText } from "node:stream/consumers";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { test } from "node:test";
import { openStore, StoreError, type Migration, type StoreErrorCode } from "./index.ts";

test("what a transaction wrote is there after opening the file again", async () => {
  await using folder = await temporaryFolder();
  {
    await using store = openStore({ file: folder.file });
    const names = store.table("names", text);
    const sizes = store.table("sizes", Number);
    store.transaction(() => {
      names.set("b", "bee");
      names.set("a", "ay");
      names.set("gone", "x");
      names.delete("gone");
      sizes.set("a", 1);
    });
  }
  await using store = openStore({ file: folder.file });
  assert.deepEqual(store.table("names", text).entries(), [
    ["a", "ay"],
    ["b", "bee"],
  ]);
  assert.equal(store.table("sizes", Number).get("a"), 1);
  assert.equal(store.table("sizes", Number).get("b"), undefined);
});

test("a transaction that throws leaves nothing behind", async () => {
  await using folder = await temporaryFolder();
  await using store = openStore({ file: folder.file });
  const names = store.table("names", text);
  const failure = new Error("no");
  assert.throws(
    () =>
      store.transaction(() => {
        names.set("a", "ay");
        throw failure;
      }),
    failure,
  );
  assert.deepEqual(names.entries(), []);
  store.transaction(() => names.set("a", "ay"));
  assert.equal(names.get("a"), "ay");
});

test(
  "a transaction that the disk has no room for fails and leaves nothing behind",
  { skip: withoutRoot() },
  async () => {
    await using folder = await temporaryFolder();
    const program = `
    import { openStore } from ${JSON.stringify(new URL("index.ts", import.meta.url).href)};
    const store = openStore({ file: process.argv[1] + "/state/state.db" });
    const names = store.table("names", String);
    names.set("before", "x");
    let failure;
    try {
      store.transaction(() => {
        names.set("small", "y");
        names.set("large", "z".repeat(2_000_000));
      });
    } catch (error) {
      failure = error.message;
    }
    names.set("after", "x");
    console.log(JSON.stringify({ failure, names: names.entries() }));
  `;
    const script = 'mount -t tmpfs -o size=1m none "$1" && exec "$2" --input-type=module --eval "$3" "$1"';
    const child = spawn("unshare", ["--mount", "sh", "-c", script, "sh", folder.path, process.execPath, program], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    assert.deepEqual(JSON.parse(await readText(child.stdout)), {
      failure: "database or disk is full",
      names: [
        ["after", "x"],
        ["before", "x"],
      ],
    });
  },
);

test("a second process is told who holds the file, and gets it as soon as that one is killed", async () => {
  await using folder = await temporaryFolder();
  await using other = await holder(folder.file);
  refused(folder.file, "in-use", new RegExp(`in use by process ${other.process.pid}; stop that first`));
  await other.kill();
  await using store = openStore({ file: folder.file });
  assert.equal(store.table("names", text).get("by"), "other");
  assert.equal(store.table("names", text).get("soon"), "other");
});

test("writes that outlive a power cut and ones that need not mix, within a transaction too", async () => {
  await using folder = await temporaryFolder();
  await using store = openStore({ file: folder.file });
  const names = store.table("names", text);
  names.set("a", "soon", "kill");
  store.transaction(() => {
    names.set("a", "now", "kill");
    names.set("b", "now");
  });
  names.set("a", "soon again", "kill");
  names.delete("b");
  assert.deepEqual(names.entries(), [["a", "soon again"]]);
});

test("a second opening in one process is refused and does not loosen the first one's hold", async () => {
  await using folder = await temporaryFolder();
  await using _store = openStore({ file: folder.file });
  refused(folder.file, "in-use");
  refused(folder.file, "in-use");
});

test("of two processes that make the file at once one holds it", async () => {
  await using folder = await temporaryFolder();
  const both = await Promise.allSettled([holder(folder.file), holder(folder.file)]);
  for (const one of both) if (one.status === "fulfilled") await one.value[Symbol.asyncDispose]();
  assert.deepEqual(both.map((one) => one.status).sort(), ["fulfilled", "rejected"]);
  assert.deepEqual(leftOvers(await readdir(folder.path)), []);
});

test("what a process left that was killed while it made the file is cleared away", async () => {
  await using folder = await temporaryFolder();
  await writeFile(`${folder.file}.new-0`, "half");
  await using _store = openStore({ file: folder.file });
  assert.deepEqual(leftOvers(await readdir(folder.path)), []);
});

test("file and folder are readable by the owner alone", async () => {
  await using folder = await temporaryFolder();
  const file = join(folder.path, "deep", "state.db");
  await using store = openStore({ file });
  store.table("names", text).set("a", "ay");
  assert.equal((await stat(join(folder.path, "deep"))).mode & 0o777, 0o700);
  for (const name of await readdir(join(folder.path, "deep"))) {
    assert.equal((await stat(join(folder.path, "deep", name))).mode & 0o777, 0o600, name);
  }
});

test("a folder that others can write to is refused", async () => {
  await using folder = await temporaryFolder();
  await chmod(folder.path, 0o777);
  refused(folder.file, "unsafe", /chmod go-w/);
});

test("a folder of another user's is refused", { skip: withoutRoot() }, async () => {
  await using folder = await temporaryFolder();
  await chown(folder.path, 65_534, 0);
  refused(folder.file, "unsafe", /belongs to user 65534.*chown 0 /);
});

const damages: Record<string, (file: string) => Promise<void>> = {
  "overwritten with text": (file) => writeFile(file, "not a database at all, but long enough to look like a header"),
  emptied: (file) => truncate(file),
  "cut off": async (file) => truncate(file, (await stat(file)).size - 4096),
  "scribbled on": async (file) => {
    await using handle = await open(file, "r+");
    await handle.write(Buffer.alloc(2048, 0xa5), 0, 2048, (await stat(file)).size - 3000);
  },
};

for (const [name, damage] of Object.entries(damages)) {
  test(`a file that was ${name} is set aside, and not replaced until somebody moves it away`, async () => {
    await using folder = await temporaryFolder();
    {
      await using store = openStore({ file: folder.file });
      const names = store.table("names", text);
      store.transaction(() => {
        for (let i = 0; i < 200; i++) names.set(`key ${i}`, "value ".repeat(20));
      });
    }
    await damage(folder.file);
    refused(folder.file, "damaged", /set aside in .*state\.db\.damaged-/);
    refused(folder.file, "damaged", /put a backup in its place/);
    const [aside] = leftOvers(await readdir(folder.path));
    assert.ok(aside !== undefined && aside.startsWith("state.db.damaged-"));
    await rm(join(folder.path, aside), { recursive: true });
    await using store = openStore({ file: folder.file });
    assert.deepEqual(store.table("names", text).entries(), []);
  });
}

test("another program's database is refused and left alone", async () => {
  await using folder = await temporaryFolder();
  const foreign = new DatabaseSync(folder.file);
  foreign.exec("CREATE TABLE theirs (x)");
  foreign.close();
  await chmod(folder.path, 0o700);
  const before = await readFile(folder.file);
  refused(folder.file, "foreign");
  assert.deepEqual(await readFile(folder.file), before);
});

test("records of an older schema are brought forward once", async () => {
  await using folder = await temporaryFolder();
  await openStore({ file: folder.file })[Symbol.asyncDispose]();
  const double: Migration = (store) => {
    const names = store.table("names", text);
    for (const [key, value] of names.entries()) names.set(key, value + value);
  };
  {
    await using store = openStore({ file: folder.file, migrations: [() => {}] });
    store.table("names", text).set("a", "x");
  }
  await openStore({ file: folder.file, migrations: [() => {}, double] })[Symbol.asyncDispose]();
  await using store = openStore({ file: folder.file, migrations: [() => {}, double] });
  assert.equal(store.table("names", text).get("a"), "xx");
});

test("a migration that fails changes nothing", async () => {
  await using folder = await temporaryFolder();
  await openStore({ file: folder.file })[Symbol.asyncDispose]();
  const broken: Migration = (store) => {
    store.table("names", text).set("a", "half");
    throw new Error("no");
  };
  assert.throws(() => openStore({ file: folder.file, migrations: [broken] }), /no/);
  await using store = openStore({ file: folder.file });
  assert.deepEqual(store.table("names", text).entries(), []);
});

test("a file of a newer schema is refused and left alone", async () => {
  await using folder = await temporaryFolder();
  await openStore({ file: folder.file, migrations: [() => {}] })[Symbol.asyncDispose]();
  refused(folder.file, "newer", /schema 1, this one knows 0/);
  await openStore({ file: folder.file, migrations: [() => {}] })[Symbol.asyncDispose]();
});

test("a record that makes no sense is refused by name", async () => {
  await using folder = await temporaryFolder();
  await using store = openStore({ file: folder.file });
  store.table("names", String).set("a", "ay");
  const strict = store.table<string>("names", () => {
    throw new Error("not a name");
  });
  assert.throws(() => strict.entries(), /record "a" of "names" makes no sense \(not a name\)/);
});

function refused(file: string, code: StoreErrorCode, message: RegExp = /./): void {
  assert.throws(
    () => openStore({ file }),
    (error) => {
      assert.ok(error instanceof StoreError, String(error));
      assert.equal(error.code, code);
      assert.match(error.message, message);
      return true;
    },
  );
}

/** Why a test that mounts something cannot run here; with CI=true it runs and fails. */
function withoutRoot(): string | false {
  return process.getuid?.() !== 0 && process.env["CI"] !== "true" && "needs root to mount a small tmpfs";
}

function text(value: unknown): string {
  assert.equal(typeof value, "string");
  return String(value);
}

function leftOvers(names: readonly string[]): string[] {
  return names.filter((name) => !/^state\.db(-wal)?$/.test(name));
}

/** A process that opens the store, writes a record and waits. */
async function holder(file: string) {
  const program = `
    import { openStore } from ${JSON.stringify(new URL("index.ts", import.meta.url).href)};
    const store = openStore({ file: process.argv[1] });
    store.table("names", String).set("by", "other");
    store.table("names", String).set("soon", "other", "kill");
    process.stdin.resume();
    console.log("ready");
  `;
  const child = spawn(process.execPath, ["--input-type=module", "--eval", program, file], {
    stdio: ["pipe", "pipe", "ignore"],
  });
  const exited = once(child, "exit");
  const ready = once(child.stdout, "data").then(() => "ready");
  if ((await Promise.race([ready, exited])) !== "ready") throw new Error("the process could not open the store");
  const kill = async () => {
    child.kill("SIGKILL");
    await exited;
  };
  return { process: child, kill, [Symbol.asyncDispose]: kill };
}

async function temporaryFolder() {
  const path = await mkdtemp(join(tmpdir(), "outrigger-store-"));
  return {
    path,
    file: join(path, "state.db"),
    [Symbol.asyncDispose]: () => rm(path, { recursive: true, force: true }),
  };
}
