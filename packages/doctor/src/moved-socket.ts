/**
 * The pattern of what is moved aside for a while: by `outrigger trace`, `.outrigger-trace-<its process id>-<name of the
 * socket>`, and by `outrigger doctor --fix` for the moment of its last look.
 */
export const movedSocket = /^\.outrigger-(trace|doctor)-(?:(\d+)-)?(.+)$/;
