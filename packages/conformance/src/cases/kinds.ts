import { protocols } from "@outrigger/protocol";
import { fieldOf } from "../json-field.ts";
import type { Trial } from "../trial.ts";
import { Violation } from "../violation.ts";

/** The entries of Implements, whatever they are. */
export async function implemented(trial: Trial): Promise<readonly unknown[]> {
  const list = fieldOf(await trial.ok("Plugin.Activate"), "Implements");
  if (!Array.isArray(list)) throw new Violation(`Implements has to be a list, and is ${JSON.stringify(list)}`);
  return list;
}

/** The protocols that the plugin implements, by their names. */
export async function kindsOf(trial: Trial): Promise<readonly string[]> {
  const all = await implemented(trial);
  return Object.keys(protocols).filter((name) => all.includes(name));
}
