// A plugin is not found, or cannot be reached.
import type { ErrorEntry } from "./error-entry.ts";

/** The errors of this theme. */
export const reachingErrors: readonly ErrorEntry[] = [
  {
    id: "plugin-not-found",
    pattern: /plugin "(?<plugin>[^"]+)" not found|could not find plugin (?<plugin>\S+) in v1 plugin registry/,
    examples: [
      'Error response from daemon: create data: error looking up volume plugin shelf: plugin "shelf" not found',
      "Error response from daemon: error looking up volume plugin shelf: legacy plugin: could not find plugin shelf in v1 plugin registry: plugin not found",
    ],
    means: "The engine knows no plugin of the name {plugin}: no managed one, and no socket, .spec or .json file.",
    why: "The plugin does not run, listens under another name or in another folder, or the name is misspelled. The engine looks for 15 s before it says so.",
    remedy:
      "See what is there: `outrigger ls` and `docker plugin ls`. Start the plugin so that /run/docker/plugins/{plugin}.sock appears, or enable it: `docker plugin enable {plugin}`.",
    source: "moby/moby daemon/pkg/plugin/errors.go, pkg/plugins/discovery.go",
  },
  {
    id: "plugin-lookup",
    pattern:
      /error looking up (?:volume|logging) plugin (?<plugin>\S+?):|Unable to locate plugin: (?<plugin>[^,\s]+), retrying/,
    examples: [
      "error looking up volume plugin shelf: ",
      'time="2026-01-05T10:00:00Z" level=warning msg="Unable to locate plugin: shelf, retrying in 1s"',
    ],
    means: "The engine wanted to use the plugin {plugin} and did not get hold of it.",
    why: "What follows in the message is the reason; a line that ends in `retrying` is only a first attempt.",
    remedy: "Run `outrigger doctor`: it says in two seconds what the engine finds out in fifteen.",
    source: "moby/moby daemon/volume/drivers/extpoint.go, pkg/plugins/plugins.go",
    wraps: true,
  },
  {
    id: "socket-refused",
    pattern: /dial unix (?<socket>\S+?): connect: connection refused/,
    examples: [
      'Error response from daemon: create data: Post "http://%2Frun%2Fdocker%2Fplugins%2Fshelf.sock/VolumeDriver.Create": dial unix /run/docker/plugins/shelf.sock: connect: connection refused',
      'level=warning msg="Unable to connect to plugin: %2Frun%2Fdocker%2Fplugins%2Fshelf.sock/Plugin.Activate: Post \\"http://%2Frun%2Fdocker%2Fplugins%2Fshelf.sock/Plugin.Activate\\": dial unix /run/docker/plugins/shelf.sock: connect: connection refused, retrying in 1s"',
    ],
    means: "The socket file {socket} is there, and nothing listens on it.",
    why: "The plugin ended without removing its socket: it crashed, was killed, or has no handler for SIGTERM. Until the file is gone, every `docker volume ls` waits 15 s for it.",
    remedy: "Start the plugin again, or remove what it left: `outrigger doctor --fix` does so after a second look.",
    source: "moby/moby pkg/plugins/client.go",
  },
  {
    id: "socket-missing",
    pattern: /dial unix (?<socket>\S+?): connect: no such file or directory/,
    examples: [
      "Error response from daemon: dial unix /run/docker/plugins/0d83a5b0c6f9/shelf.sock: connect: no such file or directory",
      'Post "http://%2Frun%2Fdocker%2Fplugins%2Fshelf.sock/VolumeDriver.Mount": dial unix /run/docker/plugins/shelf.sock: connect: no such file or directory',
    ],
    means: "The engine expected a plugin on {socket}, and there is no such file.",
    why: "The plugin was there when the engine first used it and has ended since. On `docker plugin enable`: it did not make its socket within 9.5 s, or makes it under another name than `interface.socket` in its config.json.",
    remedy:
      "Start the plugin; the engine goes on with it by itself. For a managed one, look for `plugin=<id>` in the engine's log: that is what it printed. It has to listen first and restore its state afterwards.",
    source: "moby/moby daemon/pkg/plugin/manager_linux.go, pkg/plugins/client.go",
  },
  {
    id: "socket-forbidden",
    pattern: /dial unix (?<socket>\/\S*plugins\/\S+?): connect: permission denied/,
    examples: ["dial unix /run/docker/plugins/shelf.sock: connect: permission denied"],
    means: "The engine may not connect to {socket}.",
    why: "The engine is rootless, or confined by SELinux or AppArmor, and the socket belongs to another user.",
    remedy:
      "Run the plugin as the user of the engine, or give the socket that user's group; look for denials with `journalctl -k | grep -i denied`.",
    source: "moby/moby pkg/plugins/client.go",
  },
  {
    id: "socket-path-too-long",
    pattern:
      /[Uu]nix socket path "?(?<socket>[^"\s]+)"? is too long|(?:dial|listen) unix (?<socket>\S+?): (?:connect|bind): invalid argument/,
    examples: [
      'unix socket path "/srv/applications/production/storage/docker/plugins/shelf/sockets/with/a/very/long/path/name/to/it/shelf.sock" is too long',
      "listen unix /srv/applications/production/storage/docker/plugins/shelf/sockets/with/a/very/long/path/shelf.sock: bind: invalid argument",
    ],
    means: "The path of the socket does not fit: a unix socket's address has room for 107 bytes.",
    why: "The limit is the kernel's, for every program.",
    remedy: "Use a shorter path, or a short link to the folder.",
    source: "docker/go-connections sockets/sockets.go, Linux include/uapi/linux/un.h",
  },
  {
    id: "tcp-refused",
    pattern: /dial tcp (?<address>\S+?): connect: connection refused/,
    examples: ['Post "http://127.0.0.1:4000/Plugin.Activate": dial tcp 127.0.0.1:4000: connect: connection refused'],
    means: "Nothing listens at {address}, where a .spec or .json file sends the engine.",
    why: "The plugin does not run, or listens on another port or on 127.0.0.1 of another machine or container.",
    remedy: "Start it; check the file: `outrigger ls` shows which address it names, and whether that answers.",
    source: "moby/moby pkg/plugins/client.go",
  },
  {
    id: "tcp-unreachable",
    pattern:
      /dial tcp (?<address>\S+?): (?:i\/o timeout|connect: no route to host|connect: network is unreachable)|dial tcp: lookup (?<address>\S+?)(?: on \S+)?: no such host/,
    examples: [
      'Post "https://db1:4000/Plugin.Activate": dial tcp 10.0.0.7:4000: i/o timeout',
      'Post "https://db1:4000/Plugin.Activate": dial tcp: lookup db1: no such host',
    ],
    means: "The machine that a .spec or .json file names ({address}) cannot be reached.",
    why: "A wrong name, a firewall that drops packets, or a network that is not up yet when the engine starts.",
    remedy:
      "Try it from this machine: `outrigger inspect https://HOST:PORT`. Let the engine start after the network: `After=network-online.target`.",
    source: "moby/moby pkg/plugins/client.go",
  },
  {
    id: "connect-retry",
    pattern: /Unable to connect to plugin: (?<address>\S+?): .*retrying in \S+/,
    examples: [
      'level=warning msg="Unable to connect to plugin: %2Frun%2Fdocker%2Fplugins%2Fshelf.sock/VolumeDriver.Get: Post: EOF, retrying in 4s"',
    ],
    means: "A call to a plugin failed, and the engine will repeat it after 1, 2, 4 and 8 s.",
    why: "The reason stands in the middle of the line. A repeated call has an empty body when the first attempt had reached the plugin.",
    remedy: "Run `outrigger doctor`; a plugin must answer a call without a body with an error, never act on it.",
    source: "moby/moby pkg/plugins/client.go",
    wraps: true,
  },
  {
    id: "wrong-protocol",
    pattern:
      /Plugin does not implement the requested driver(?:: plugin="?(?<plugin>[^",]+)"?, requested implementation="?(?<kind>[^"\s]+)"?)?/,
    examples: [
      "Error response from daemon: create data: error looking up volume plugin shelf: Plugin does not implement the requested driver",
      'error looking up volume plugin shelf: Plugin does not implement the requested driver: plugin="shelf", requested implementation="VolumeDriver"',
    ],
    means: "The plugin is there, and its handshake does not name the protocol that it was asked for.",
    why: "A network plugin named as a volume driver or the like; or `Implements` spells the protocol differently: VolumeDriver, NetworkDriver, IpamDriver, LogDriver, authz, exactly so. The engine remembers the first handshake for as long as it runs.",
    remedy: "`outrigger inspect NAME` shows what it says. After a change in the plugin, restart the engine.",
    source: "moby/moby pkg/plugins/plugins.go",
  },
  {
    id: "unknown-protocol-scheme",
    pattern: /Unknown protocol\b|unable to authenticate plugin protocol|unsupported protocol scheme "(?<scheme>[^"]*)"/,
    examples: ["Error response from daemon: create data: error looking up volume plugin shelf: Unknown protocol"],
    means: "The address in the plugin's .spec file has no scheme.",
    why: "The whole file is read as one URL; `localhost:4000` or a bare path is none that the engine can use.",
    remedy:
      "Write `unix:///path/to.sock`, `tcp://host:port` or `https://host:port`. `outrigger doctor` names the file and the place.",
    source: "moby/moby pkg/plugins/discovery.go",
  },
  {
    id: "engine-forbidden",
    pattern:
      /permission denied while trying to connect to the (?:Docker daemon socket|docker API)|Got permission denied while trying to connect/,
    examples: [
      'permission denied while trying to connect to the Docker daemon socket at unix:///var/run/docker.sock: Get "http://%2Fvar%2Frun%2Fdocker.sock/v1.45/containers/json": dial unix /var/run/docker.sock: connect: permission denied',
    ],
    means: "You may not use the engine; no plugin has to do with it.",
    why: "The socket is for root and the group docker. Whoever is in that group can become root on this machine.",
    remedy: "Use sudo, or join the group and log in anew: `sudo usermod -aG docker USER`.",
    source: "docker/cli, moby/moby client/request.go",
  },
  {
    id: "engine-unreachable",
    pattern: /Cannot connect to the Docker daemon at (?<address>\S+?)\. Is the docker daemon running\?/,
    examples: ["Cannot connect to the Docker daemon at unix:///var/run/docker.sock. Is the docker daemon running?"],
    means: "No engine answers at {address}.",
    why: "It does not run, is still starting, or listens elsewhere. A start takes 15 s longer for each volume whose plugin is not there, and fails where an authorization plugin is missing.",
    remedy:
      "`systemctl status docker` and `journalctl -u docker -n 50`; then `outrigger doctor`, which needs no engine.",
    source: "moby/moby client/errors.go",
  },
  {
    id: "listing-plugins",
    pattern: /error listing plugins: |error reading dir entries: /,
    examples: [
      "Error response from daemon: error listing plugins: error reading dir entries: open /etc/docker/plugins: permission denied",
    ],
    means: "The engine could not read one of the folders in which it looks for plugins.",
    why: "One folder that exists and cannot be read ends the whole scan.",
    remedy: "Mend the folder that the message names; `outrigger doctor` finds folders that hang or are none.",
    source: "moby/moby pkg/plugins/discovery.go",
  },
  {
    id: "address-in-use",
    pattern: /bind: address already in use|EADDRINUSE/,
    examples: ["listen unix /run/docker/plugins/shelf.sock: bind: address already in use"],
    means: "The plugin cannot make its socket: there is one already.",
    why: "Another copy runs, or an earlier one was killed and left the file.",
    remedy: "`outrigger doctor` says which of the two; `outrigger doctor --fix` removes a dead one.",
    source: "Linux net/unix/af_unix.c",
  },
];
