/** A Docker Engine that has the plugin under test, by its API. */
export interface EngineUnderTest {
  /** Its API's unix socket. */
  readonly socket: string;
  /** The plugin's name to this engine: the `-d` of `docker volume create`. */
  readonly driver: string;
  /** An image that has `sh`, for cases with containers. */
  readonly image: string;
  /** Ends the engine by a signal and starts it again; resolves when it answers. */
  readonly restart?: (signal: "SIGKILL" | "SIGTERM") => Promise<void>;
}
