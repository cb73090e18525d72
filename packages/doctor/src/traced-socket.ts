/** The pattern of what `outrigger trace` moves aside: `.outrigger-trace-<its process id>-<name of the socket>`. */
export const tracedSocket = /^\.outrigger-trace-(?:(\d+)-)?(.+)$/;
