// How links of ours are named, so that whoever finds one knows whose it is.
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";

/** Every host-side link that a network plugin of ours makes has a name that begins so. */
export const ownLinkPrefix = "or-";

/** A link of ours, as the kernel shows it. */
export interface OwnLink {
  readonly name: string;
  /** Missing where a link has our prefix and no alias: it may be somebody else's. */
  readonly plugin?: string | undefined;
  readonly endpoint?: string | undefined;
}

/**
 * The alias (`ip link set dev NAME alias ...`) that says whose link it is: `outrigger:<plugin>:<endpoint>`. A name has
 * room for 15 bytes, an alias for 255, so the name only marks the link and the alias tells the rest.
 */
export function ownLinkAlias(plugin: string, endpoint: string): string {
  return `outrigger:${plugin}:${endpoint}`;
}

/** The links of ours in a network namespace: that of the `/sys` that is named, this process's unless told. */
export async function readOwnLinks(sys = "/sys"): Promise<OwnLink[]> {
  const folder = join(sys, "class/net");
  const links: OwnLink[] = [];
  for (const name of await readdir(folder)) {
    // A link may go between the two, and a file such as `bonding_masters` is none.
    const alias = await readFile(join(folder, name, "ifalias"), "utf8").catch(() => undefined);
    const [, plugin, endpoint] = /^outrigger:([^:]+):([^\n]*)/.exec(alias ?? "") ?? [];
    if (plugin !== undefined || (alias !== undefined && name.startsWith(ownLinkPrefix)))
      links.push({ name, plugin, endpoint });
  }
  return links;
}
