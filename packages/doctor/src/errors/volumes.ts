// Volumes.
import type { ErrorEntry } from "./error-entry.ts";

/** The errors of this theme. */
export const volumeErrors: readonly ErrorEntry[] = [
  {
    id: "mount-failed",
    pattern: /error while mounting volume '(?<path>[^']*)'/,
    examples: [
      "docker: Error response from daemon: error while mounting volume '': VolumeDriver.Mount: the disk is full.",
    ],
    means: "A container could not start because a plugin did not mount its volume.",
    why: "What follows is the reason. The container is there, not started; other volumes of it were unmounted again.",
    remedy: "See to the reason, then `docker start` the container; there is no need to make it anew.",
    source: "moby/moby daemon/volume/mounts/mounts.go",
    wraps: true,
  },
  {
    id: "no-such-volume",
    pattern: /\bget (?<volume>[^\s:]{1,255}): no such volume\b|\b[Nn]o such volume\b(?:: (?<volume>\S+))?/,
    examples: ["Error response from daemon: get data: no such volume", "Error: No such volume: data"],
    means: "No driver has a volume of the name {volume}.",
    why: "It was removed; or its plugin answered Get with an error, which the engine takes for no: it then forgets the volume, though the data may be there.",
    remedy:
      "`docker volume ls`, then the plugin's log. `docker volume create -d PLUGIN {volume}` makes the engine know a volume again that the plugin still has.",
    source: "moby/moby daemon/volume/service/errors.go, store.go",
  },
  {
    id: "volume-in-use",
    pattern: /remove (?<volume>\S+?): volume is in use(?: - \[(?<containers>[^\]]*)\])?/,
    examples: ["Error response from daemon: remove data: volume is in use - [3f1e0c2a9b7d]"],
    means: "Volume {volume} belongs to a container, running or not.",
    why: "The engine counts stopped containers too, and asks no plugin about it.",
    remedy: "Remove the containers first: `docker ps -aq --filter volume={volume}` lists them.",
    source: "moby/moby daemon/volume/service/store.go",
  },
  {
    id: "volume-name-conflict",
    pattern: /volume name must be unique|found references? to volume '(?<volume>[^']+)' in driver '(?<plugin>[^']+)'/,
    examples: [
      "Error response from daemon: create data: driver 'shelf' already has volume 'data': volume name must be unique",
    ],
    means: "Another driver has a volume of that name already.",
    why: "Names count across all drivers of an engine; of two, the one that was known first is used.",
    remedy: "Choose another name, or remove the other one: `docker volume inspect` says whose it is.",
    source: "moby/moby daemon/volume/service/store.go",
  },
  {
    id: "volume-driver-mismatch",
    pattern: /(?:found|provided) volume driver does not match (?:passed in|stored) driver/,
    examples: ["Error response from daemon: get data: found volume driver does not match passed in driver"],
    means: "The volume exists, with another driver than the one asked for.",
    why: "A plugin was renamed or installed anew under another tag: to the engine that is another driver.",
    remedy: "Bring the plugin back under its old name; or copy the data to a new volume.",
    source: "moby/moby daemon/volume/service/store.go",
  },
  {
    id: "volume-driver-check",
    pattern: /error while checking if volume "(?<volume>[^"]+)" exists in driver "(?<plugin>[^"]+)"/,
    examples: [
      'Error response from daemon: create data: error while checking if volume "data" exists in driver "shelf": plugin "shelf" not found',
    ],
    means: "The engine asked driver {plugin}, which has volume {volume} in its books, and got no answer.",
    why: "The plugin is down. The engine does not forget a volume for that.",
    remedy: "Start {plugin} again.",
    source: "moby/moby daemon/volume/service/store.go",
    wraps: true,
  },
  {
    id: "volume-name-invalid",
    pattern: /"(?<volume>[^"]*)" includes invalid characters for a local volume name|volume name is too short/,
    examples: [
      'Error response from daemon: create my/data: "my/data" includes invalid characters for a local volume name, only "[a-zA-Z0-9][a-zA-Z0-9_.-]" are allowed. If you intended to pass a host directory, use absolute path',
    ],
    means: "The name cannot be one of a volume.",
    why: "It has a character that is not allowed, or only one. A path on the left of `-v` must begin with a slash.",
    remedy: "Choose another name, or write the folder's absolute path.",
    source: "moby/moby daemon/volume/local/local.go",
  },
  {
    id: "volume-spec-invalid",
    pattern:
      /invalid (?:volume specification: '(?<spec>[^']*)'|spec: (?<spec>\S+): too many colons|mode: (?<mode>\S+)|mount config for type "(?<type>\w+)": (?!bind source)[^\n]*)/,
    examples: [
      "docker: Error response from daemon: invalid volume specification: 'data:/data:rw:extra'.",
      "docker: invalid spec: data:/data:rw:extra: too many colons.",
      'invalid mount config for type "volume": field Target must not be empty',
    ],
    means: "The engine cannot read what is to be mounted where.",
    why: "`-v` takes name:path[:mode]; options for a plugin go into --mount, as volume-opt=KEY=VALUE.",
    remedy: "Write it as `--mount type=volume,source=NAME,target=/path,volume-driver=PLUGIN`.",
    source: "moby/moby daemon/volume/mounts/linux_parser.go, validate.go",
  },
  {
    id: "bind-source-missing",
    pattern: /bind source path does not exist: (?<path>\S+)/,
    examples: [
      'docker: Error response from daemon: invalid mount config for type "bind": bind source path does not exist: /srv/data.',
    ],
    means: "The folder {path} is not there, seen from the engine.",
    why: "The engine may have a root of its own (snap, rootless, in a container), or the path is one inside of a plugin.",
    remedy: "Make the folder where the engine sees it.",
    source: "moby/moby daemon/volume/mounts/validate.go",
  },
  {
    id: "mountpoint-unusable",
    pattern: /error mounting "(?<path>[^"]+)" to rootfs at "(?<target>[^"]+)"[^\n]*/,
    examples: [
      'OCI runtime create failed: runc create failed: unable to start container process: error during container init: error mounting "/run/shelf/data" to rootfs at "/data": mount /run/shelf/data:/data (via /proc/self/fd/6), flags: 0x5000: not a directory',
    ],
    means: "The plugin said that the volume is at {path}, and the engine cannot mount that into the container.",
    why: "The path does not exist in the engine's mount namespace, or is a file. A plugin in a container or a managed one must mount below a place that is shared with the host.",
    remedy: "Let Mount answer a folder that the engine sees: for a managed plugin one below its PropagatedMount.",
    source: "moby/moby daemon/volume/mounts/mounts.go, opencontainers/runc",
  },
  {
    id: "dead-fuse",
    pattern: /transport endpoint is not connected/,
    examples: [
      "docker: Error response from daemon: error while creating mount source path '/mnt/volumes/data': mkdir /mnt/volumes/data: file exists; stat /mnt/volumes/data: transport endpoint is not connected.",
    ],
    means: "A FUSE file system is still mounted, and the process that served it is gone.",
    why: "The plugin, or its sshfs, rclone or gluster helper, was killed and did not unmount.",
    remedy: "`umount -l PATH`, then let the plugin mount it again; containers that have it must be started anew.",
    source: "Linux fs/fuse",
  },
  {
    id: "stale-nfs",
    pattern: /stale (?:NFS )?file handle/i,
    examples: ["stat /var/lib/docker/volumes/data/_data: stale NFS file handle"],
    means: "The server no longer knows the folder that is mounted.",
    why: "It was removed or exported anew on the server.",
    remedy: "`umount -f PATH`, and mount it again.",
    source: "Linux fs/nfs",
  },
  {
    id: "device-busy",
    pattern: /device or resource busy/,
    examples: [
      "Error response from daemon: remove data: VolumeDriver.Remove: unlinkat /srv/volumes/data: device or resource busy",
    ],
    means: "Something is still mounted there, or used there.",
    why: "A container, another mount namespace or a shell holds the volume; or an earlier Unmount failed.",
    remedy: "`grep PATH /proc/*/mountinfo` names the processes that see the mount; `fuser -vm PATH` those that use it.",
    source: "Linux fs/namespace.c",
  },
  {
    id: "local-driver-mount",
    pattern: /failed to mount local volume: mount (?<what>[^\n]*)/,
    examples: [
      "Error response from daemon: failed to mount local volume: mount :/exports/data:/var/lib/docker/volumes/data/_data, data: addr=10.0.0.7: connection refused",
    ],
    means: "The built-in driver `local` could not mount what the volume's options name.",
    why: "It is the kernel's mount(2) that failed; a name in addr must be an address, and helper programs such as mount.nfs are not used.",
    remedy: "Try the same with mount(8) on this machine; see `docker volume inspect` for the options.",
    source: "moby/moby daemon/volume/local/local_unix.go",
  },
  {
    id: "local-driver-option",
    pattern:
      /invalid option: "(?<option>[^"]+)"|missing required option: "(?<option>[^"]+)"|quota size requested but no quota support/,
    examples: ['Error response from daemon: create data: invalid option: "server"'],
    means: 'The built-in driver `local` does not take the option "{option}" so.',
    why: "It knows type, o, device and size. Often `-d PLUGIN` was left out, so that the option reached the wrong driver.",
    remedy: "Name the plugin: `docker volume create -d PLUGIN -o KEY=VALUE NAME`.",
    source: "moby/moby daemon/volume/local/local_unix.go",
  },
];
