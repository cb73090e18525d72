// What a conformance case is: data, and a function that judges a plugin by talking to it.
import type { Trial } from "./trial.ts";

/** MUST: the engine breaks without it. SHOULD: users get hurt. MAY: good manners. */
export type Severity = "MUST" | "SHOULD" | "MAY";

/** What a case is about: a protocol by its name in `Implements`, or what all plugins share. */
export type Subject =
  | "handshake"
  | "transport"
  | "files"
  | "managed"
  | "VolumeDriver"
  | "NetworkDriver"
  | "IpamDriver"
  | "authz"
  | "LogDriver"
  | "MetricsCollector"
  | "secretprovider";

/**
 * What a case cannot do without; where it is missing, the case is skipped with the reason.
 * `mountpoints`: the plugin's mountpoints can be seen and written from here. `links`: so can its network interfaces.
 * `restart`: the plugin can be killed and started again. `engine`: a Docker Engine that has the plugin.
 * `slow`: the case takes long, and was asked for. `chaos`: it kills the plugin, and that was asked for.
 * `fifo`: pipes can be made that the plugin sees. `secret`: the name of a secret that the plugin has.
 */
export type Need = "mountpoints" | "links" | "restart" | "engine" | "slow" | "chaos" | "fifo" | "secret";

/** One rule, and how to tell whether a plugin keeps it. */
export interface ConformanceCase {
  /** Stable, as in `VOL-31`. */
  readonly id: string;
  readonly protocol: Subject;
  readonly severity: Severity;
  /** One sentence that states the rule as a fact. */
  readonly title: string;
  /** Where the rule comes from: repository and path. */
  readonly rule: string;
  readonly needs?: readonly Need[];
  /** Returns where the rule is kept; throws `Violation` where it is not, and skips by `trial.skip`. */
  readonly judge: (trial: Trial) => Promise<void>;
}
