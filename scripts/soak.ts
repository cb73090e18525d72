// Kills volume-local at random moments until it is enough: npm run soak -- [--kills 1000] [--seconds 1800] [--seed 1].
import { parseArgs } from "node:util";
import { runWithOwnMounts } from "../plugins/volume-local/test/own-mounts.ts";
import { countKills, soak, type SoakReport } from "../plugins/volume-local/test/soak.ts";

runWithOwnMounts(import.meta.filename);

const { values } = parseArgs({
  options: {
    kills: { type: "string", default: "1000" },
    seconds: { type: "string", default: "1800" },
    seed: { type: "string", default: String(Math.floor(Math.random() * 2 ** 30)) },
  },
});
const seed = wholeNumber("seed", values.seed);
console.log(`soak: seed ${seed}`);
let shown = 0;
const onProgress = (report: SoakReport): void => {
  if (countKills(report) < shown + 50) return;
  shown = countKills(report);
  console.log(`soak: ${describe(report)}`);
};
try {
  const kills = wholeNumber("kills", values.kills);
  const report = await soak({ kills, seconds: wholeNumber("seconds", values.seconds), seed, onProgress });
  console.log(`soak: ${describe(report)}: nothing lost, nothing left`);
} catch (error) {
  console.error(`soak: failed with --seed ${seed}`);
  throw error;
}

function describe(report: SoakReport): string {
  const { plugin, both, commands, recovery } = report.kills;
  const parts = `${plugin} of the plugin, ${both} with its commands, ${commands} of its commands, ${recovery} while it recovered`;
  return `${countKills(report)} kills (${parts}), ${report.calls} calls, ${Math.round(report.seconds)} s`;
}

function wholeNumber(name: string, text: string): number {
  const value = Number(text);
  if (!Number.isSafeInteger(value) || value < 0) throw new Error(`--${name} ${text} is no whole number`);
  return value;
}
