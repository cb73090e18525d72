import { enterNamespaces, run } from "@outrigger/linux";
import { findInRoots } from "./engine-root.ts";

/** In which network namespace to run one of iproute2's or nftables' commands, and what it reads. */
export interface NetworkToolOptions {
  /** A process of that namespace. */
  readonly pid: number;
  readonly input?: string;
}

/** `ip` finds another namespace by a process of it, so it needs /proc; the mount is seen by this one command. */
const script = 'mount --bind /proc "$1/proc" && exec chroot "$@"';

/** Runs `ip` or `nft` in a network namespace, taken from an engine's root folder: the machine may not have it. */
export async function runNetworkTool(argv: readonly [string, ...string[]], options: NetworkToolOptions): Promise<void> {
  const { pid, input = "" } = options;
  const [name, ...args] = argv;
  const tool = findInRoots(name);
  if (tool === undefined)
    throw new Error(`the lab needs the command ${name}; run \`npm run setup -- --lab=26.1\` or install it`);
  const inNetwork = ["unshare", "--mount", "sh", "-c", script, "sh", tool.root, tool.command, ...args];
  await run(enterNamespaces(inNetwork, { pid, namespaces: ["net"] }), { input });
}
