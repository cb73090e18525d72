import type { PluginEntry, TlsConfig } from "@outrigger/engine";
import type { EngineUnderTest } from "./engine-under-test.ts";

/** Whose plugin it is to be: each caller's habits are judged with its own requests. */
export type CaseProfile = "docker" | "podman";

/** What a run knows of the plugin and of what may be done to it. */
export interface Setting {
  readonly target: string | PluginEntry;
  readonly tls?: TlsConfig;
  /** `docker` by default. */
  readonly profile?: CaseProfile;
  /** Where the plugin's root folder is seen from here; the same as ours by default, false where it cannot be seen. */
  readonly hostRoot?: string | false;
  /** Options that every volume, network, pool or log needs to be made at all, as in `docker volume create -o`. */
  readonly options?: Readonly<Record<string, string>>;
  /**
   * Ends the plugin by a signal and starts it again; resolves when it has been started. Calls `whileDown` when it has
   * ended, and waits for it before the start; one that cannot tell leaves it out.
   */
  readonly restart?: (signal: "SIGKILL" | "SIGTERM", whileDown?: () => Promise<void>) => Promise<void>;
  /** A managed plugin's folder, with config.json and rootfs; where it is the target, too, nothing is dialled. */
  readonly managedFolder?: string;
  /** Makes a pipe at a path of this machine. */
  readonly makeFifo?: (path: string) => Promise<void>;
  /** A folder for pipes as the plugin sees it; the system's one for temporary files by default. */
  readonly fifoFolder?: string;
  /** The name of a secret that the plugin gives to whoever asks. */
  readonly secret?: string;
  readonly engine?: EngineUnderTest;
  /** Run what takes long. */
  readonly slow?: boolean;
  /** Run what kills the plugin. */
  readonly chaos?: boolean;
  /** Milliseconds to wait for what a plugin may do after its answer. */
  readonly patienceMs: number;
  /** Milliseconds that one call may take at most, and a restarted plugin to be back, below the engine's own limit. */
  readonly callLimitMs?: number;
  readonly signal?: AbortSignal;
}
