/**
 * The name of a folder in which a socket is kept for a while, as `plugin`: by `outrigger trace` and `record`, and by
 * `outrigger doctor --fix` for the moment of its last look. `.outrigger-trace-<process id>-<name of the socket>`. A
 * folder, since the engine takes every socket that lies beside the others for a plugin, whatever its name.
 */
export const movedSocket = /^\.outrigger-(trace|doctor)-(\d+)-(.+)$/s;
