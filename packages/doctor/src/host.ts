import { join } from "node:path";
import { pluginFolders, type PluginFolders } from "@outrigger/engine";

/** Where to look. */
export interface HostOptions {
  /** The root of the machine or engine to look at; `/` unless told. */
  readonly root?: string;
  /** Where its engine looks for plugins; the engine's own folders below the root unless told. */
  readonly folders?: PluginFolders;
  /** The engine's data root, for one that does not run; else it is asked of the running engine. */
  readonly dataRoot?: string;
  /** Where plugins of ours keep their state; `/var/lib/outrigger` below the root unless told. */
  readonly stateFolders?: readonly string[];
}

/** The places of one host, complete. */
export interface Host {
  readonly root: string;
  readonly folders: PluginFolders;
  /** The folders are the engine's own, so its state on disk belongs to them even when it does not run. */
  readonly ownFolders: boolean;
  readonly dataRoot: string | undefined;
  readonly stateFolders: readonly string[];
  readonly proc: string;
  readonly sys: string;
  /** Another root has another network, which cannot be reached from here. */
  readonly isHere: boolean;
}

/** Fills in what was left out. */
export function hostOf(options: HostOptions): Host {
  const { root = "/", dataRoot } = options;
  return {
    root,
    folders: options.folders ?? pluginFolders({ environment: root === "/" ? process.env : {}, root }),
    ownFolders: options.folders === undefined,
    dataRoot,
    stateFolders: options.stateFolders ?? [join(root, "/var/lib/outrigger")],
    proc: join(root, "/proc"),
    sys: join(root, "/sys"),
    isHere: root === "/",
  };
}
