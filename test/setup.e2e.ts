// Set-up in a copy of its own: npm and apt are scripts here, so nothing is fetched; unpacking and locking are real.
import assert from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";

const script = fileURLToPath(new URL("../scripts/setup.mjs", import.meta.url));
const ci = process.env.CI === "true";
const skip = !ci && process.getuid?.() !== 0 && "making an engine's root folder needs root";
const skipNotDebian =
  skip || (!ci && !existsSync("/usr/bin/dpkg-deb") && "making an engine's root folder needs Debian");

test("set-up says and changes nothing where all is there", async () => {
  using clone = makeClone();
  clone.write(".lab/engines/26.1/.outrigger-root", "1");
  assert.deepEqual(await clone.setUp(["--lab=26.1"]), { code: 0, said: "" });
  assert.deepEqual(clone.calls(), []);
});

for (const flag of ["--lab", "--lab=", "--lab=1.0", "--lab=26.1=", "lab=all", "--all"]) {
  test(`set-up refuses ${flag} and names what it takes`, async () => {
    using clone = makeClone();
    const { code, said } = await clone.setUp([flag]);
    assert.equal(code, 2);
    assert.match(
      said,
      /is not known; use --lab=all, --lab=20\.10, --lab=26\.1, --lab=programs, --lab=browser or nothing\n$/,
    );
  });
}

test("Node packages are installed once for each lock file", async () => {
  using clone = makeClone();
  clone.write("package-lock.json", '{ "changed": true }');
  clone.command("npm", `mkdir -p node_modules/.bin; ln -sf ${process.execPath} node_modules/.bin/node`);
  assert.deepEqual(await clone.setUp([]), { code: 0, said: "set-up: installing Node packages\n" });
  assert.deepEqual(await clone.setUp([]), { code: 0, said: "" });
  assert.deepEqual(clone.calls(), ["npm ci --no-audit --no-fund --loglevel=error"]);
});

test("without Node packages set-up fails, and says what it needs", async () => {
  using clone = makeClone();
  clone.write("package-lock.json", '{ "changed": true }');
  clone.command("npm", "exit 1");
  const { code, said } = await clone.setUp([]);
  assert.equal(code, 3);
  assert.match(said, /`npm ci --no-audit` failed; look at npm's message above/);
});

test("a root folder is made once, and in place of one that was not finished", { skip: skipNotDebian }, async () => {
  using clone = makeClone();
  clone.write(".lab/engines/26.1/half", "");
  clone.write(".lab/engines/.making-old/half", "");
  const { code, said } = await clone.setUp(["--lab=26.1"]);
  assert.equal(code, 0);
  assert.deepEqual(said.replaceAll(/set-up: Docker Engine 26.1: (\w+).*\n/g, "$1 "), "asking downloading unpacking ");
  assert.deepEqual(readdirSync(join(clone.folder, ".lab/engines")), ["26.1"]);
  const root = join(clone.folder, ".lab/engines/26.1");
  assert.equal(readFileSync(join(root, "usr/bin/tool"), "utf8"), "from /bin");
  assert.equal(existsSync(join(root, "half")), false);
  assert.deepEqual(await clone.setUp(["--lab=26.1"]), { code: 0, said: "" });
});

test("of two set-ups at once the second waits, and finds the work done", { skip: skipNotDebian }, async () => {
  using clone = makeClone();
  clone.command("apt-get", `[ "$2" != update ] || while [ ! -e go ]; do sleep 0.02; done\n${apt}`);
  const first = clone.setUp(["--lab=20.10"]);
  while (!clone.calls().some((call) => call.startsWith("apt-get -qq update"))) await tick();
  const second = clone.setUp(["--lab=20.10"], { onWaiting: () => clone.write("go", "") });
  assert.equal((await first).code, 0);
  assert.deepEqual(await second, { code: 0, said: "set-up: waiting for another set-up of this folder\n" });
  assert.equal(clone.calls().filter((call) => call.includes(" install ")).length, 1);
});

const obstacles = {
  "there is no root": { uid: 65_534, says: /the lab needs root; run it as root/ },
  "there is no apt-get": { without: "apt-get", says: /needs apt-get; use Debian, or name a root folder/ },
  "apt knows no Debian": { apt: "", says: /knows no Debian archive; run `apt-get update`, or use Debian/ },
  "apt fails": {
    apt: `[ "$1" = -qq ] && exit 100\n`,
    says: /`apt-get -qq update` failed; look at apt's message above/,
  },
};
for (const [what, { says, ...obstacle }] of Object.entries(obstacles)) {
  test(`where ${what}, set-up says so and goes on, but fails on CI`, { skip: skipNotDebian }, async () => {
    for (const [env, expected] of [
      [{}, 0],
      [{ CI: "true" }, 3],
    ] as const) {
      using clone = makeClone();
      if ("without" in obstacle) rmSync(join(clone.folder, "bin", obstacle.without));
      if ("apt" in obstacle) clone.command("apt-get", obstacle.apt + (obstacle.apt === "" ? "" : apt));
      const { code, said } = await clone.setUp(["--lab=all"], {
        env,
        ...("uid" in obstacle ? { uid: obstacle.uid } : {}),
      });
      assert.match(said, says);
      assert.equal(code, expected);
      if (existsSync(join(clone.folder, ".lab/engines")))
        assert.deepEqual(readdirSync(join(clone.folder, ".lab/engines")), []);
    }
  });
}

test("no engine is made where OUTRIGGER_ENGINE_ROOT names one", async () => {
  using clone = makeClone();
  assert.deepEqual(await clone.setUp(["--lab=20.10", "--lab=26.1"], { env: { OUTRIGGER_ENGINE_ROOT: "/" } }), {
    code: 0,
    said: "",
  });
});

/** Answers as apt-get does, with one package. */
const apt = `
case $1 in
  indextargets) echo "https://archive.invalid/debian|main|Debian|Debian" ;;
esac
for word; do
  case "$4 $word" in
    "install --option=Dir::Cache::archives="*) cp package.deb "\${word##*=}" ;;
  esac
done
`;

interface RunOptions {
  readonly env?: Record<string, string>;
  readonly uid?: number;
  readonly onWaiting?: () => void;
}

interface Clone extends Disposable {
  readonly folder: string;
  write(path: string, text: string): void;
  /** Makes a command of set-up's PATH that notes how it was called. */
  command(name: string, body: string): void;
  calls(): string[];
  setUp(args: string[], options?: RunOptions): Promise<{ code: number | null; said: string }>;
}

/** A clone whose Node packages are installed. */
function makeClone(): Clone {
  const folder = mkdtempSync(join(tmpdir(), "outrigger set-up-"));
  chmodSync(folder, 0o755);
  const write = (path: string, text: string): void => {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), text);
  };
  const command = (name: string, body: string): void => {
    write(`bin/${name}`, `#!/bin/sh\necho "${name} $*" >>"${folder}/calls"\n${body}\n`);
    chmodSync(join(folder, "bin", name), 0o755);
  };
  write("package-lock.json", "{}");
  write("node_modules/.outrigger-set-up", createHash("sha256").update("{}").digest("hex"));
  mkdirSync(join(folder, "scripts"));
  cpSync(script, join(folder, "scripts/setup.mjs"));
  mkdirSync(join(folder, "bin"));
  for (const name of ["sh", "flock", "tar", "dpkg-deb", "mkdir", "ln", "cp", "sleep", "true", "rm"]) {
    const path = ["/usr/bin", "/bin"].map((place) => join(place, name)).find((path) => existsSync(path));
    if (path !== undefined) symlinkSync(path, join(folder, "bin", name));
  }
  command("apt-get", apt);
  write(
    "package/DEBIAN/control",
    "Package: tool\nVersion: 1\nArchitecture: all\nMaintainer: nobody\nDescription: a tool\n",
  );
  write("package/bin/tool", "from /bin");
  spawnSync("dpkg-deb", ["--build", join(folder, "package"), join(folder, "package.deb")]);
  return {
    folder,
    write,
    command,
    calls: () =>
      existsSync(join(folder, "calls")) ? readFileSync(join(folder, "calls"), "utf8").trim().split("\n") : [],
    setUp: (args, options = {}) => runSetUp(folder, args, options),
    [Symbol.dispose]: () => rmSync(folder, { recursive: true, force: true }),
  };
}

async function runSetUp(
  folder: string,
  args: string[],
  options: RunOptions,
): Promise<{ code: number | null; said: string }> {
  const child = spawn(process.execPath, [join(folder, "scripts/setup.mjs"), ...args], {
    cwd: folder,
    env: { PATH: join(folder, "bin"), ...options.env },
    uid: options.uid,
    stdio: ["ignore", "pipe", "pipe"],
  });
  let said = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream.on("data", (chunk: Buffer) => {
      said += chunk.toString();
      if (said.includes("waiting")) options.onWaiting?.();
    });
  }
  const code = await new Promise<number | null>((resolve) => child.once("close", resolve));
  return { code, said };
}

function tick(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 10));
}
