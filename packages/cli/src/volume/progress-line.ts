import type { Job } from "@outrigger/storage-api";
import { print } from "../output.ts";
import { formatBytes } from "./format-bytes.ts";

/** Shows how long work goes. */
export interface ProgressLine extends Disposable {
  show(job: Job): void;
}

const width = 24;

/** On a terminal a line that changes, elsewhere nothing; with `json` each change as an object on a line. */
export function createProgressLine(json: boolean): ProgressLine {
  const onTerminal = process.stderr.isTTY && !json;
  const clear = (): void => void (onTerminal && process.stderr.write("\r\u001B[K"));
  return {
    show(job) {
      if (json) print(JSON.stringify(job));
      else if (onTerminal) {
        clear();
        process.stderr.write(describe(job));
      }
    },
    [Symbol.dispose]: clear,
  };
}

/** One line about how far it is; `unknown` where what does the work does not say. */
export function describe({ kind, progress, state }: Job): string {
  if (state !== "running") return `${kind}: ${state}`;
  if (progress === "unknown") return `${kind}: running, progress unknown`;
  const { doneBytes = 0, totalBytes } = progress;
  if (totalBytes === undefined || totalBytes === 0) return `${kind}: ${formatBytes(doneBytes)}`;
  const share = Math.min(1, doneBytes / totalBytes);
  const bar = "#".repeat(Math.round(share * width)).padEnd(width, ".");
  return `${kind}: [${bar}] ${Math.floor(share * 100)} % of ${formatBytes(totalBytes)}`;
}
