import { setTimeout as wait } from "node:timers/promises";
import type { Child } from "@outrigger/linux";

/** Where the tour plays: a plugin that is served, and something that calls it as Docker Engine does. */
export interface Stage extends AsyncDisposable {
  /** What calls the plugin, and what it leaves alone. */
  readonly title: string;
  /** Shows each step and what comes of it. */
  play(): Promise<void>;
  /** What a newcomer can type while it stays up, a command a line. */
  readonly commands: readonly string[];
}

/** Why a stage without a btrfs of its own shows no snapshots. */
export const plainFolders =
  "volumes are plain folders on this stage, which have none; npm start with an engine of the tour's own shows them";

/** Prints a step as it would be typed. */
export function announce(command: string): void {
  console.log(`\n${paint("1", `$ ${command}`)}`);
}

/** Prints what a command printed. */
export function show(output: string): void {
  if (output !== "") console.log(output);
}

/** Passes on what a plugin prints, each line marked as its own. */
export function showPluginLines(): (chunk: Buffer) => void {
  let rest = "";
  return (chunk) => {
    const lines = (rest + chunk.toString()).split("\n");
    rest = lines.pop() ?? "";
    for (const line of lines) console.log(`  ${paint("36", "plugin")} ${line}`);
  };
}

/** Waits until `outrigger serve` says that it serves; throws what it said where it ended instead. */
export async function untilServing(plugin: Child): Promise<void> {
  let ended = false;
  void plugin.ended.then(() => (ended = true));
  while (!plugin.output().includes(" serves ")) {
    if (ended) throw new Error(`the plugin ended as it started: ${plugin.output().trim()}`);
    await wait(10);
  }
}

/** Colours on a terminal alone. */
function paint(code: string, text: string): string {
  return process.stdout.isTTY && process.env.NO_COLOR === undefined ? `\u001b[${code}m${text}\u001b[0m` : text;
}
