// Log drivers.
import type { ErrorEntry } from "./error-entry.ts";

/** The errors of this theme. */
export const logErrors: readonly ErrorEntry[] = [
  {
    id: "log-driver-failed",
    pattern:
      /failed to (?:initialize logging driver|create task for container: failed to initialize logging driver): |error creating logger: /,
    examples: [
      "docker: Error response from daemon: failed to initialize logging driver: error creating logger: LogDriver.StartLogging: no space left.",
    ],
    means: "A container could not start because its log driver did not.",
    why: "What follows is the reason: StartLogging failed, or the driver does not take an option.",
    remedy: "See to the reason; or start it with another driver: `--log-driver json-file`.",
    source: "moby/moby daemon/container/container.go, daemon/logger/plugin.go",
    wraps: true,
  },
  {
    id: "log-driver-missing",
    pattern: /logger: no log driver named '(?<plugin>[^']+)' is registered/,
    examples: ["docker: Error response from daemon: logger: no log driver named 'loki' is registered."],
    means: "There is no log driver {plugin}.",
    why: "The plugin is not installed, is disabled, or does not run.",
    remedy:
      "`docker plugin ls`, `outrigger ls`; or take it out of --log-driver, the compose file or log-driver in daemon.json.",
    source: "moby/moby daemon/logger/factory.go",
  },
  {
    id: "log-reading-unsupported",
    pattern: /configured logging driver does not support reading/,
    examples: ["Error response from daemon: configured logging driver does not support reading"],
    means: "`docker logs` cannot show what went to this log driver.",
    why: "The plugin says no to ReadLogs, and the engine's local copy is off (cache-disabled=true) or not there: engines before 20.10 have none.",
    remedy:
      'Read the logs where the plugin sends them. A plugin that can read answers {"Cap":{"ReadLogs":true}} to LogDriver.Capabilities.',
    source: "moby/moby daemon/logger/logger.go",
  },
  {
    id: "log-option",
    pattern: /unknown log opt '(?<option>[^']+)' for (?<plugin>\S+) log driver/,
    examples: ["docker: Error response from daemon: unknown log opt 'loki-url' for json-file log driver."],
    means: "The option {option} is for another log driver than {plugin}.",
    why: "`--log-opt` or log-opts in daemon.json belong to the driver that is chosen; a container made with another one inherits none.",
    remedy: "Name the driver as well: `--log-driver`.",
    source: "moby/moby daemon/logger",
  },
  {
    id: "log-reader",
    pattern: /error getting log reader: |error decoding log message: /,
    examples: ["Error response from daemon: error getting log reader: LogDriver.ReadLogs: no such log"],
    means: "The log plugin did not give out the log, or broke off in the middle.",
    why: "What follows is the reason; a torn message comes from a plugin that was killed while it wrote.",
    remedy: "Try again with `--tail 100`; look at the plugin's log.",
    source: "moby/moby daemon/logger/adapter.go",
    wraps: true,
  },
  {
    id: "log-mode",
    pattern:
      /logger: (?:logging mode not supported: (?<mode>\S+)|max-buffer-size option is only supported with 'mode=)/,
    examples: ["docker: Error response from daemon: logger: logging mode not supported: async."],
    means: "The log option mode is blocking or non-blocking, and max-buffer-size goes with the latter.",
    why: "With blocking, a log plugin that hangs stops the container at its next line; with non-blocking, lines are dropped.",
    remedy: "`--log-opt mode=non-blocking --log-opt max-buffer-size=4m`.",
    source: "moby/moby daemon/logger/factory.go",
  },
];
