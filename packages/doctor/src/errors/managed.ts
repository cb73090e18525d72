// Managed plugins: `docker plugin ...`.
import type { ErrorEntry } from "./error-entry.ts";

/** The errors of this theme. */
export const managedErrors: readonly ErrorEntry[] = [
  {
    id: "plugin-disabled",
    pattern: /plugin (?<plugin>\S+) found but disabled/,
    examples: [
      "Error response from daemon: create data: error looking up volume plugin acme/shelf:latest: plugin acme/shelf:latest found but disabled",
    ],
    means: "The plugin {plugin} is installed and switched off.",
    why: "It did not come up within 9.5 s at the last start of the engine, which then disables it; or somebody did. The engine looks for no other plugin of that name.",
    remedy: "`docker plugin enable {plugin}`; if that fails, its output is in the engine's log under `plugin=<id>`.",
    source: "moby/moby daemon/pkg/plugin/errors.go, manager_linux.go",
  },
  {
    id: "plugin-in-use",
    pattern: /plugin (?<plugin>\S+) is in use/,
    examples: ["Error response from daemon: plugin acme/shelf:latest is in use"],
    means: "Volumes or containers need {plugin}, so it can be neither disabled nor removed.",
    why: "The engine counts each volume of it, whether mounted or not, and each container that logs there.",
    remedy:
      "Remove them first: `docker volume ls --filter driver={plugin}`. With -f, running containers keep mounts that nobody looks after.",
    source: "moby/moby daemon/pkg/plugin/errors.go",
  },
  {
    id: "plugin-enabled",
    pattern: /plugin (?<plugin>\S+) is enabled\b/,
    examples: [
      "Error response from daemon: plugin must be disabled before upgrading: plugin acme/shelf:latest is enabled",
    ],
    means: "{plugin} runs; this needs it switched off.",
    why: "It can be removed and upgraded only while it is disabled, and not be enabled twice.",
    remedy: "`docker plugin disable {plugin}`, then again. What uses its volumes has to be stopped for that.",
    source: "moby/moby daemon/pkg/plugin/errors.go, backend_linux.go",
  },
  {
    id: "plugin-already-disabled",
    pattern: /plugin is already disabled[^\n]*/,
    examples: ["Error response from daemon: plugin is already disabled: plugin acme/shelf:latest found but disabled"],
    means: "There is nothing to do: the plugin is disabled.",
    why: "It may have been the engine that disabled it, because it did not come up.",
    remedy: "`docker plugin enable NAME` starts it.",
    source: "moby/moby daemon/pkg/plugin/manager_linux.go",
  },
  {
    id: "plugin-exists",
    pattern: /plugin (?<plugin>\S+) already exists/,
    examples: ["Error response from daemon: plugin acme/shelf:latest already exists"],
    means: "A plugin of the name {plugin} is installed.",
    why: "The name with its tag counts once.",
    remedy: "Upgrade it: `docker plugin upgrade {plugin} REF`; or install under another name with --alias.",
    source: "moby/moby daemon/pkg/plugin/errors.go",
  },
  {
    id: "plugin-ambiguous",
    pattern: /multiple plugins found for "(?<plugin>[^"]+)"/,
    examples: ['Error response from daemon: multiple plugins found for "3f"'],
    means: "Several plugins have an id that begins with {plugin}.",
    why: "A name of hexadecimal digits is tried as the beginning of an id, also where a socket of that name is meant.",
    remedy: "Write more of the id, or the name with its tag.",
    source: "moby/moby daemon/pkg/plugin/errors.go, store.go",
  },
  {
    id: "plugin-not-settable",
    pattern: /"(?<setting>[^"]+)" is not settable/,
    examples: ['Error response from daemon: "DEBUG" is not settable'],
    means: "The plugin's config.json does not allow {setting} to be changed.",
    why: "Each env, mount, device and args entry has to list `settable` fields.",
    remedy:
      'As its author, add "settable":["value"] and publish anew; as its user, see `docker plugin inspect -f \'{{json .Config.Env}}\' NAME`.',
    source: "moby/moby daemon/pkg/plugin/v2/plugin.go",
  },
  {
    id: "plugin-no-setting",
    pattern:
      /setting "(?<setting>[^"]+)" not found in the plugin configuration|multiple fields are settable, one must be specified|invalid format, must be <name>/,
    examples: ['Error response from daemon: setting "DEBGU" not found in the plugin configuration'],
    means: "The plugin has no setting {setting}.",
    why: "A typing error, or another release of the plugin; names count with upper and lower case.",
    remedy: "`docker plugin inspect -f '{{json .Settings}}' NAME` shows those it has; write NAME[.FIELD]=VALUE.",
    source: "moby/moby daemon/pkg/plugin/v2/plugin.go, settable.go",
  },
  {
    id: "plugin-set-active",
    pattern: /cannot set on an active plugin/,
    examples: ["Error response from daemon: cannot set on an active plugin, disable plugin before setting"],
    means: "Settings can be changed only while the plugin is disabled.",
    why: "They become the environment and mounts of its process.",
    remedy: "`docker plugin disable NAME && docker plugin set NAME KEY=VALUE && docker plugin enable NAME`.",
    source: "moby/moby daemon/pkg/plugin/v2/plugin.go",
  },
  {
    id: "plugin-no-config",
    pattern:
      /did not find plugin config for specified reference (?<reference>\S+)|fetched plugin image but (?:plugin config|manifest) is missing/,
    examples: ["Error response from daemon: did not find plugin config for specified reference acme/shelf:latest"],
    means: "What {reference} names in the registry is no plugin.",
    why: "It is an image, or a list of several architectures, which `docker plugin install` cannot read.",
    remedy: "Name a tag of one architecture, such as :latest-amd64; as its author, publish with `docker plugin push`.",
    source: "moby/moby daemon/pkg/plugin/backend_linux.go",
  },
  {
    id: "plugin-not-image",
    pattern: /Encountered remote "?(?<type>application\/vnd\.docker\.plugin\.v1\+json)"?[^\n]*/,
    examples: [
      'Error response from daemon: Encountered remote "application/vnd.docker.plugin.v1+json"(plugin) when fetching',
    ],
    means: "What was pulled as an image is a plugin.",
    why: "`docker pull` and `docker run` are for images.",
    remedy: "`docker plugin install NAME`.",
    source: "moby/moby distribution/pull_v2.go",
  },
  {
    id: "plugin-privileges",
    pattern: /incorrect privileges/,
    examples: ["Error response from daemon: incorrect privileges"],
    means: "The privileges that were granted are not those that the plugin asks for.",
    why: "A tool sent its own list, or the plugin was published anew between the question and the answer.",
    remedy:
      "Install it again, and read what it asks for; `--grant-all-permissions` grants what it asks at that moment.",
    source: "moby/moby daemon/pkg/plugin/manager.go",
  },
  {
    id: "plugin-mount-source",
    pattern: /mount source is not specified|plugin config has no (?:mount source|device path)/,
    examples: ["Error response from daemon: mount source is not specified"],
    means: "The plugin has a mount or device whose place on this machine is not set.",
    why: "Its config.json leaves the source to you.",
    remedy: "`docker plugin set NAME MOUNT.source=/path`; the folder has to exist, for nobody makes it.",
    source: "moby/moby daemon/pkg/plugin/v2/plugin_linux.go",
  },
  {
    id: "plugin-wrong-architecture",
    pattern: /exec format error/,
    examples: [
      "Error response from daemon: failed to create shim task: OCI runtime create failed: runc create failed: unable to start container process: exec /shelf: exec format error",
    ],
    means: "The program is for another processor than this machine's.",
    why: "A plugin's architecture is not checked when it is installed.",
    remedy: "Install the tag for this machine: `uname -m` says which that is.",
    source: "Linux fs/exec.c, opencontainers/runc",
  },
  {
    id: "plugin-no-entrypoint",
    pattern: /exec: "(?<program>[^"]+)": (?:stat [^:]+: no such file or directory|executable file not found in \$PATH)/,
    examples: [
      'Error response from daemon: failed to create shim task: OCI runtime create failed: runc create failed: unable to start container process: exec: "/shelf": stat /shelf: no such file or directory: unknown',
    ],
    means: "The root folder of the plugin or container has no program {program}.",
    why: "entrypoint in config.json names a file that was not packed; or it is there and needs a loader (libc) that is not.",
    remedy: "Look into the rootfs before `docker plugin create`; link statically, or pack the loader too.",
    source: "opencontainers/runc",
  },
  {
    id: "plugin-bad-config",
    pattern:
      /failed to parse config[^\n]*|json: cannot unmarshal \w+ into Go value of type types\.PluginConfig|invalid config json|\bconfig not found\b/,
    examples: [
      "Error response from daemon: failed to parse config: json: cannot unmarshal string into Go struct field Config.Entrypoint of type []string",
      "Error response from daemon: invalid config json",
      "json: cannot unmarshal array into Go value of type types.PluginConfig",
    ],
    means: "The plugin's config.json cannot be read.",
    why: "It is missing in the folder given to `docker plugin create`, has something behind its end, or a field of another type.",
    remedy: "The folder must hold config.json and rootfs/; entrypoint is a list, for example.",
    source: "moby/moby daemon/pkg/plugin/backend_linux.go, manager_linux.go",
  },
];
