// Makes a fresh clone ready: Node packages, and with --lab the root folders of the lab's engines. Plain JavaScript for
// Node >= 20 without dependencies, because it runs before there are any. Quick when nothing is to do.
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("..", import.meta.url));
const lab = join(root, ".lab");

/** Docker Engine as Debian's releases have it, the newest last. */
const engines = new Map([
  ["20.10", { suite: "bookworm", packages: ["docker.io"] }],
  ["26.1", { suite: "trixie", packages: ["docker.io", "docker-cli"] }],
]);

/** What a lab host needs besides; from the same release, so that nothing is installed on the machine. */
const tools = ["base-files", "iproute2", "iptables", "nftables", "busybox-static"];

/** Raised when a root folder made by an earlier set-up would no longer do. */
const rootVersion = "1";

/** Something the machine lacks, with the way out. */
class Missing extends Error {}

try {
  const wanted = wantedEngines(process.argv.slice(2));
  setUpPackages();
  for (const engine of wanted) setUpEngine(engine);
} catch (error) {
  if (!(error instanceof Missing)) throw error;
  console.error(`set-up: ${error.message}`);
  // Without an engine there is still a tour and a test run; on CI that would hide what was not tested.
  process.exit(error.fatal === true || process.env.CI === "true" ? 3 : 0);
}

function wantedEngines(args) {
  const names = args.flatMap((arg) => {
    const [flag, value] = arg.split("=");
    if (flag === "--lab" && value === "all") return [...engines.keys()];
    if (flag === "--lab" && engines.has(value)) return [value];
    throw fatal(
      `"${arg}" is not known; use --lab=all, ${[...engines.keys()].map((name) => `--lab=${name}`).join(" or ")}`,
    );
  });
  return process.env.OUTRIGGER_ENGINE_ROOT === undefined ? names : [];
}

function setUpPackages() {
  const stamp = createHash("sha256")
    .update(readFileSync(join(root, "package-lock.json")))
    .digest("hex");
  const marker = join(root, "node_modules", ".outrigger-set-up");
  if (existsSync(marker) && readFileSync(marker, "utf8") === stamp) return;
  say("installing Node packages");
  const npm = process.env.npm_execpath;
  const [command, ...args] = npm?.endsWith("js") ? [process.execPath, npm] : ["npm"];
  run([command, ...args, "ci", "--no-audit", "--no-fund", "--loglevel=error"], {
    cwd: root,
    remedy: "look at npm's message above; it needs the npm registry, and Node >= 20 with its npm",
  });
  const node = run([join(root, "node_modules", ".bin", "node"), "--version"], {
    remedy: "delete node_modules and try again",
  });
  if (Number(node.slice(1).split(".")[0]) < 24)
    throw fatal(`node_modules has Node ${node.trim()}, not 24; delete node_modules and try again`);
  writeFileSync(marker, stamp);
}

function setUpEngine(name) {
  const folder = join(lab, "engines", name);
  const marker = join(folder, ".outrigger-root");
  if (existsSync(marker) && readFileSync(marker, "utf8") === rootVersion) return;
  if (process.getuid?.() !== 0) throw missing("the lab needs root; run it as root to have a real Docker Engine");
  for (const command of ["apt-get", "dpkg-deb", "unshare", "nsenter"]) {
    if (spawnSync("sh", ["-c", `command -v ${command}`]).status !== 0) {
      throw missing(
        `the lab needs ${command}; use Debian, or name a root folder that has dockerd in OUTRIGGER_ENGINE_ROOT`,
      );
    }
  }
  say(`making a root folder for Docker Engine ${name}; nothing is installed on this machine`);
  mkdirSync(join(lab, "engines"), { recursive: true });
  const work = mkdtempSync(join(lab, "engines", `.making-${name}-`));
  try {
    const made = join(work, "root");
    unpack(made, download(work, engines.get(name)));
    useNft(made);
    writeFileSync(join(made, ".outrigger-root"), rootVersion);
    rmSync(folder, { recursive: true, force: true });
    renameSync(made, folder);
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

/** Fetches the packages of another release with an apt of its own, which knows of no installed package. */
function download(work, { suite, packages }) {
  const apt = join(work, "apt");
  for (const path of ["lists/partial", "archives/partial", "parts"]) mkdirSync(join(apt, path), { recursive: true });
  writeFileSync(join(apt, "status"), "");
  writeFileSync(join(apt, "sources.list"), `deb [signed-by=${keyring()}] ${archive()} ${suite} main\n`);
  const config = {
    "Dir::State::lists": join(apt, "lists"),
    "Dir::State::status": join(apt, "status"),
    "Dir::Cache::archives": join(apt, "archives"),
    "Dir::Cache::pkgcache": "",
    "Dir::Cache::srcpkgcache": "",
    "Dir::Etc::sourcelist": join(apt, "sources.list"),
    "Dir::Etc::sourceparts": join(apt, "parts"),
    "Dir::Etc::preferences": "/dev/null",
    "Dir::Etc::preferencesparts": join(apt, "parts"),
    "APT::Install-Recommends": "false",
    "APT::Sandbox::User": "root",
    "Acquire::Languages": "none",
  };
  const options = Object.entries(config).map(([key, value]) => `--option=${key}=${value}`);
  const remedy = `it needs Debian's archive with the release "${suite}"; look at apt's message above`;
  run(["apt-get", ...options, "-qq", "update"], { remedy });
  run(["apt-get", ...options, "-qq", "--yes", "--download-only", "install", ...packages, ...tools], { remedy });
  const archives = join(apt, "archives");
  return readdirSync(archives)
    .filter((file) => file.endsWith(".deb"))
    .map((file) => join(archives, file));
}

/** Where this machine gets Debian from, as its own apt has it. */
function archive() {
  const format = "$(REPO_URI)|$(COMPONENT)|$(ORIGIN)|$(LABEL)";
  const targets = run(["apt-get", "indextargets", "--format", format, "Created-By: Packages"], {
    remedy: "run `apt-get update`",
  });
  const rows = targets.split("\n").map((line) => line.split("|"));
  const debian = rows.find(
    ([, component, origin, label]) => component === "main" && origin === "Debian" && label === "Debian",
  );
  if (debian === undefined)
    throw missing(
      "this machine's apt knows no Debian archive; run `apt-get update`, or name a root folder in OUTRIGGER_ENGINE_ROOT",
    );
  return debian[0];
}

function keyring() {
  const file = ["gpg", "pgp"]
    .map((end) => `/usr/share/keyrings/debian-archive-keyring.${end}`)
    .find((path) => existsSync(path));
  if (file === undefined)
    throw missing("Debian's archive keys are not there; run `apt-get install debian-archive-keyring`");
  return file;
}

/** Unpacks packages without running their scripts; /bin and its like are links, as on an installed system. */
function unpack(folder, packages) {
  for (const name of ["bin", "sbin", "lib", "lib64"]) {
    mkdirSync(join(folder, "usr", name), { recursive: true });
    symlinkSync(`usr/${name}`, join(folder, name));
  }
  for (const file of packages) {
    const tar = spawnSync(
      "sh",
      ["-c", 'dpkg-deb --fsys-tarfile "$1" | tar -x --keep-directory-symlink -C "$2"', "sh", file, folder],
      { encoding: "utf8" },
    );
    if (tar.status !== 0) throw missing(`${file} could not be unpacked: ${tar.stderr.trim()}`);
  }
}

/** What iptables' own script would set up: the names, on nftables. */
function useNft(folder) {
  for (const name of ["iptables", "ip6tables"]) {
    for (const suffix of ["", "-save", "-restore"])
      symlinkSync("xtables-nft-multi", join(folder, "usr", "sbin", name + suffix));
  }
}

function run([command, ...args], { cwd, remedy }) {
  const { status, stdout, error } = spawnSync(command, args, {
    cwd,
    encoding: "utf8",
    stdio: ["ignore", "pipe", "inherit"],
  });
  if (status === 0) return stdout;
  throw fatal(`\`${command} ${args.at(-1)}\` failed${error === undefined ? "" : ` (${error.message})`}; ${remedy}`);
}

function say(text) {
  console.error(`set-up: ${text}`);
}

function missing(message) {
  return new Missing(message);
}

function fatal(message) {
  return Object.assign(new Missing(message), { fatal: true });
}
