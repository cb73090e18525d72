// LF: the files by which the engine finds a plugin that it does not run itself.
import { lstat, open, stat } from "node:fs/promises";
import { parseAddress, type PluginEntry } from "@outrigger/engine";
import type { ConformanceCase } from "../case.ts";
import { fieldOf } from "../json-field.ts";
import type { Trial } from "../trial.ts";
import { Violation } from "../violation.ts";
import { probeOf } from "./probes.ts";
import { restartQuietly } from "./quiet-restart.ts";

const discovery = "moby/moby pkg/plugins/discovery.go";

const shared = { protocol: "files", severity: "MUST", rule: discovery } as const;

/** The cases about `.sock`, `.spec` and `.json` files. */
export const fileCases: readonly ConformanceCase[] = [
  {
    ...shared,
    id: "LF-01",
    severity: "SHOULD",
    title: "A .spec holds one URL with its scheme, and https stands in a .json with a CAFile",
    judge: async (trial) => {
      const { kind, file, tls } = entryOf(trial);
      if (kind === "json") {
        if (tls?.verify === false)
          throw new Violation(`${file}: the engine does not check the certificate; name a CAFile`);
        return;
      }
      if (kind !== "spec") trial.skip("the plugin was found by its socket, not by a .spec or .json");
      const text = (await readText(file)).trim();
      if (/\s/.test(text))
        throw new Violation(`${file} holds more than one URL: ${JSON.stringify(text.slice(0, 200))}`);
      if (!/^[a-z][a-z0-9+.-]*:\/\//i.test(text))
        throw new Violation(`${file}: "${text}" has no scheme; write tcp:// or unix://`);
      if (/^https:/i.test(text))
        throw new Violation(
          `${file}: the engine never checks the certificate behind a .spec; write a .json with a CAFile`,
        );
    },
  },
  {
    ...shared,
    id: "LF-02",
    title: "A .json is an object with a usable Addr",
    judge: async (trial) => {
      const { kind, problems } = entryOf(trial);
      if (kind !== "json") trial.skip("the plugin was not found by a .json");
      if (problems[0] !== undefined) throw new Violation(problems[0].message);
    },
  },
  {
    ...shared,
    id: "LF-03",
    title: "A unix socket's URL has three slashes and a path of 107 bytes at most",
    rule: "docker/go-connections sockets/sockets.go",
    judge: async (trial) => {
      const text = await addressText(trial);
      if (!/^unix:/i.test(text)) trial.skip("the plugin does not listen on a unix socket");
      try {
        parseAddress(text, { rules: "strict" });
      } catch (cause) {
        throw new Violation(cause instanceof Error ? cause.message : String(cause), { cause });
      }
    },
  },
  {
    ...shared,
    id: "LF-04",
    title: "The URL needs no path, for the engine calls at the root",
    rule: "moby/moby pkg/plugins/client.go",
    judge: async (trial) => {
      const text = await addressText(trial);
      const path = /^(?!unix:)[a-z][a-z0-9+.-]*:\/\/[^/?#]*\/?([^]*)$/i.exec(text)?.[1] ?? "";
      if (path !== "") throw new Violation(`${text} ends in "${path}", which the engine drops; serve at the root`);
    },
  },
  {
    ...shared,
    id: "LF-05",
    severity: "SHOULD",
    title: "A plugin that ends by SIGTERM takes the file away that it wrote",
    needs: ["restart"],
    judge: async (trial) => {
      const { file, kind, address } = entryOf(trial);
      if (address === undefined) trial.skip("the file names no address, so the plugin cannot be asked");
      const before = await identityOf(file);
      let down: string | undefined = "unseen";
      const { quiet: call } = await probeOf(trial);
      const whileDown = async (): Promise<void> => void (down = await identityOf(file));
      await restartQuietly(trial, { how: "SIGTERM", call, whileDown });
      if (down === "unseen") trial.skip("the restart command does not show the plugin's end");
      if (down === undefined) return;
      // A file that a start does not write anew was put there by an administrator, and stays.
      if (kind !== "socket" && (await identityOf(file)) === before)
        trial.skip(`${file} is not the plugin's own to remove`);
      throw new Violation(`${file} is left over; the engine dials it for 15 s at each \`docker volume ls\``);
    },
  },
];

function entryOf(trial: Trial): PluginEntry {
  const { target } = trial.setting;
  return typeof target === "string" ? trial.skip("the plugin was given by its address") : target;
}

/** The address as the file spells it. */
async function addressText(trial: Trial): Promise<string> {
  const { kind, file } = entryOf(trial);
  if (kind === "spec") return (await readText(file)).trim();
  if (kind !== "json") return `unix://${file}`;
  try {
    const text = fieldOf(JSON.parse(await readText(file)), "Addr");
    if (typeof text === "string") return text;
  } catch (cause) {
    if (!(cause instanceof SyntaxError)) throw cause;
  }
  return trial.skip(`${file} names no address`);
}

async function identityOf(file: string): Promise<string | undefined> {
  try {
    const { ino, mtimeMs, ctimeMs } = await lstat(file);
    return [ino, mtimeMs, ctimeMs].join();
  } catch {
    return undefined;
  }
}

const mostFileBytes = 64 * 1024;

async function readText(file: string): Promise<string> {
  // Opening a pipe would wait for its other end.
  if (!(await stat(file)).isFile()) throw new Violation(`${file} is no regular file`);
  await using handle = await open(file);
  const { buffer, bytesRead } = await handle.read(Buffer.alloc(mostFileBytes));
  return buffer.toString("utf8", 0, bytesRead);
}
