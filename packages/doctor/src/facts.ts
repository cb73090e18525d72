// What the checks look at, gathered once. Nothing here judges.
import type { PluginFolders, ProbedEntry } from "@outrigger/engine";
import type { HoldingProcess, Mount, OwnLink, ProcessFacts, UnixSocket } from "@outrigger/linux";
import type { ApiAnswer } from "./engine-api.ts";
import type { DaemonConfig } from "./daemon-config.ts";
import type { EngineState } from "./driver-uses.ts";

/** What lstat says that a check needs. */
export interface FileFacts {
  readonly inode: number;
  readonly device: number;
  readonly mode: number;
  readonly uid: number;
  readonly changedMs: number;
  readonly isSocket: boolean;
  /** Every folder above lets everybody pass. */
  readonly reachableByAll: boolean;
}

/** A plugin file with all that is known of what stands behind it. */
export interface ExaminedPlugin extends ProbedEntry {
  /** Its file is a link. */
  readonly linked: boolean;
  /** It was tried; the others are on a network that cannot be reached from here, or on a path that hangs. */
  readonly tried: boolean;
  /** The socket itself; absent for TCP and where there is none. */
  readonly socket?: FileFacts | undefined;
  /** Who listens there, as far as it can be seen. */
  readonly owner?: ProcessFacts | undefined;
  readonly certificates: readonly CertificateFacts[];
  /** The client key's permissions. */
  readonly keyMode?: number | undefined;
}

/** A certificate that a `.json` file names. */
export interface CertificateFacts {
  readonly field: "CAFile" | "CertFile";
  readonly file: string;
  readonly subject: string;
  readonly validFrom: Date;
  readonly validTo: Date;
}

/** A file of ours that lies beside the sockets under a hidden name. */
export interface HiddenFile extends FileFacts {
  readonly file: string;
  readonly isFolder: boolean;
  /** The socket that was moved into it. */
  readonly kept?: FileFacts | undefined;
  /** The process that moved it there runs. */
  readonly inUse: boolean;
}

/** What is known of the engine. */
export interface EngineFacts {
  /** The running dockerd; absent where none runs. */
  readonly process?: ProcessFacts | undefined;
  readonly stopped: boolean;
  readonly config: DaemonConfig;
  readonly dataRoot: string;
  readonly state: EngineState;
  readonly api: ApiAnswer;
}

/** A state folder of a plugin of ours. */
export interface StateFolder {
  readonly plugin: string;
  readonly folder: string;
  /** Some process has a file open in it. */
  readonly inUse: boolean;
  /** State files that were found damaged and set aside. */
  readonly damaged: readonly string[];
}

/** A loop device and the file behind it. */
export interface LoopDevice {
  readonly device: string;
  readonly file: string;
}

/** Everything that was found out about a host. */
export interface Facts {
  readonly now: Date;
  readonly deadlineMs: number;
  readonly folders: PluginFolders;
  readonly folderFacts: readonly (FileFacts & { readonly folder: string })[];
  readonly hung: readonly string[];
  readonly crowded: readonly string[];
  readonly unreadable: readonly { readonly folder: string; readonly why: string }[];
  readonly plugins: readonly ExaminedPlugin[];
  readonly hidden: readonly HiddenFile[];
  readonly sockets: readonly UnixSocket[];
  readonly holders: readonly HoldingProcess[];
  readonly engine?: EngineFacts | undefined;
  readonly mounts: readonly Mount[];
  readonly loops: readonly LoopDevice[];
  readonly links: readonly OwnLink[];
  readonly stateFolders: readonly StateFolder[];
}
