import { readFile } from "node:fs/promises";

/** One mount, as proc(5) has it in /proc/PID/mountinfo. */
export interface Mount {
  readonly id: number;
  readonly parentId: number;
  /** `major:minor` of the device. */
  readonly device: string;
  /** The folder of the file system that is mounted. */
  readonly root: string;
  readonly mountpoint: string;
  readonly options: readonly string[];
  /** `shared:N`, `master:N` and the like. */
  readonly propagation: readonly string[];
  readonly fileSystem: string;
  readonly source: string;
  readonly superOptions: readonly string[];
}

/** The mounts that a process sees, in the order the kernel lists them; of this process unless told. */
export async function readMounts(pid: number | "self" = "self"): Promise<Mount[]> {
  return parseMounts(await readFile(`/proc/${pid}/mountinfo`, "utf8"));
}

/** Mounts out of the text of a mountinfo file. */
export function parseMounts(text: string): Mount[] {
  return text
    .split("\n")
    .filter((line) => line !== "")
    .map(parseMount);
}

function parseMount(line: string): Mount {
  const words = line.split(" ");
  const dash = words.indexOf("-", 6);
  const [id = "", parentId = "", device = "", root = "", mountpoint = "", options = ""] = words;
  const [fileSystem = "", source = "", superOptions = ""] = words.slice(dash + 1);
  if (dash < 0) throw new Error(`a line of mountinfo has no "-": ${line}`);
  return {
    id: Number(id),
    parentId: Number(parentId),
    device,
    root: unescape(root),
    mountpoint: unescape(mountpoint),
    options: options.split(","),
    propagation: words.slice(6, dash),
    fileSystem,
    source: unescape(source),
    superOptions: superOptions.split(","),
  };
}

/** The kernel writes space, tab, newline and backslash as three octal digits; the bytes may be UTF-8. */
function unescape(text: string): string {
  if (!text.includes("\\")) return text;
  return text.replaceAll(/\\([0-7]{3})/g, (_match, octal: string) => String.fromCodePoint(Number.parseInt(octal, 8)));
}
