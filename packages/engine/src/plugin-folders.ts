import { join } from "node:path";

/** Where the engine looks for plugins. */
export interface PluginFolders {
  /** Sockets, those of managed plugins in folders of their own. */
  readonly sockets: string;
  /** `.spec` and `.json` files, in the order they are tried. */
  readonly specs: readonly string[];
  /** Pass over a folder of specs that permissions close, as a rootless engine does; otherwise it fails the scan. */
  readonly skipForbidden?: boolean;
}

/** Whose folders. */
export interface FoldersOptions {
  /** The engine's environment: RootlessKit's variable makes it look elsewhere. None by default: a root engine. */
  readonly environment?: Readonly<Record<string, string | undefined>>;
  /** 20.10 does the same whether rootless or not. */
  readonly release?: "current" | "20.10";
  /** Stands before every folder: the root of an engine in a mount namespace of its own. */
  readonly root?: string;
}

/**
 * The folders of one engine.
 * A rootless engine never looks in `$XDG_CONFIG_HOME/docker/plugins`, whatever its documentation says, where it knows
 * that folder. Source: moby/moby pkg/plugins/discovery_unix.go.
 */
export function pluginFolders(options: FoldersOptions = {}): PluginFolders {
  const { environment = {}, release = "current", root = "/" } = options;
  const rootless = release === "current" && Boolean(environment["ROOTLESSKIT_STATE_DIR"]);
  const home = environment["HOME"];
  const library = rootless && home ? join(home, ".local/lib/docker/plugins") : "/usr/lib/docker/plugins";
  return {
    sockets: join(root, "/run/docker/plugins"),
    specs: [join(root, "/etc/docker/plugins"), join(root, library)],
    ...(rootless ? { skipForbidden: true } : {}),
  };
}
