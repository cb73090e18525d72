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
const packagesMarker = join(root, "node_modules", ".outrigger-set-up");
const making = ".making-";

/** Tells a set-up that it was started under the lock. */
const locked = "OUTRIGGER_SETUP_LOCKED";

/** What a lab host needs beside its engine; from the same release, so that nothing is installed on the machine. */
const tools = ["base-files", "iproute2", "iptables", "nftables", "busybox-static"];

/** Packages and commands that volume plugins run, and the peers that they are measured and judged beside. */
const programs = [
  ["btrfs-progs", "btrfs", "mkfs.btrfs"],
  ["e2fsprogs", "e2fsck", "mkfs.ext4", "resize2fs", "tune2fs"],
  ["fio", "fio"],
  ["fuse3", "fusermount3"],
  ["rclone", "rclone"],
  ["restic", "restic"],
  ["xfsprogs", "mkfs.xfs", "xfs_repair", "xfs_growfs", "xfs_io"],
];

/**
 * The root folders of the lab: Docker Engine as Debian's releases have it, the newest last, programs for the tests, and
 * a browser. `version` is raised when a folder made by an earlier set-up would no longer do.
 */
const roots = new Map([
  ["20.10", { folder: "engines", suite: "bookworm", packages: ["docker.io", ...tools], version: "1" }],
  ["26.1", { folder: "engines", suite: "trixie", packages: ["docker.io", "docker-cli", ...tools], version: "1" }],
  [
    "programs",
    { folder: ".", suite: "bookworm", packages: ["base-files", ...programs.map(([name]) => name)], version: "1" },
  ],
  [
    "browser",
    { folder: ".", suite: "bookworm", packages: ["base-files", "chromium", "fonts-dejavu-core"], version: "1" },
  ],
]);

const elsewhere = "use Debian, or name a root folder that has dockerd in OUTRIGGER_ENGINE_ROOT";

const usage = `use --lab=all, ${[...roots.keys()].map((name) => `--lab=${name}`).join(", ")} or nothing`;

/** What stands in the way, with the way out. */
class Problem extends Error {
  exitCode = 3;
}

class WrongUse extends Problem {
  exitCode = 2;
}

/** The lab cannot be had. Without it there is still a tour and a test run; on CI that would hide what was not tested. */
class NoLab extends Problem {
  exitCode = process.env.CI === "true" ? 3 : 0;
}

try {
  setUp(process.argv.slice(2));
} catch (error) {
  if (!(error instanceof Problem)) throw error;
  say(error.message);
  process.exitCode = error.exitCode;
}

function setUp(args) {
  const wanted = args.flatMap(rootsNamedBy);
  const unmade = wanted.filter((name) => !rootIsMade(name));
  const steps = [...(packagesAreInstalled() ? [] : [installPackages]), ...unmade.map((name) => () => makeRoot(name))];
  if (steps.length === 0) return;
  // The lock may be root's; without root there is nothing left to lock for.
  if (packagesAreInstalled()) refuseWithoutRoot();
  if (process.env[locked] === undefined && hasCommand("flock")) runAlone(args);
  else steps.forEach((step) => step());
}

function rootsNamedBy(arg) {
  const name = /^--lab=(.+)$/.exec(arg)?.[1];
  if (name !== "all" && !roots.has(name)) throw new WrongUse(`"${arg}" is not known; ${usage}`);
  const named = name === "all" ? [...roots.keys()] : [name];
  if (process.env.OUTRIGGER_ENGINE_ROOT === undefined) return named;
  return named.filter((one) => roots.get(one).folder !== "engines");
}

/** Starts this set-up again under a lock that ends with it, however it ends: two at once would spoil each other's work. */
function runAlone(args) {
  mkdirSync(lab, { recursive: true });
  const lock = join(lab, "lock");
  if (spawnSync("flock", ["-n", lock, "true"]).status !== 0) say("waiting for another set-up of this folder");
  const { status } = spawnSync("flock", [lock, process.execPath, fileURLToPath(import.meta.url), ...args], {
    stdio: "inherit",
    env: { ...process.env, [locked]: "yes" },
  });
  process.exitCode = status ?? 3;
}

function packagesAreInstalled() {
  return existsSync(packagesMarker) && readFileSync(packagesMarker, "utf8") === packagesStamp();
}

function packagesStamp() {
  return createHash("sha256")
    .update(readFileSync(join(root, "package-lock.json")))
    .digest("hex");
}

function installPackages() {
  if (Number.parseInt(process.versions.node, 10) < 20)
    throw new Problem(`this is Node ${process.versions.node}; install Node 20 or newer`);
  say("installing Node packages");
  const npm = process.env.npm_execpath;
  const command = npm?.endsWith("js") ? [process.execPath, npm] : ["npm"];
  run([...command, "ci", "--no-audit", "--no-fund", "--loglevel=error"], {
    remedy: "look at npm's message above; it needs the npm registry, and Node >= 20 with its npm",
  });
  const node = run([join(root, "node_modules", ".bin", "node"), "--version"], {
    remedy: "delete node_modules and try again",
  });
  if (Number(node.slice(1).split(".")[0]) < 24)
    throw new Problem(`node_modules has Node ${node.trim()}, not 24; delete node_modules and try again`);
  writeFileSync(packagesMarker, packagesStamp());
}

function rootIsMade(name) {
  const { folder, version } = roots.get(name);
  const marker = join(lab, folder, name, ".outrigger-root");
  return existsSync(marker) && readFileSync(marker, "utf8") === version;
}

function titleOf(name) {
  return roots.get(name).folder === "engines" ? `Docker Engine ${name}` : `the lab's ${name}`;
}

function refuseWithoutRoot() {
  if (process.getuid?.() !== 0) throw new NoLab("the lab needs root; run it as root to have a real Docker Engine");
}

function makeRoot(name) {
  refuseWithoutRoot();
  for (const command of ["apt-get", "dpkg-deb", "tar"]) {
    if (hasCommand(command)) continue;
    throw new NoLab(`making a root folder of the lab needs ${command}; ${elsewhere}`);
  }
  const { folder, version } = roots.get(name);
  const parent = join(lab, folder);
  mkdirSync(parent, { recursive: true });
  for (const left of readdirSync(parent).filter((entry) => entry.startsWith(making)))
    rmSync(join(parent, left), { recursive: true, force: true });
  const work = mkdtempSync(join(parent, making));
  try {
    const made = join(work, "root");
    const packages = download(work, name);
    say(`${titleOf(name)}: unpacking ${packages.length} packages`);
    unpack(made, packages);
    if (folder === "engines") useNft(made);
    if (name === "programs") makeCommands(made);
    writeFileSync(join(made, ".outrigger-root"), version);
    rmSync(join(parent, name), { recursive: true, force: true });
    renameSync(made, join(parent, name));
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

/** Fetches the packages of another release with an apt of its own, which knows of no installed package. */
function download(work, name) {
  const { suite, packages } = roots.get(name);
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
  const failure = {
    kind: NoLab,
    remedy: `look at apt's message above; it needs Debian's archive with the release "${suite}"`,
  };
  say(`${titleOf(name)}: asking Debian's archive for ${suite}; nothing is installed on this machine`);
  run(["apt-get", "-qq", "update", ...options], failure);
  say(`${titleOf(name)}: downloading its packages`);
  run(["apt-get", "-qq", "--yes", "--download-only", "install", ...packages, ...options], failure);
  const archives = join(apt, "archives");
  return readdirSync(archives)
    .filter((file) => file.endsWith(".deb"))
    .map((file) => join(archives, file));
}

/** Where this machine gets Debian from, as its own apt has it. */
function archive() {
  const format = "$(REPO_URI)|$(COMPONENT)|$(ORIGIN)|$(LABEL)";
  const targets = run(["apt-get", "indextargets", "--format", format, "Created-By: Packages"], {
    kind: NoLab,
    remedy: `look at apt's message above, or ${elsewhere}`,
  });
  const rows = targets.split("\n").map((line) => line.split("|"));
  const debian = rows.find(
    ([, component, origin, label]) => component === "main" && origin === "Debian" && label === "Debian",
  );
  if (debian === undefined)
    throw new NoLab(`this machine's apt knows no Debian archive; run \`apt-get update\`, or ${elsewhere}`);
  return debian[0];
}

function keyring() {
  const file = ["gpg", "pgp"]
    .map((end) => `/usr/share/keyrings/debian-archive-keyring.${end}`)
    .find((path) => existsSync(path));
  if (file === undefined)
    throw new NoLab("Debian's archive keys are not there; run `apt-get install debian-archive-keyring`");
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
    if (tar.status !== 0)
      throw new NoLab(`${file} could not be unpacked (${tar.stderr.trim()}); look for space in ${lab}, and try again`);
  }
}

/** What iptables' own script would set up: the names, on nftables. */
function useNft(folder) {
  for (const name of ["iptables", "ip6tables"]) {
    for (const suffix of ["", "-save", "-restore"])
      symlinkSync("xtables-nft-multi", join(folder, "usr", "sbin", name + suffix));
  }
}

/** Makes a folder for PATH: each command with the loader and libraries beside it, so that it runs on any machine. */
function makeCommands(folder) {
  const libraries = join(
    "usr",
    "lib",
    readdirSync(join(folder, "usr/lib")).find((name) => name.endsWith("-linux-gnu")),
  );
  const loader = join(
    libraries,
    readdirSync(join(folder, libraries)).find((name) => /^ld-linux.*\.so\.\d$/.test(name)),
  );
  mkdirSync(join(folder, "commands"));
  for (const name of programs.flatMap(([, ...commands]) => commands)) {
    const place = ["usr/bin", "usr/sbin"].find((one) => existsSync(join(folder, one, name)));
    if (place === undefined) throw new NoLab(`Debian's packages have no ${name}; look for it in another release`);
    const program = `"$root/${place}/${name}" "$@"`;
    const isDynamic = readFileSync(join(folder, place, name))
      .subarray(0, 4096)
      .includes("/ld-linux");
    const line = isDynamic
      ? `"$root/${loader}" --library-path "$root/${libraries}:$root/${libraries}/ceph" --argv0 ${name} ${program}`
      : program;
    const script = `#!/bin/sh\nroot=$(dirname "$(readlink -f "$0")")/..\nexec ${line}\n`;
    writeFileSync(join(folder, "commands", name), script, { mode: 0o755 });
  }
}

function hasCommand(name) {
  return spawnSync("sh", ["-c", `command -v ${name}`]).status === 0;
}

function run([command, ...args], { remedy, kind = Problem }) {
  const { status, stdout, error } = spawnSync(command, args, {
    cwd: root,
    encoding: "utf8",
    stdio: ["ignore", "pipe", "inherit"],
  });
  if (status === 0) return stdout;
  const why = error === undefined ? "" : ` (${error.message})`;
  throw new kind(`\`${[command, ...args].slice(0, 3).join(" ")}\` failed${why}; ${remedy}`);
}

function say(text) {
  console.error(`set-up: ${text}`);
}
