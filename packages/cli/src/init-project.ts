// The files of a new project. Driver and test are those of our examples, under another name.
import { existsSync, readFileSync } from "node:fs";
import { EnvironmentError } from "./command-error.ts";

/** What kinds of plugin a project can begin with. */
export const kinds = ["volume", "network", "ipam", "authz", "log"] as const;

/** One of them. */
export type Kind = (typeof kinds)[number];

interface Template {
  /** The name that the example has in place of the project's. */
  readonly example: string;
  /** Names that mean something of the engine's own, so that it never looks for a plugin. */
  readonly taken: readonly string[];
  readonly what: string;
  /** How it is used, with this name, once it is served. */
  readonly use: (name: string) => string;
}

const logDrivers = "none local json-file syslog journald gelf fluentd awslogs splunk etwlogs gcplogs logentries";

const templates: Readonly<Record<Kind, Template>> = {
  volume: {
    example: "folders",
    taken: ["local"],
    what: "Volumes for Docker Engine",
    use: (name) => `docker run --rm -v data:/data --volume-driver ${name} busybox touch /data/file`,
  },
  network: {
    example: "wires",
    taken: "bridge host none null overlay macvlan ipvlan".split(" "),
    what: "Networks for Docker Engine",
    use: (name) => `docker network create -d ${name} net`,
  },
  ipam: {
    example: "counting",
    taken: ["default", "null"],
    what: "Addresses for the networks of Docker Engine",
    use: (name) => `docker network create --ipam-driver ${name} net`,
  },
  authz: {
    example: "no-privileged",
    taken: [],
    what: "Rules for who may ask Docker Engine for what",
    use: (name) => `dockerd --authorization-plugin=${name}`,
  },
  log: {
    example: "logbook",
    taken: logDrivers.split(" "),
    what: "Logs of the containers of Docker Engine",
    use: (name) => `docker run --log-driver ${name} busybox echo hello`,
  },
};

/** What a project is checked with; the tests hold it against what we are checked with ourselves. */
export const tools = { "@types/node": "^24.0.0", typescript: "^7.0.2" };

/** Whether the engine would take a name for something of its own. */
export function isTaken(kind: Kind, name: string): boolean {
  return templates[kind].taken.includes(name);
}

/** How the plugin of a project is used. */
export function useOf(kind: Kind, name: string): string {
  return templates[kind].use(name);
}

/** All files of a project, by their path in it. */
export function projectFiles(kind: Kind, name: string): ReadonlyMap<string, string> {
  const driver = template(kind, name, `${kind}.ts`);
  const test = template(kind, name, `${kind}.test.ts`);
  const manifest = manifestOf({ kind, name, driver, test });
  return new Map([
    [`${kind}.ts`, driver],
    [`${kind}.test.ts`, test],
    ["package.json", `${JSON.stringify(manifest, null, 2)}\n`],
    ["tsconfig.json", `${JSON.stringify(tsconfig, null, 2)}\n`],
    [".gitignore", "node_modules/\ndist/\n"],
    ["README.md", readme(kind, name)],
  ]);
}

function template(kind: Kind, name: string, file: string): string {
  // Where this is published the examples are beside it; in a clone they are where everybody looks for them.
  const places = ["../templates/", "../../../examples/"].map((place) => new URL(place + file, import.meta.url));
  const place = places.find((place) => existsSync(place));
  if (place === undefined) throw new EnvironmentError(`this outrigger lacks its template ${file}; install it again`);
  return readFileSync(place, "utf8").replaceAll(new RegExp(`\\b${templates[kind].example}\\b`, "g"), name);
}

function manifestOf(project: { kind: Kind; name: string; driver: string; test: string }): object {
  const { kind, name, driver, test } = project;
  // Our own manifest, which has a version; all packages of ours are released under one.
  const own = JSON.parse(readFileSync(new URL("../package.json", import.meta.url), "utf8")) as { version: string };
  const packagesIn = (text: string): string[] =>
    [...text.matchAll(/ from "(@outrigger\/[\w-]+)"/g)].map(([, one = ""]) => one);
  const used = new Set(packagesIn(driver));
  const forTests = packagesIn(test).filter((one) => !used.has(one));
  const versioned = (names: Iterable<string>): object =>
    Object.fromEntries([...names].sort((a, b) => (a < b ? -1 : 1)).map((one) => [one, `^${own.version}`]));
  return {
    name,
    version: "0.1.0",
    description: templates[kind].what,
    type: "module",
    source: `./${kind}.ts`,
    exports: `./dist/${kind}.js`,
    files: ["dist", "!dist/*.test.*"],
    scripts: {
      dev: "outrigger dev",
      start: `outrigger serve ./${kind}.ts --trace`,
      test: "tsc --noEmit && node --test",
      prepack: "tsc",
    },
    dependencies: versioned(used),
    devDependencies: { ...versioned([...forTests, "outrigger"]), ...tools },
    engines: { node: ">=24" },
  };
}

const tsconfig = {
  compilerOptions: {
    target: "es2024",
    lib: ["es2024", "esnext.disposable", "esnext.collection", "esnext.iterator", "esnext.array"],
    module: "nodenext",
    types: ["node"],
    strict: true,
    noUncheckedIndexedAccess: true,
    erasableSyntaxOnly: true,
    verbatimModuleSyntax: true,
    rewriteRelativeImportExtensions: true,
    declaration: true,
    skipLibCheck: true,
    outDir: "dist",
  },
  include: ["*.ts"],
};

function readme(kind: Kind, name: string): string {
  return `# ${name}

${templates[kind].what}, written with Outrigger. \`${kind}.ts\` is all of it; \`${kind}.test.ts\` calls it as the engine does.

\`\`\`sh
npm install
npm test            # types, then ${kind}.test.ts
npm run dev         # as root: serve it to the engine of this machine; each save replaces it
\`\`\`

While it runs, in another terminal:

\`\`\`sh
${templates[kind].use(name)}
npx outrigger conform unix:///run/docker/plugins/${name}.sock
\`\`\`

In CI, on Node 24: \`npm ci && npm test\`.

After \`npm publish\`, on any machine: \`npm install -g outrigger ${name} && outrigger serve ${name}\`.
`;
}
