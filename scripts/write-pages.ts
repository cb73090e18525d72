// Writes the pages of docs that are made from data; with --check, says whether they are in step and changes nothing.
import { globSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { conformancePages } from "./pages/conformance-cases.ts";
import { errorPages } from "./pages/errors.ts";
import { protocolPages } from "./pages/protocols.ts";
import { storageApiPages } from "./pages/storage-api.ts";

const docs = fileURLToPath(new URL("../docs", import.meta.url));

/** Pages by their path in docs. */
const pages = new Map([...protocolPages(), ...conformancePages(), ...errorPages(), ...storageApiPages()]);
/** Folders that hold nothing else. */
const written = "protocols/*";

const left = globSync(written, { cwd: docs }).filter((name) => !pages.has(name));
const stale = [...pages].filter(([name, text]) => read(name) !== text).map(([name]) => name);

if (process.argv.includes("--check")) {
  if (stale.length + left.length > 0) {
    console.error(
      `docs is out of step (${[...stale, ...left].join(", ")}); run \`npm run docs\` and commit the result`,
    );
    process.exit(1);
  }
} else {
  for (const name of left) rmSync(join(docs, name));
  for (const name of stale) {
    mkdirSync(dirname(join(docs, name)), { recursive: true });
    writeFileSync(join(docs, name), pages.get(name) ?? "");
  }
}

function read(name: string): string | undefined {
  try {
    return readFileSync(join(docs, name), "utf8");
  } catch {
    return undefined;
  }
}
