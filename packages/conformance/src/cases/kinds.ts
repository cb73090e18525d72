import { protocols } from "@outrigger/protocol";
import { fieldOf } from "../json-field.ts";
import type { Trial } from "../trial.ts";
import { Violation } from "../violation.ts";
import { listOf, readConfig } from "./managed-folder.ts";

/** The entries of Implements, whatever they are. */
export async function implemented(trial: Trial): Promise<readonly unknown[]> {
  const list = fieldOf(await trial.ok("Plugin.Activate"), "Implements");
  if (!Array.isArray(list)) throw new Violation(`Implements has to be a list, and is ${JSON.stringify(list)}`);
  return list;
}

/**
 * The protocols that the plugin implements, by their names. A managed plugin never gets the handshake and may refuse it;
 * then they are those of its config.json.
 */
export async function kindsOf(trial: Trial): Promise<readonly string[]> {
  if (trial.setting.managedFolder !== undefined) {
    const { failure } = await trial.send("Plugin.Activate");
    if (failure !== undefined) return kindsInConfig(trial);
  }
  const all = await implemented(trial);
  return Object.keys(protocols).filter((name) => all.includes(name));
}

/** The protocols that a managed plugin's config.json names. */
export async function kindsInConfig(trial: Trial): Promise<readonly string[]> {
  const types = listOf(await readConfig(trial), "interface", "types");
  return Object.entries(protocols).flatMap(([name, { managedType }]) => (types.includes(managedType) ? [name] : []));
}
