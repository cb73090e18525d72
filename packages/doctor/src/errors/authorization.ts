// Authorization plugins.
import type { ErrorEntry } from "./error-entry.ts";

/** The errors of this theme. */
export const authorizationErrors: readonly ErrorEntry[] = [
  {
    id: "authz-denied",
    pattern: /authorization denied by plugin (?<plugin>\S+?): (?<text>[^\n]*)/,
    examples: [
      "docker: Error response from daemon: authorization denied by plugin gate: privileged containers are not allowed.",
    ],
    means: "The policy of the authorization plugin {plugin} forbids this request: {text}",
    why: "The plugin answered with Allow false. If it denied the answer rather than the request, what was asked for has happened nevertheless.",
    remedy: "Ask whoever keeps the policy; {plugin}'s own log has the rule.",
    source: "moby/moby pkg/authorization/authz.go",
  },
  {
    id: "authz-failed",
    pattern: /plugin (?<plugin>\S+) failed with error: /,
    examples: [
      "Error response from daemon: plugin gate failed with error: AuthZPlugin.AuthZReq: the policy does not compile",
    ],
    means: "The authorization plugin {plugin} could not be asked, so the engine refuses every request.",
    why: "It is down, or its answer is no JSON or not 200. While it is down, each request waits 15 s.",
    remedy:
      "Start {plugin} again. To get in without it: take it out of authorization-plugins in daemon.json, then `systemctl kill -s HUP docker`.",
    source: "moby/moby pkg/authorization/authz.go",
    wraps: true,
  },
  {
    id: "authz-missing-at-start",
    pattern: /(?:failed to validate|Error validating) authorization plugin[^\n]*/,
    examples: ['failed to start daemon: failed to validate authorization plugin: plugin "gate" not found'],
    means: "The engine does not start, or ended at a reload, because an authorization plugin is not there.",
    why: "Every plugin named in authorization-plugins has to answer before the engine does; a plugin in a container of the same engine never can.",
    remedy:
      "Start the plugin before the engine (a systemd unit with `Before=docker.service`), or take it out of daemon.json.",
    source: "moby/moby daemon/command/daemon.go",
  },
  {
    id: "authz-body-too-large",
    pattern: /request body too large for authorization plugin/,
    examples: [
      "Error response from daemon: request body too large for authorization plugin: size exceeds 4194304 bytes",
    ],
    means: "A request has a JSON body over 4 MiB, which no authorization plugin is shown, so it is refused.",
    why: "Engines before 29.3.1 hid a large body and carried the request out: that was CVE-2026-34040.",
    remedy: "Make the request smaller: large configs and secrets, long lists of environment variables.",
    source: "moby/moby pkg/authorization/authz.go",
  },
];
